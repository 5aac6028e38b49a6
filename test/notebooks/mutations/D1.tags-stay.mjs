// A tag goes on meaning what it meant first, whatever is pushed under it.
import { Repository } from "../../../dist/sim/container/registry/repository.js";

const meant = new WeakMap();
const resolve = Repository.prototype.resolve;
Repository.prototype.resolve = function (reference) {
  for (const [tag, digest] of this.tags) {
    let known = meant.get(this);
    if (known === undefined) meant.set(this, (known = new Map()));
    if (!known.has(tag)) known.set(tag, digest);
    this.tags.set(tag, known.get(tag));
  }
  return resolve.call(this, reference);
};
