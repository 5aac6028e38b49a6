import { describe, expect, test } from "vitest";
import { Rng, minutes, ms, s } from "../../../../sim/core/index.js";
import { ControllerManager, type JsonObject, type KubeObject } from "../../../../sim/k8s/index.js";
import { cluster, template, type Cluster } from "./cluster.js";

const long = process.env["VIRTLAB_LONG"] === "1";

const paths = {
  Deployment: "/apis/apps/v1/namespaces/default/deployments",
  ReplicaSet: "/apis/apps/v1/namespaces/default/replicasets",
  DaemonSet: "/apis/apps/v1/namespaces/default/daemonsets",
  StatefulSet: "/apis/apps/v1/namespaces/default/statefulsets",
  ControllerRevision: "/apis/apps/v1/namespaces/default/controllerrevisions",
  Job: "/apis/batch/v1/namespaces/default/jobs",
  Service: "/api/v1/namespaces/default/services",
  Endpoints: "/api/v1/namespaces/default/endpoints",
  EndpointSlice: "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
  Pod: "/api/v1/namespaces/default/pods",
} as const;
const kinds = ["Deployment", "DaemonSet", "StatefulSet", "Job", "Service"] as const;

function body(kind: (typeof kinds)[number], name: string, rng: Rng): JsonObject {
  const labels = { app: name };
  const selector = { matchLabels: labels };
  const replicas = rng.integer(5);
  const pods = template(`web:${rng.integer(3)}`, labels);
  switch (kind) {
    case "Deployment":
      return { metadata: { name }, spec: { replicas, selector, template: pods } };
    case "DaemonSet":
      return { metadata: { name }, spec: { selector, template: pods } };
    case "StatefulSet":
      return { metadata: { name }, spec: { replicas, serviceName: name, selector, template: pods } };
    case "Job":
      return {
        metadata: { name },
        spec: {
          completions: 1 + rng.integer(4),
          parallelism: 1 + rng.integer(3),
          template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "job" }] } },
        },
      };
    case "Service":
      return { metadata: { name }, spec: { selector: { app: name }, ports: [{ port: 80 }] } };
  }
}

const image = ({ spec }: KubeObject): string =>
  (spec as { containers: { image: string }[] }).containers[0]?.image ?? "";
const isReady = (pod: KubeObject): boolean => JSON.stringify(pod["status"]).includes('"Ready","status":"True"');

/** What must hold of a world at rest. */
function check(made: Cluster): void {
  const list = (kind: keyof typeof paths): readonly KubeObject[] => made.list(paths[kind]);
  const all = (Object.keys(paths) as (keyof typeof paths)[]).flatMap(list);
  const uids = new Set(all.map(({ metadata }) => metadata.uid));
  const orphans = all.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => !uids.has(uid)) === true);
  expect(orphans.map(({ metadata }) => metadata.name)).toEqual([]);
  // Nothing waits to be deleted, and nothing holds what has ended.
  expect(all.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)).toEqual([]);
  expect(list("Pod").flatMap(({ metadata }) => metadata.finalizers ?? [])).toEqual([]);
  // Every pod is somebody's: nobody made one alone.
  expect(list("Pod").filter(({ metadata }) => metadata.ownerReferences?.length !== 1)).toEqual([]);
  const labelled = (name: string): readonly KubeObject[] =>
    list("Pod").filter(({ metadata }) => metadata.labels?.["app"] === name);
  for (const kind of ["Deployment", "StatefulSet", "DaemonSet"] as const) {
    for (const {
      metadata: { name = "" },
      spec,
    } of list(kind)) {
      const { replicas = 3, template: asked } = spec as { replicas?: number; template: JsonObject };
      const own = labelled(name).filter(isReady);
      expect([kind, name, own.length, labelled(name).length]).toEqual([kind, name, replicas, replicas]);
      expect(new Set(own.map(image)).size).toBeLessThanOrEqual(1);
      if (own[0] !== undefined) expect(image(own[0])).toBe(image({ apiVersion: "", kind: "", metadata: {}, ...asked }));
    }
  }
  for (const { status, spec } of list("Job")) {
    const { completions } = spec as { completions: number };
    expect(status).toMatchObject({ succeeded: completions, uncountedTerminatedPods: {} });
  }
  for (const {
    metadata: { name = "" },
  } of list("Service")) {
    if (name === "kubernetes") continue;
    const slices = list("EndpointSlice").filter(
      ({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === name,
    );
    const held = slices.flatMap((slice) =>
      (slice["endpoints"] as { addresses: string[] }[]).flatMap(({ addresses }) => addresses),
    );
    const wanted = labelled(name).map((pod) => (pod["status"] as { podIP: string }).podIP);
    expect(held.toSorted()).toEqual(wanted.toSorted());
  }
}

/** Random work on a cluster whose managers are killed and replaced, then rest. */
function soak(seed: number, steps: number): void {
  const rng = new Rng(seed, "soak");
  const made = cluster({
    start: () => ms(100 + rng.integer(900)),
    end: () => ms(100 + rng.integer(900)),
    ends: (pod) => (image(pod) === "job" ? { after: ms(500 + rng.integer(2000)), code: 0 } : undefined),
  });
  let { manager } = made;
  const { world, endpoint, detector } = made;
  const tried = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      // Chance names what is there already, or isn't there.
      if (!/: (404|409) /.test(String(error))) throw error;
    }
  };
  for (let step = 0; step < steps; step++) {
    const kind = rng.choice(kinds);
    // Of one name in all kinds there is one workload: else their selectors would overlap.
    const name = kind === "Service" ? `deployment-${rng.integer(3)}` : `${kind.toLowerCase()}-${rng.integer(3)}`;
    const path = `${paths[kind]}/${name}`;
    switch (rng.integer(7)) {
      case 0:
      case 1:
        tried(() => {
          made.create(paths[kind], body(kind, name, rng));
        });
        break;
      case 2:
      case 3: {
        const { spec } = body(kind, name, rng) as { spec: JsonObject };
        const { template: pods, replicas } = spec;
        if (kind === "Deployment" || kind === "StatefulSet")
          tried(() => {
            made.patch(path, { spec: { template: pods, replicas } });
          });
        if (kind === "DaemonSet")
          tried(() => {
            made.patch(path, { spec: { template: pods } });
          });
        break;
      }
      case 4:
        tried(() => {
          made.remove(path, { propagationPolicy: rng.choice(["Background", "Foreground"]) });
        });
        break;
      case 5: {
        const there = made.list(paths.Pod);
        const [victim] = there.length === 0 ? [] : [rng.choice(there)];
        if (victim !== undefined)
          tried(() => {
            made.remove(`${paths.Pod}/${victim.metadata.name}`);
          });
        break;
      }
      default:
        manager.kill();
        made.later(ms(rng.integer(2000)));
        manager = new ControllerManager({ world, endpoint, detector, leaderElect: false });
    }
    made.later(ms(rng.integer(1500)));
  }
  made.later(minutes(3));
  made.settle();
  made.later(s(30));
  check(made);
}

describe("the controllers together", () => {
  test("bring every world to rest as it was asked to be, whatever was done and whenever they died", () => {
    for (let seed = 1; seed <= (long ? 200 : 3); seed++) soak(seed, long ? 120 : 40);
  }, 3_600_000);
});
