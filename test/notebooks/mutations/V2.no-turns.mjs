// The monitor never takes the processor back: whoever has it keeps it.
import { Vmm } from "../../../dist/sim/vmm/vmm.js";

Vmm.prototype.run = function ({ instructions = Infinity } = {}) {
  const next = this.machines.find(({ ended }) => ended === undefined);
  next?.run(instructions);
  return this;
};
