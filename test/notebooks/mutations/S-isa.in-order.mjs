// Crusoe's atoms wait for one another: each is executed by itself, in the program's order.
import { Crusoe } from "../../../dist/sim/machine/lesson/crusoe.js";

Crusoe.prototype.burst = function () {
  this.interpret();
};
