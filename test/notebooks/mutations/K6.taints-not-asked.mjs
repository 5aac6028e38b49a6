// Taints keep nobody away.
import { taintToleration } from "../../../dist/sim/k8s/scheduler/plugins/node.js";

taintToleration.filter = undefined;
