// No control group is ever over its memory, whatever its limit.
import { Cgroup } from "../../../dist/sim/os/cgroup/cgroup.js";

Cgroup.prototype.overLimit = () => undefined;
