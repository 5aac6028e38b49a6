// Leaving a guest costs nothing, and the host's work for its devices neither.
import { ExitCosts } from "../../../dist/sim/lab/kvm/exit-costs.js";

ExitCosts.prototype.exits = () => 0;
