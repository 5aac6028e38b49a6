// A machine that goes back stays where it is.
import { Machine } from "../../../dist/sim/machine/machine.js";

Machine.prototype.back = () => {};
