// Each proc file system shows the processes of the whole kernel, whoever mounts it.
import { Kernel } from "../../../dist/sim/os/kernel.js";
import { procfs } from "../../../dist/sim/os/proc/procfs.js";

const { makeFileSystem } = Kernel.prototype;
Kernel.prototype.makeFileSystem = function (type, ...rest) {
  return type === "proc" ? procfs(this, this.pidNamespace) : makeFileSystem.call(this, type, ...rest);
};
