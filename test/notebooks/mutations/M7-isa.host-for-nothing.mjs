// A monitor that is a process pays its host nothing.
import { Costs } from "../../../dist/sim/vmm/costs.js";

const { exit } = Costs.prototype;
Costs.prototype.exit = function (reason) {
  const { hostOs } = this;
  this.hostOs = null;
  const own = exit.call(this, reason);
  this.hostOs = hostOs;
  return own;
};
