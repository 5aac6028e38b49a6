// Watchpoints see no access.
import { Machine } from "../../../dist/sim/machine/machine.js";

Machine.prototype.watch = () => () => {};
