// What is sent has arrived as soon as it is sent, whatever the link.
import { Channel } from "../../../dist/sim/vmm/migration/channel.js";

Channel.prototype.send = function* (bytes, arrived) {
  arrived();
};
