// A volume's name finds nothing: each container has a new one.
import { Volumes } from "../../../dist/sim/container/engine/volumes.js";

const create = Volumes.prototype.create;
Volumes.prototype.create = function (_name, labels) {
  return create.call(this, undefined, labels);
};
