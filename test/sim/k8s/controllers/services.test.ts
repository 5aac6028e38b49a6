import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ms, s } from "../../../../sim/core/index.js";
import type { KubeObject } from "../../../../sim/k8s/index.js";
import { pack, type Endpoint, type Packed } from "../../../../sim/k8s/controllers/services/packing.js";
import { cluster, deployment, type Cluster } from "./cluster.js";

const services = "/api/v1/namespaces/default/services";
const endpoints = "/api/v1/namespaces/default/endpoints";
const pods = "/api/v1/namespaces/default/pods";
const deployments = "/apis/apps/v1/namespaces/default/deployments";
const slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

const service = (name: string, more: object = {}) => ({
  metadata: { name },
  spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }], ...more },
});
const of = (slice: KubeObject): readonly Endpoint[] => slice["endpoints"] as readonly Endpoint[];
const slicesOf = (made: Cluster): readonly KubeObject[] => made.list(slices);
const sizes = (made: Cluster): number[] =>
  slicesOf(made)
    .map((slice) => of(slice).length)
    .sort((a, b) => a - b);

describe("the packing of endpoints", () => {
  const endpoint = (id: number, ready = true): Endpoint => ({
    addresses: [`10.0.0.${id}`],
    targetRef: { uid: String(id) },
    conditions: { ready },
  });
  const slice = (name: string, from: number, count: number): Packed => ({
    name,
    endpoints: Array.from({ length: count }, (_, i) => endpoint(from + i)),
  });

  test("of KEP-752's cases: one new goes into the slice that fits best, one changed is written where it is", () => {
    const wanted = (count: number): Endpoint[] => Array.from({ length: count }, (_, i) => endpoint(i));
    // Three slices of 3, 4 and 1 of 5: two new ones fit the first exactly; the fullest has not the room.
    const there = [slice("a", 0, 3), slice("b", 3, 4), slice("c", 7, 1)];
    const two = pack(wanted(10), there, 5);
    expect(two).toMatchObject({ create: [], remove: [], update: [{ name: "a" }] });
    expect(two.update[0]?.endpoints).toHaveLength(5);
    // What must be written anyway is filled first, although another would fit better.
    const changed = pack([...wanted(9).slice(0, 7), endpoint(7, false), endpoint(8)], there, 5);
    expect(changed.update.map(({ name, endpoints: all }) => [name, all.length])).toEqual([["c", 2]]);
    // More than any has room for: a new one, and nothing is moved.
    const many = pack(wanted(13), there, 5);
    expect(many.update).toEqual([]);
    expect(many.create.map((all) => all.length)).toEqual([5]);
    expect(pack(wanted(7), there, 5)).toEqual({ create: [], update: [], remove: ["c"] });
  });

  test("holds what is wanted, once each, in slices that aren't too full, and is then at rest", () => {
    const ids = fc.uniqueArray(fc.nat(60), { maxLength: 40 });
    fc.assert(
      fc.property(ids, fc.array(ids, { maxLength: 6 }), fc.integer({ min: 1, max: 9 }), (wanted, rounds, most) => {
        let there: Packed[] = [];
        for (const [round, now] of [...rounds, wanted].entries()) {
          const asked = now.map((id) => endpoint(id, id % (round + 2) !== 0));
          const { create, update, remove } = pack(asked, there, most);
          const changed = new Map(update.map((each) => [each.name, each]));
          there = there.filter(({ name }) => !remove.includes(name)).map((each) => changed.get(each.name) ?? each);
          there.push(...create.map((each, i) => ({ name: `${round}-${i}`, endpoints: each })));
          const held = there.flatMap((each) => each.endpoints);
          const order = (a: Endpoint, b: Endpoint): number =>
            Number(a.targetRef?.uid ?? "") - Number(b.targetRef?.uid ?? "");
          expect(held.toSorted(order)).toEqual(asked.toSorted(order));
          expect(there.every((each) => each.endpoints.length <= most && each.endpoints.length > 0)).toBe(true);
          expect(pack(asked, there, most)).toEqual({ create: [], update: [], remove: [] });
        }
      }),
    );
  });
});

