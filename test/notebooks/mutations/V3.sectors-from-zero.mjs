// Sectors counted from 0: the formula without its − 1.
import { Geometry } from "../../../dist/sim/storage/geometry.js";

Geometry.prototype.lba = function ({ cylinder, head, sector }) {
  return (cylinder * this.heads + head) * this.sectorsPerTrack + sector;
};
