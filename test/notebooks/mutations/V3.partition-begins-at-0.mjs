// A partition's sectors are taken for the disk's: where the partition begins is left out.
import { Window } from "../../../dist/sim/storage/block-device.js";

Window.prototype.below = (lba) => lba;
