// Dynamo interprets for ever: no way is ever recorded.
import { Dynamo } from "../../../dist/sim/machine/lesson/dynamo.js";

Dynamo.prototype.burst = function () {
  this.interpret();
};
