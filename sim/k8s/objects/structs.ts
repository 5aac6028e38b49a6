import { invariant } from "../../core/index.js";
import { parseTables, type Struct } from "./notation.js";
import { affinity } from "./tables/affinity.js";
import { apiextensions } from "./tables/apiextensions.js";
import { apps } from "./tables/apps.js";
import { authentication } from "./tables/authentication.js";
import { authorization } from "./tables/authorization.js";
import { autoscalingV1 } from "./tables/autoscaling-v1.js";
import { autoscalingV2 } from "./tables/autoscaling-v2.js";
import { batch } from "./tables/batch.js";
import { container } from "./tables/container.js";
import { coordination } from "./tables/coordination.js";
import { core } from "./tables/core.js";
import { discovery } from "./tables/discovery.js";
import { events } from "./tables/events.js";
import { meta } from "./tables/meta.js";
import { metrics } from "./tables/metrics.js";
import { networking } from "./tables/networking.js";
import { node } from "./tables/node.js";
import { persistentVolume } from "./tables/persistent-volume.js";
import { pod } from "./tables/pod.js";
import { policy } from "./tables/policy.js";
import { rbac } from "./tables/rbac.js";
import { runtimeClass } from "./tables/runtime-class.js";
import { scheduling } from "./tables/scheduling.js";
import { service } from "./tables/service.js";
import { storage } from "./tables/storage.js";
import { volume } from "./tables/volume.js";

const api = (version: string, text: string): { readonly prefix: string; readonly text: string } => ({
  prefix: `io.k8s.api.${version}`,
  text,
});

/** Every struct of Kubernetes 1.32 that is served here, by table and name: `core.PodSpec`. */
const structs: ReadonlyMap<string, Struct> = parseTables({
  meta: { prefix: "io.k8s.apimachinery.pkg.apis.meta.v1", text: meta },
  core: api("core.v1", [container, affinity, volume, pod, persistentVolume, service, node, core].join("\n")),
  apps: api("apps.v1", apps),
  batch: api("batch.v1", batch),
  autoscaling1: api("autoscaling.v1", autoscalingV1),
  autoscaling2: api("autoscaling.v2", autoscalingV2),
  policy: api("policy.v1", policy),
  networking: api("networking.v1", networking),
  rbac: api("rbac.v1", rbac),
  storage: api("storage.v1", storage),
  discovery: api("discovery.v1", discovery),
  scheduling: api("scheduling.v1", scheduling),
  coordination: api("coordination.v1", coordination),
  events: api("events.v1", events),
  authentication: api("authentication.v1", authentication),
  authorization: api("authorization.v1", authorization),
  node: api("node.v1", runtimeClass),
  apiextensions: { prefix: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1", text: apiextensions },
  metrics: { prefix: "io.k8s.metrics.pkg.apis.metrics.v1beta1", text: metrics },
});

export function structNamed(name: string): Struct {
  const struct = structs.get(name);
  invariant(struct !== undefined, `no field table has ${name}`);
  return struct;
}
