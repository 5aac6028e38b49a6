import fc from "fast-check";
import { expect, test } from "vitest";
import { createWorld, encodeUtf8, s } from "../../../sim/core/index.js";
import {
  ApiServer,
  Etcd,
  EtcdStorage,
  type KubeObject,
  type Storage,
  type StorageEvent,
} from "../../../sim/k8s/index.js";
import { jsonLength } from "../../../sim/k8s/objects/json-length.js";
import { uuidText } from "../../../sim/k8s/objects/uuid.js";
import type { Json } from "../../../sim/k8s/objects/value.js";

const object = (name: string, data = ""): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});

// What the API server relies on, for every store that it may stand on.
test.each<[string, () => Storage]>([["etcd", () => new EtcdStorage(new Etcd())]])(
  "a store in %s: revisions, ranges in the past, watches, compaction",
  (_name, make) => {
    const store = make();
    const heard: StorageEvent[] = [];
    const start = store.revision;
    store.watch("/a/", start + 1, (event) => heard.push(event));
    const first = store.put("/a/1", object("1"), 0);
    expect(first).toEqual({ ok: true, revision: start + 1 });
    expect(store.put("/a/1", object("1"), 0)).toMatchObject({
      ok: false,
      failure: "conflict",
    });
    store.put("/a/2", object("2"), 0);
    store.put("/b/1", object("b"), 0);
    store.put("/a/1", object("1", "new"), start + 1);
    expect(store.delete("/a/2", start)).toMatchObject({ ok: false, failure: "conflict" });
    expect(store.delete("/a/2", start + 2)).toEqual({ ok: true, revision: start + 5 });
    expect(heard.map(({ type, key, revision }) => [type, key, revision])).toEqual([
      ["put", "/a/1", start + 1],
      ["put", "/a/2", start + 2],
      ["put", "/a/1", start + 4],
      ["delete", "/a/2", start + 5],
    ]);
    const range = (revision?: number, limit?: number): unknown =>
      store.range("/a/", "/a0", {
        ...(revision === undefined ? {} : { revision }),
        ...(limit === undefined ? {} : { limit }),
      });
    expect(range()).toMatchObject({
      ok: true,
      items: [{ key: "/a/1", createRevision: start + 1, modRevision: start + 4 }],
      more: false,
      count: 1,
    });
    expect(range(start + 3, 1)).toMatchObject({
      ok: true,
      items: [{ key: "/a/1", modRevision: start + 1 }],
      more: true,
      count: 2,
    });
    expect(range(start + 99)).toEqual({ ok: false, failure: "future" });
    expect(store.compact(start + 4)).toBeUndefined();
    expect(range(start + 3)).toEqual({ ok: false, failure: "compacted" });
    expect(store.watch("/a/", start + 2, () => undefined)).toEqual({ ok: false, failure: "compacted" });
    expect(range()).toMatchObject({ items: [{ value: object("1", "new") }] });
  },
);

const root = { name: "root", groups: ["system:masters"] };
const inDefault = "/api/v1/namespaces/default";
const configMap = (name: string, data: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data: { text: data },
});

test("the cluster's data are in etcd alone: another API server goes on from there, and both see each other's writes", () => {
  const world = createWorld({ seed: 3 });
  const etcd = new Etcd({ world });
  const first = new ApiServer({ world, storage: new EtcdStorage(etcd) });
  const create = (api: ApiServer, name: string): number =>
    api.handle({ method: "POST", path: `${inDefault}/configmaps`, body: configMap(name, "Übung ✓"), user: root })
      .status;
  const read = (api: ApiServer, name: string): unknown =>
    api.handle({ method: "GET", path: `${inDefault}/configmaps/${name}`, user: root }).object;
  expect(create(first, "a")).toBe(201);
  const second = new ApiServer({ world, storage: new EtcdStorage(etcd) });
  expect(read(second, "a")).toEqual(read(first, "a"));
  expect(create(second, "b")).toBe(201);
  expect(read(first, "b")).toMatchObject({ data: { text: "Übung ✓" }, metadata: { name: "b" } });
  expect(create(first, "b")).toBe(409);
  const revived = new Etcd({ world });
  revived.restore(structuredClone(etcd.snapshot()));
  const third = new ApiServer({ world, storage: new EtcdStorage(revived) });
  expect(read(third, "b")).toEqual(read(first, "b"));
  const found = etcd.range({ key: `/registry/configmaps/default/a` });
  expect(JSON.parse("kvs" in found ? (found.kvs[0]?.value ?? "") : "")).not.toHaveProperty("metadata.resourceVersion");
});

test("events are gone after an hour, by a lease that others share; the past is compacted", () => {
  const world = createWorld({ seed: 3 });
  const etcd = new Etcd({ world });
  const api = new ApiServer({ world, storage: new EtcdStorage(etcd) });
  const event = (name: string): KubeObject => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name },
    involvedObject: { kind: "Pod", namespace: "default", name: "a" },
  });
  const path = `${inDefault}/events`;
  for (const name of ["a", "b"]) {
    expect(api.handle({ method: "POST", path, body: event(name), user: root }).status).toBe(201);
  }
  expect(etcd.store.leases).toHaveLength(1);
  const count = (): unknown => api.handle({ method: "GET", path, user: root }).object?.["items"];
  world.engine.run(s(3600));
  expect(count()).toHaveLength(2);
  expect(etcd.store.compactRevision).toBeGreaterThan(1);
  world.engine.run(s(3661));
  expect(count()).toEqual([]);
  const past = api.handle({
    method: "GET",
    path,
    query: { resourceVersion: "2", resourceVersionMatch: "Exact" },
    user: root,
  });
  expect(past).toMatchObject({ status: 410, object: { reason: "Expired" } });
});

test("the length of a value's JSON is known without making it", () => {
  const any = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.string({ unit: "binary" }),
    fc.record({ a: fc.string(), b: fc.constant(undefined) }),
  );
  fc.assert(
    fc.property(any, (value) => {
      expect(jsonLength(value as Json)).toBe(encodeUtf8(JSON.stringify(value)).length);
    }),
    { numRuns: 50 },
  );
  for (const text of ['\u0000\b\t\n"\\\u007f', "é€😀", "\ud800x", "\udc00", "x\ud800"])
    expect(jsonLength({ [text]: text })).toBe(encodeUtf8(JSON.stringify({ [text]: text })).length);
});

test("a store's size is that of its JSON, also where revisions share a spec", () => {
  const etcd = new Etcd();
  const store = new EtcdStorage(etcd);
  const spec = { text: "é\n" };
  const made = (phase: string): KubeObject => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a" },
    spec,
    status: { phase },
  });
  const first = store.put("/a", made("Pending"), 0);
  store.put("/a", made("Running"), first.ok ? first.revision : 0);
  const { inUse } = etcd.store.size;
  const copy = new Etcd();
  copy.restore(etcd.snapshot());
  expect(inUse).toBe(copy.store.size.inUse);
});

test("a UUID's text has its 128 bits in order", () => {
  expect(uuidText(0x0123_4567, 0x89ab_4def, 0x8123_4567, 0x89ab_cdef)).toBe("01234567-89ab-4def-8123-456789abcdef");
});