describe("endpoint slices", () => {
  test("hold every pod of a service, at most 100 in each, and follow readiness, ends and labels", () => {
    const made = cluster({ manager: { flags: { endpointsBatchPeriod: s(1) } } });
    made.create(services, service("web"));
    made.settle();
    // Nobody is there yet: one empty slice says so.
    expect(slicesOf(made).map((slice) => [of(slice), slice["ports"]])).toEqual([[[], []]]);
    made.create(deployments, deployment("web", 250));
    made.settle();
    // Not always 100, 100, 50: what doesn't fit whole into one that is there goes into a new one.
    expect(sizes(made).reduce((sum, size) => sum + size)).toBe(250);
    expect(Math.max(...sizes(made))).toBeLessThanOrEqual(100);
    expect(sizes(made)).toHaveLength(3);
    const [slice] = slicesOf(made);
    expect(slice).toMatchObject({
      metadata: {
        labels: {
          "kubernetes.io/service-name": "web",
          "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        },
        ownerReferences: [{ kind: "Service", name: "web", controller: true }],
      },
      addressType: "IPv4",
      ports: [{ name: "", port: 8080, protocol: "TCP" }],
    });
    const [first] = slice === undefined ? [] : of(slice);
    expect(first).toMatchObject({ conditions: { ready: true, serving: true, terminating: false }, zone: "a" });
    const addresses = slicesOf(made).flatMap((each) => of(each).flatMap((endpoint) => endpoint.addresses));
    const running = made.list(pods).map((pod) => (pod["status"] as { podIP: string }).podIP);
    expect(addresses.toSorted()).toEqual(running.toSorted());
    made.remove(`${deployments}/web`);
    made.settle();
    expect(slicesOf(made).map(of)).toEqual([[]]);
    made.remove(`${services}/web`);
    made.settle();
    expect([slicesOf(made), made.list(endpoints)]).toEqual([[], []]);
  });

  test("tell that a pod is ending while it still answers, and publish those that aren't ready only where asked", () => {
    const made = cluster({ end: () => s(20), works: (pod) => !pod.metadata.name?.startsWith("sick") });
    made.create(services, service("web"));
    made.create(services, service("all", { clusterIP: "None", publishNotReadyAddresses: true }));
    made.create(deployments, deployment("web", 1));
    made.settle();
    const conditions = (name: string): unknown[] =>
      slicesOf(made)
        .filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === name)
        .flatMap(of)
        .map((endpoint) => endpoint.conditions);
    const [pod] = made.list(pods);
    made.remove(`${pods}/${pod?.metadata.name}`);
    made.later(s(5));
    expect(conditions("web")).toContainEqual({ ready: false, serving: true, terminating: true });
    expect(conditions("all")).toContainEqual({ ready: true, serving: true, terminating: true });
    // Its replacement alone is in the older object.
    const [subset] = made.get(`${endpoints}/web`)["subsets"] as { addresses: unknown[] }[];
    expect(subset?.addresses).toHaveLength(1);
    const headless = slicesOf(made).find(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === "all");
    expect(headless?.metadata.labels).toHaveProperty(["service.kubernetes.io/headless"], "");
    made.settle();
    expect(conditions("web")).toEqual([{ ready: true, serving: true, terminating: false }]);
  });

  test("are apart where pods give a named port different numbers; what others write into them is undone", () => {
    const made = cluster();
    const pod = (name: string, containerPort: number) => ({
      metadata: { name, labels: { app: "web" } },
      spec: { containers: [{ name: "main", image: "web:1", ports: [{ name: "http", containerPort }] }] },
    });
    made.create(services, service("web", { ports: [{ port: 80, targetPort: "http" }] }));
    made.later(s(1));
    for (const [name, port] of [
      ["a", 8080],
      ["b", 8080],
      ["c", 9090],
    ] as const)
      made.create(pods, pod(name, port));
    made.settle();
    const seen = slicesOf(made).map((slice) => [(slice["ports"] as { port: number }[])[0]?.port, of(slice).length]);
    expect(seen.toSorted()).toEqual([
      [8080, 2],
      [9090, 1],
    ]);
    const subsets = made.get(`${endpoints}/web`)["subsets"] as { ports: { port: number }[] }[];
    expect(subsets.map(({ ports: [port] }) => port?.port)).toEqual([8080, 9090]);
    const [victim] = slicesOf(made);
    made.patch(`${slices}/${victim?.metadata.name}`, { endpoints: [] });
    made.settle();
    expect(sizes(made)).toEqual([1, 2]);
    made.remove(`${slices}/${victim?.metadata.name}`);
    made.settle();
    expect(sizes(made)).toEqual([1, 2]);
  });

  test("are written less often where changes are gathered", () => {
    const writes = (endpointsBatchPeriod = ms(0)): number => {
      const made = cluster({
        start: (pod) => ms(100 + 37 * (Number.parseInt((pod.metadata.uid ?? "").slice(-2), 16) % 50)),
        manager: { flags: { endpointsBatchPeriod } },
      });
      made.create(services, service("web"));
      made.create(deployments, deployment("web", 30));
      made.settle();
      expect(sizes(made)).toEqual([30]);
      return slicesOf(made)[0]?.metadata.generation ?? 0;
    };
    const [each, gathered] = [writes(), writes(s(1))];
    expect(gathered).toBeLessThan(each / 3);
  });
});
