// The allocator moves a guest's bounds to its part of storage and doesn't cut them there.
import { VirtualMachine } from "../../../dist/sim/vmm/popek-goldberg/third-generation/monitor.js";

VirtualMachine.prototype.allocate = function ({ p, l, b }) {
  return { mode: "user", p, l: this.base + l, b };
};
