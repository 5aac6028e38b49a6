// Out of a virtual mode the processor comes by eight traps, not by one: hypervisors save nothing.
import { Hart } from "../../../dist/sim/machine/hart/hart.js";

const { trap } = Hart.prototype;
Hart.prototype.trap = function (...exception) {
  if (this.state.mode.virtual) this.count(0, 7);
  trap.apply(this, exception);
};
