import { expect, test } from "vitest";
import { s } from "../../../sim/core/index.js";
import { at, listAt, show, stringAt, type JsonObject } from "../../../sim/k8s/objects/value.js";
import { pod, pods, ready } from "./client.js";

const rv = (object: JsonObject | undefined): string => show(at(object, "metadata", "resourceVersion"));
const names = (object: JsonObject | undefined): unknown[] =>
  listAt(object, "items").map((item) => at(item, "metadata", "name"));

test("two writers of one object: the second is told to look again", () => {
  const { post, send, get } = ready();
  post(pods, pod("a"));
  const seen = get(`${pods}/a`);
  const labelled = (label: string): JsonObject => ({
    ...seen,
    metadata: { ...(seen["metadata"] as JsonObject), labels: { label } },
  });
  expect(send("PUT", `${pods}/a`, labelled("one")).status).toBe(200);
  const second = send("PUT", `${pods}/a`, labelled("two"));
  expect(second.status).toBe(409);
  expect(second.object).toMatchObject({
    reason: "Conflict",
    message:
      'Operation cannot be fulfilled on pods "a": the object has been modified; please apply your changes to the latest version and try again',
  });
  expect(at(get(`${pods}/a`), "metadata", "labels")).toEqual({ label: "one" });
});

test("a list in parts shows one revision, and is gone when that is compacted", () => {
  const { post, get, send } = ready();
  for (const name of ["a", "b", "c", "d", "e"]) post(pods, pod(name));
  const first = get(`${pods}?limit=2`);
  expect(names(first)).toEqual(["a", "b"]);
  expect(at(first, "metadata", "remainingItemCount")).toBe(3);
  send("DELETE", `${pods}/c`);
  post(pods, pod("bb"));
  const second = get(`${pods}?limit=2&continue=${show(at(first, "metadata", "continue"))}`);
  expect(names(second)).toEqual(["c", "d"]);
  expect(rv(second)).toBe(rv(first));
  expect(names(get(`${pods}?limit=2&continue=${show(at(second, "metadata", "continue"))}`))).toEqual(["e"]);
  expect(names(get(pods))).toEqual(["a", "b", "bb", "d", "e"]);
  expect(names(get(`${pods}?resourceVersion=${rv(first)}&resourceVersionMatch=Exact`))).toEqual([
    "a",
    "b",
    "c",
    "d",
    "e",
  ]);
  expect(send("GET", `${pods}?resourceVersion=999999`).object).toMatchObject({ code: 504, reason: "Timeout" });
  expect(send("GET", `${pods}?continue=nonsense`).status).toBe(400);
});

test("a watch tells what has changed since a revision, then what changes", () => {
  const { post, get, send, watch, patch } = ready();
  post(pods, pod("a"));
  const from = rv(get(pods));
  post(pods, pod("b"));
  const events = watch(`${pods}?resourceVersion=${from}`);
  expect(events.map(({ type, object }) => [type, at(object as JsonObject, "metadata", "name")])).toEqual([
    ["ADDED", "b"],
  ]);
  patch(`${pods}/b`, "application/merge-patch+json", { metadata: { labels: { app: "z" } } });
  send("DELETE", `${pods}/a`);
  expect(events.slice(1).map(({ type, object }) => [type, at(object as JsonObject, "metadata", "name")])).toEqual([
    ["MODIFIED", "b"],
    ["DELETED", "a"],
  ]);
  expect(JSON.parse(events[1]?.text() ?? "")).toMatchObject({
    type: "MODIFIED",
    object: { kind: "Pod", metadata: { labels: { app: "z" } } },
  });
  expect(Number(rv(events[2]?.object as JsonObject))).toBeGreaterThan(Number(rv(events[1]?.object)));
});

test("a watch that selects sees objects come and go as they begin and cease to fit", () => {
  const { post, watch, patch } = ready();
  post(pods, pod("a"));
  const events = watch(`${pods}?labelSelector=tier%3Dx`);
  const label = (value: string | null): unknown =>
    patch(`${pods}/a`, "application/merge-patch+json", { metadata: { labels: { tier: value } } });
  label("x");
  label("x2");
  label("y");
  expect(events.map(({ type }) => type)).toEqual(["ADDED", "DELETED"]);
});

