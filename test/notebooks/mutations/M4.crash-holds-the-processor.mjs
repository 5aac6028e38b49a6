// A guest that has crashed has the others' next turns, too.
import { Vmm } from "../../../dist/sim/vmm/vmm.js";

const slice = 1000;
const debts = new WeakMap();
Vmm.prototype.run = function ({ instructions = Infinity } = {}) {
  let left = instructions - (debts.get(this) ?? 0);
  debts.delete(this);
  for (let turn = 0; left > 0 && this.machines.some(({ ended }) => ended === undefined); turn++) {
    const next = this.machines[turn % this.machines.length];
    if (next.ended !== undefined) continue;
    next.run(slice);
    left -= slice;
    if (next.ended?.kind === "exception") debts.set(this, 3 * slice);
  }
  return this;
};
