// How balanced a node stays has no weight.
import { balancedAllocation } from "../../../dist/sim/k8s/scheduler/plugins/resources.js";

balancedAllocation.weight = 0;
