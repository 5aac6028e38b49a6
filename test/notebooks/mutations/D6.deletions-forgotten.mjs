// A layer that is made of a container's changes has no marks for what was deleted.
import { Snapshotter } from "../../../dist/sim/container/snapshot/snapshotter.js";

const { changes } = Snapshotter.prototype;
Snapshotter.prototype.changes = function* (sys, key) {
  const entries = yield* changes.call(this, sys, key);
  return entries.filter(({ name }) => !/(^|\/)\.wh\./.test(name));
};
