// The runtime is not told how much memory a container may have.
import { EngineRuntime } from "../../../dist/sim/k8s/node/engine-runtime.js";

const { createContainer } = EngineRuntime.prototype;
EngineRuntime.prototype.createContainer = function (sandboxId, config) {
  return createContainer.call(this, sandboxId, { ...config, memory: undefined });
};
