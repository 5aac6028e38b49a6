// A clone reads zeros where it has nothing of its own, as if there were no disk below.
import { Qcow2Image } from "../../../dist/sim/storage/qcow2/image.js";

Qcow2Image.prototype.readUnallocated = (start, length) => new Uint8Array(length);
