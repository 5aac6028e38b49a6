// What user mode may not execute, or asks the system for, is passed over: no trap is taken.
import { Hart } from "../../../dist/sim/machine/hart/hart.js";

const { trap } = Hart.prototype;
Hart.prototype.trap = function (exception) {
  if (this.mode.privilege === 0) this.pc += 4n;
  else trap.call(this, exception);
};
