// Builds know no time: what one Dockerfile makes is the same image at any hour.
import { RuntimeWorker } from "../../../dist/sim/container/build/runtime-worker.js";

RuntimeWorker.prototype.now = function* () {
  return "1970-01-01T00:00:00Z";
};