test("kubelets watch their own pods alone", () => {
  const { post, watch } = ready();
  const mine = watch("/api/v1/pods?fieldSelector=spec.nodeName%3Dn1");
  for (const name of ["a", "b"]) {
    post(pods, pod(name));
    post(`${pods}/${name}/binding`, { target: { kind: "Node", name: name === "a" ? "n1" : "n2" } });
  }
  expect(mine.map(({ type, object }) => [type, at(object as JsonObject, "metadata", "name")])).toEqual([
    ["ADDED", "a"],
  ]);
  expect(post(`${pods}/a/binding`, { target: { kind: "Node", name: "n2" } }).object).toMatchObject({
    code: 409,
    message: 'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "n1"',
  });
});

test("kubelets that begin late hear the past of their own node alone, also of objects that have left what they select", () => {
  const { post, get, patch, watch } = ready();
  const rv = stringAt(get(pods), "metadata", "resourceVersion") ?? "";
  const names = ["a", "b", "c"];
  for (const name of names) post(pods, pod(name));
  for (const name of names)
    post(`${pods}/${name}/binding`, { target: { kind: "Node", name: name === "b" ? "n2" : "n1" } });
  const told = (query: string): unknown[] =>
    watch(`/api/v1/pods?${query}&resourceVersion=${rv}`).map(({ type, object }) => [
      type,
      at(object as JsonObject, "metadata", "name"),
    ]);
  const ofFirst = [
    ["ADDED", "a"],
    ["ADDED", "c"],
  ];
  expect(told("fieldSelector=spec.nodeName%3Dn1")).toEqual(ofFirst);
  expect(told("fieldSelector=spec.nodeName%3Dn2")).toEqual([["ADDED", "b"]]);
  expect(told("fieldSelector=spec.nodeName%3Dn3")).toEqual([]);
  patch(`${pods}/c/status`, "application/merge-patch+json", { status: { phase: "Running" } });
  expect(told("fieldSelector=spec.nodeName%3Dn1")).toEqual([...ofFirst, ["MODIFIED", "c"]]);
  expect(told("fieldSelector=status.phase%3DPending")).toContainEqual(["DELETED", "c"]);
});

test("a streaming list ends its first part with a bookmark; later ones come by the minute", () => {
  const { post, watch, world } = ready();
  post(pods, pod("a"));
  const events = watch(`${pods}?sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`);
  expect(events.map(({ type }) => type)).toEqual(["ADDED", "BOOKMARK"]);
  expect(at(events[1]?.object as JsonObject, "metadata", "annotations")).toEqual({
    "k8s.io/initial-events-end": "true",
  });
  world.engine.run(s(61));
  expect(events.map(({ type }) => type)).toEqual(["ADDED", "BOOKMARK", "BOOKMARK"]);
});

test("a pod on a node is deleted gracefully: first marked, then, when its kubelet says so, gone", () => {
  const { post, send, get, watch, patch } = ready();
  post(pods, pod("a"));
  post(`${pods}/a/binding`, { target: { name: "n1" } });
  patch(`${pods}/a/status`, "application/merge-patch+json", { status: { phase: "Running" } });
  const events = watch(`${pods}?resourceVersion=${rv(get(pods))}`);
  expect(send("DELETE", `${pods}/a`).object).toMatchObject({
    metadata: { deletionTimestamp: "2025-01-01T00:00:30Z", deletionGracePeriodSeconds: 30 },
  });
  expect(send("DELETE", `${pods}/a`, { gracePeriodSeconds: 0 }).status).toBe(200);
  expect(send("GET", `${pods}/a`).status).toBe(404);
  expect(events.map(({ type }) => type)).toEqual(["MODIFIED", "DELETED"]);
});

test("finalizers hold an object; the last one's removal lets it go", () => {
  const { post, send, get, patch } = ready();
  const path = "/api/v1/namespaces/default/configmaps";
  post(path, { metadata: { name: "a", finalizers: ["example.com/hold"] } });
  send("DELETE", `${path}/a`, { propagationPolicy: "Foreground" });
  expect(at(get(`${path}/a`), "metadata", "finalizers")).toEqual(["example.com/hold", "foregroundDeletion"]);
  expect(
    patch(`${path}/a`, "application/merge-patch+json", { metadata: { finalizers: ["example.com/new"] } }).status,
  ).toBe(422);
  expect(
    patch(`${path}/a`, "application/json-patch+json", [{ op: "remove", path: "/metadata/finalizers" }]).status,
  ).toBe(200);
  expect(send("GET", `${path}/a`).status).toBe(404);
});

