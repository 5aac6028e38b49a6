import { ns, type Nanos } from "../../../../sim/core/index.js";
import {
  HollowRuntime,
  Kubelet,
  type HollowImage,
  type HollowRuntimeOptions,
  type JsonObject,
  type KubeletOptions,
} from "../../../../sim/k8s/index.js";
import type { Pod } from "../../../../sim/k8s/client/pod-types.js";
import { root, surroundings, type Surroundings } from "../client/surroundings.js";

export interface OneNode extends Surroundings {
  readonly kubelet: Kubelet;
  readonly runtime: HollowRuntime;
  /** Makes a pod that is bound to the node. */
  readonly create: (name: string, spec: JsonObject) => void;
  readonly pod: (name: string) => Pod;
  readonly exists: (name: string) => boolean;
  readonly remove: (name: string, grace?: number) => void;
  /** `Reason: message` of the events about a pod, in the order in which they were first told. */
  readonly told: (name: string) => readonly string[];
  readonly call: (method: string, path: string, body?: JsonObject) => JsonObject;
  /** Lets the world run until nothing is left to be done, and then for a while. */
  readonly settle: (more?: Nanos) => void;
}

export type Images = Readonly<Record<string, HollowImage>>;

/** An API server and one node with a kubelet on a hollow runtime, nobody else: pods name the node themselves. */
export function oneNode(
  images?: Images,
  options: Partial<KubeletOptions> = {},
  more: Partial<HollowRuntimeOptions> = {},
): OneNode {
  const base = surroundings();
  const { world, api, endpoint } = base;
  const call = (method: string, path: string, body?: JsonObject): JsonObject => {
    const answer = api.handle({ method, path, user: root, ...(body === undefined ? {} : { body }) });
    if (answer.stream !== undefined || answer.status >= 400)
      throw new Error(`${method} ${path}: ${answer.stream === undefined ? JSON.stringify(answer.object) : "a stream"}`);
    return answer.object ?? {};
  };
  call("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } });
  const named = images === undefined ? {} : { images };
  const runtime = new HollowRuntime({ world, podCIDR: "10.244.1.0/24", ...named, ...more });
  const kubelet = new Kubelet({ world, endpoint, runtime, name: "node-1", address: "192.168.0.2", ...options });
  world.engine.run();
  const pods = "/api/v1/namespaces/default/pods";
  return {
    ...base,
    kubelet,
    runtime,
    call,
    create: (name, spec) => {
      call("POST", pods, { metadata: { name }, spec: { nodeName: "node-1", ...spec } });
    },
    pod: (name) => call("GET", `${pods}/${name}`) as object as Pod,
    exists: (name) => api.handle({ method: "GET", path: `${pods}/${name}`, user: root }).status === 200,
    remove: (name, grace) => {
      call("DELETE", `${pods}/${name}`, grace === undefined ? {} : { gracePeriodSeconds: grace });
    },
    told: (name) =>
      world.trace
        .rows("event")
        .filter(({ object }) => object === `Pod/default/${name}`)
        .map(({ reason, message }) => `${String(reason)}: ${String(message)}`),
    settle: (duration) => {
      world.engine.run();
      if (duration !== undefined) world.engine.run(ns(world.engine.now + duration));
    },
  };
}

/** What `kubectl get pod` would show of its first container. */
export function shown({ status = {} }: Pod, container = 0): string {
  const found = status.containerStatuses?.[container];
  const { waiting, running, terminated } = found?.state ?? {};
  const state = waiting?.reason ?? terminated?.reason ?? (running === undefined ? "nothing" : "Running");
  return `${status.phase ?? ""} ${state} ready=${String(found?.ready)} restarts=${found?.restartCount ?? 0}`;
}

export const condition = ({ status }: Pod, type: string): string | undefined =>
  status?.conditions?.find((each) => each.type === type)?.status;
