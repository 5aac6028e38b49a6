// Whoever asks whether a process is in a prison's reach is told that it is.
import { Prison } from "../../../dist/sim/container/jail/prison.js";

Prison.prototype.isWithin = () => true;
