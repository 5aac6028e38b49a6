import { createWorld, encodeUtf8, UsageError, type TableView } from "../../core/index.js";
import type { JsonObject } from "../objects/value.js";
import { Cluster } from "./cluster.js";

/** What it takes to tell all nodes of one endpoint that changed. */
export interface SliceCost {
  /** In how many pieces the endpoints are told of: one object, or slices of at most so many. */
  readonly form: "Endpoints" | `slices of ${number}`;
  readonly endpoints: number;
  readonly nodes: number;
  /** Of objects that were written, of the events that watchers heard, and of all these events' bytes as JSON. */
  readonly writes: number;
  readonly events: number;
  readonly bytes: number;
}

export interface SliceCostOptions {
  /** Default 100 and 1,000; more than 1,000 no Endpoints object has (`endpoints.kubernetes.io/over-capacity`). */
  readonly endpoints?: readonly number[];
  /** Who watches: each node's kube-proxy. Default 100 and 1,000. */
  readonly nodes?: readonly number[];
  /** How many endpoints a slice has at most (`--max-endpoints-per-slice`). Default 100 and 1. */
  readonly perSlice?: readonly number[];
}

const pod = (place: number): JsonObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: `web-${place}`, labels: { app: "web" } },
  spec: { nodeName: `node-${place}`, containers: [{ name: "main", image: "web:1" }] },
});

const status = (place: number, ready: boolean): JsonObject => ({
  status: {
    phase: "Running",
    podIP: `10.${64 + (place >> 16)}.${(place >> 8) & 255}.${place & 255}`,
    conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
  },
});

const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web" },
  spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
};

const path = "/api/v1/namespaces/default/pods";
const merge = "application/merge-patch+json";

/** The kinds' watches, as many as there are nodes, and what they hear from now on. */
function watched(
  cluster: Cluster,
  where: string,
  nodes: number,
): { events: number; bytes: number; versions: Set<string> } {
  const heard = { events: 0, bytes: 0, versions: new Set<string>() };
  const { resourceVersion } = cluster.request("GET", where)["metadata"] as { readonly resourceVersion: string };
  for (let node = 0; node < nodes; node++) {
    const answer = cluster.api.handle({
      method: "GET",
      path: where,
      query: { watch: "true", resourceVersion },
      user: { name: "system:kube-proxy", groups: ["system:authenticated"] },
    });
    answer.stream?.({
      event: (event) => {
        heard.events++;
        heard.bytes += encodeUtf8(event.text()).length;
        heard.versions.add((event.object["metadata"] as { readonly resourceVersion: string }).resourceVersion);
      },
      end: () => undefined,
    });
  }
  return heard;
}

/** One endpoint of a service stops being ready; each node watches Endpoints and EndpointSlices. */
function costsOf(endpoints: number, nodes: number, perSlice: number): readonly SliceCost[] {
  const cluster = new Cluster({
    world: createWorld({ seed: 1 }),
    nodes: 0,
    // The others would see to pods whose nodes aren't there.
    controllers: {
      controllers: ["endpoints-controller", "endpointslice-controller"],
      leaderElect: false,
      flags: { maxEndpointsPerSlice: perSlice },
    },
  });
  cluster.apply(service);
  for (let place = 1; place <= endpoints; place++) {
    cluster.request("POST", path, pod(place));
    cluster.request("PATCH", `${path}/web-${place}/status`, status(place, true), merge);
  }
  cluster.settle();
  const whole = watched(cluster, "/api/v1/endpoints", nodes);
  const slices = watched(cluster, "/apis/discovery.k8s.io/v1/endpointslices", nodes);
  cluster.request("PATCH", `${path}/web-1/status`, status(1, false), merge);
  cluster.settle();
  return [
    { form: "Endpoints" as const, heard: whole },
    { form: `slices of ${perSlice}` as const, heard: slices },
  ].map(({ form, heard: { events, bytes, versions } }) => ({
    ...{ form, endpoints, nodes },
    ...{ writes: versions.size, events, bytes },
  }));
}

/**
 * KEP-752's estimation, measured: bytes that the API server sends when one of a service's endpoints changes, with all of them in one Endpoints
 * object, and in slices, to as many watchers as there are nodes.
 * @throws UsageError for numbers that can't be
 */
export function endpointSliceCosts(
  options: SliceCostOptions = {},
): TableView & { readonly costs: readonly SliceCost[] } {
  const { endpoints = [100, 1000], nodes = [100, 1000], perSlice = [100, 1] } = options;
  for (const count of [...endpoints, ...nodes, ...perSlice])
    if (!Number.isInteger(count) || count < 1 || count > 20_000)
      throw new UsageError(`${count} is no number of endpoints or nodes`, "Give whole numbers from 1 to 20,000.");
  const costs = endpoints.flatMap((of) =>
    nodes.flatMap((to) =>
      perSlice.flatMap((size, place) =>
        costsOf(of, to, size).filter(({ form }) => place === 0 || form !== "Endpoints"),
      ),
    ),
  );
  return {
    as: "table",
    title: "One endpoint changes",
    columns: [
      { key: "endpoints" },
      { key: "nodes" },
      { key: "form" },
      { key: "writes" },
      { key: "events" },
      { key: "bytes", unit: "B" },
    ],
    rows: costs.map((cost) => ({ ...cost })),
    costs,
  };
}