test("a namespace goes when its contents have gone and its finalizer with them", () => {
  const { post, send, get } = ready();
  post("/api/v1/namespaces", { metadata: { name: "team" } });
  send("DELETE", "/api/v1/namespaces/team");
  expect(get("/api/v1/namespaces/team")).toMatchObject({ status: { phase: "Terminating" } });
  const late = post("/api/v1/namespaces/team/configmaps", { metadata: { name: "a" } });
  expect(late.object).toMatchObject({
    code: 403,
    message:
      'configmaps "a" is forbidden: unable to create new content in namespace team because it is being terminated',
  });
  const rest = get("/api/v1/namespaces/team");
  expect(send("PUT", "/api/v1/namespaces/team/finalize", { ...rest, spec: { finalizers: [] } }).status).toBe(200);
  expect(send("GET", "/api/v1/namespaces/team").status).toBe(404);
  expect(send("DELETE", "/api/v1/namespaces/default").status).toBe(403);
});

test("status is written by its own way, and counts no generation", () => {
  const { post, get, patch } = ready();
  const path = "/apis/apps/v1/namespaces/default/deployments";
  const labels = { app: "a" };
  post(path, {
    metadata: { name: "d" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "a", image: "b" }] } },
    },
  });
  patch(`${path}/d`, "application/merge-patch+json", { spec: { replicas: 2 }, status: { replicas: 9 } });
  expect(get(`${path}/d`)).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 2 }, status: {} });
  expect(at(get(`${path}/d`), "status", "replicas")).toBeUndefined();
  patch(`${path}/d/status`, "application/merge-patch+json", { spec: { replicas: 7 }, status: { replicas: 2 } });
  expect(get(`${path}/d`)).toMatchObject({
    metadata: { generation: 2 },
    spec: { replicas: 2 },
    status: { replicas: 2 },
  });
  expect(get(`${path}/d/scale`)).toMatchObject({
    kind: "Scale",
    spec: { replicas: 2 },
    status: { replicas: 2, selector: "app=a" },
  });
  patch(`${path}/d/scale`, "application/merge-patch+json", { spec: { replicas: 5 } });
  expect(get(`${path}/d`)).toMatchObject({ metadata: { generation: 3 }, spec: { replicas: 5 } });
});

test("a dry run answers and writes nothing", () => {
  const { post, send, get, patch } = ready();
  const before = rv(get(pods));
  expect(post(`${pods}?dryRun=All`, pod("a")).status).toBe(201);
  expect(rv(get(pods))).toBe(before);
  post(pods, pod("b"));
  const after = rv(get(pods));
  expect(
    patch(`${pods}/b?dryRun=All`, "application/merge-patch+json", { metadata: { labels: { a: "b" } } }).status,
  ).toBe(200);
  expect(send("DELETE", `${pods}/b?dryRun=All`).status).toBe(200);
  expect(rv(get(pods))).toBe(after);
});

test("discovery of both styles says the same", () => {
  const { send, get } = ready();
  const accept = { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" };
  const groups = listAt(send("GET", "/apis", undefined, accept).object, "items");
  expect(groups.length).toBe(listAt(get("/apis"), "groups").length);
  for (const group of groups) {
    for (const version of listAt(group, "versions")) {
      const old = get(`/apis/${show(at(group, "metadata", "name"))}/${show(at(version, "version"))}`);
      const plain = listAt(old, "resources").flatMap((each) =>
        show(at(each, "name")).includes("/") ? [] : [at(each, "name")],
      );
      expect(listAt(version, "resources").map((each) => at(each, "resource"))).toEqual(plain);
    }
  }
});

test("every reference in the OpenAPI documents is defined", () => {
  const { get } = ready();
  const v2 = JSON.stringify(get("/openapi/v2"));
  const defined = new Set(Object.keys((get("/openapi/v2")["definitions"] ?? {}) as object));
  const referred = [...v2.matchAll(/"#\/definitions\/([^"]+)"/g)].map((match) => match[1] ?? "");
  expect(referred.length).toBeGreaterThan(500);
  expect(referred.filter((name) => !defined.has(name))).toEqual([]);
  for (const path of Object.keys((get("/openapi/v3")["paths"] ?? {}) as object)) {
    const document = get(`/openapi/v3/${path}`);
    const schemas = new Set(Object.keys((at(document, "components", "schemas") ?? {}) as object));
    const missing = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].filter(
      (match) => !schemas.has(match[1] ?? ""),
    );
    expect(missing).toEqual([]);
  }
});
