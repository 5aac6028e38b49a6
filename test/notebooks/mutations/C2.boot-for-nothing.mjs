// Whatever a guest executes costs nothing: it boots in no time.
import { ExitCosts } from "../../../dist/sim/lab/kvm/exit-costs.js";

ExitCosts.prototype.work = () => 0;
