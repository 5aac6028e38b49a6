// An instruction that the mode may not execute, or that asks the system, is passed over: the hart takes no trap.
import { Hart } from "../../../dist/sim/machine/hart/hart.js";

Hart.prototype.trap = function () {
  this.pc += 4n;
};
