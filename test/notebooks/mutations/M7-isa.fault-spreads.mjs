// A monitor that goes down with the first guest that fails.
import { Vmm } from "../../../dist/sim/vmm/vmm.js";

const { run } = Vmm.prototype;
Vmm.prototype.run = function (options) {
  run.call(this, options);
  const failed = this.machines.find(({ ended }) => ended?.kind === "failed");
  for (const machine of this.machines) if (failed !== undefined) machine.ended = failed.ended;
  return this;
};
