// A server says that a write is on its disk as soon as it was handed over.
import { LogDisk } from "../../../dist/sim/k8s/consensus/disk.js";

const append = LogDisk.prototype.append;
LogDisk.prototype.append = function (write, done) {
  append.call(this, write);
  done?.();
};
