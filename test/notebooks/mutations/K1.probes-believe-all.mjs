// Whatever a container answers, its probes take for a yes.
import { HollowRuntime } from "../../../dist/sim/k8s/kubelet/hollow/runtime.js";

HollowRuntime.prototype.httpGet = function* () {
  return 200;
};
