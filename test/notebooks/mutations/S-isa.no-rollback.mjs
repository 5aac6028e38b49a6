// Crusoe keeps what a block did that came to no end.
import { GatedState } from "../../../dist/sim/machine/lesson/gate.js";

GatedState.prototype.rollBack = () => undefined;
