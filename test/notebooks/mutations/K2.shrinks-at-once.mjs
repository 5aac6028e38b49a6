// An autoscaler shrinks as soon as less is asked for.
import { defaultFlags } from "../../../dist/sim/k8s/controllers/flags.js";

defaultFlags.downscaleStabilization = 0;
