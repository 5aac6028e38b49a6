// Time goes on for a guest while others have the processor: its clock counts their instructions, too.
import { VirtualMachine } from "../../../dist/sim/vmm/virtual-machine.js";

const { run } = VirtualMachine.prototype;
let others = 0;
VirtualMachine.prototype.run = function (instructions) {
  const before = this.machine.instructions;
  this.seen ??= 0;
  const { engine } = this.machine.world;
  engine.run(engine.now + others - this.seen);
  const stop = run.call(this, instructions);
  others += this.machine.instructions - before;
  this.seen = others;
  return stop;
};
