// A node may be silent for a day before it counts as lost.
import { defaultFlags } from "../../../dist/sim/k8s/controllers/flags.js";

defaultFlags.nodeMonitorGracePeriod = 86_400e9;
