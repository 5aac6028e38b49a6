// What stands in place of a sensitive instruction costs nothing.
import { Costs } from "../../../dist/sim/vmm/costs.js";

const { exit } = Costs.prototype;
Costs.prototype.exit = function (reason) {
  return reason === "callout" ? 0 : exit.call(this, reason);
};
