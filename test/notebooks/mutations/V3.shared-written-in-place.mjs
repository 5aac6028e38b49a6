// A cluster that a snapshot shares is written where it lies: copy-on-write without the copy.
import { Qcow2Image } from "../../../dist/sim/storage/qcow2/image.js";

Qcow2Image.prototype.mustCopy = () => false;
