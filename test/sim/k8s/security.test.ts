import { expect, test } from "vitest";
import { s } from "../../../sim/core/index.js";
import type { NodeCall, NodeProxy, User } from "../../../sim/k8s/index.js";
import { at, show, type JsonObject } from "../../../sim/k8s/objects/value.js";
import { pod, pods, ready } from "./client.js";

const jane: User = { name: "jane", groups: [] };
const tokens = { master: { name: "root", groups: ["system:masters"] }, jane };
const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });

test("roles say who may do what, and a review says so beforehand", () => {
  const { send, post } = ready({ authorization: "RBAC", tokens }, bearer("master"));
  const asJane = (method: string, path: string, body?: JsonObject): ReturnType<typeof send> =>
    send(method, path, body, bearer("jane"));
  expect(asJane("GET", pods).object).toMatchObject({
    code: 403,
    reason: "Forbidden",
    message: 'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
  });
  expect(send("GET", pods, undefined, bearer("forged")).object).toMatchObject({ code: 401, reason: "Unauthorized" });
  post("/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", {
    metadata: { name: "jane" },
    roleRef: { kind: "ClusterRole", name: "view" },
    subjects: [{ kind: "User", name: "jane" }],
  });
  expect(asJane("GET", pods).status).toBe(200);
  expect(asJane("GET", "/api/v1/pods").status).toBe(403);
  const can = (verb: string): unknown =>
    at(
      asJane("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
        spec: { resourceAttributes: { verb, resource: "pods", namespace: "default" } },
      }).object,
      "status",
      "allowed",
    );
  expect([can("list"), can("delete")]).toEqual([true, false]);
});

test("who may impersonate somebody asks as that one, and nobody else does", () => {
  const { send, post } = ready({ authorization: "RBAC", tokens }, bearer("master"));
  const who = (headers: Record<string, string>): JsonObject =>
    send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, headers).object ?? {};
  const robot = { "impersonate-user": "system:serviceaccount:default:robot" };
  expect(at(who(robot), "status", "userInfo")).toMatchObject({
    username: "system:serviceaccount:default:robot",
    groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
  });
  expect(send("GET", pods, undefined, robot).status).toBe(403);
  const tom = { "impersonate-user": "tom", "impersonate-group": "dev, ops", "impersonate-extra-a%2fb": "1" };
  expect(at(who(tom), "status", "userInfo")).toMatchObject({
    username: "tom",
    groups: ["dev", "ops", "system:authenticated"],
    extra: { "a/b": ["1"] },
  });
  expect(who({ "impersonate-group": "dev" })).toMatchObject({ code: 500 });
  const asJane = (headers: Record<string, string>): JsonObject => who({ ...bearer("jane"), ...headers });
  expect(asJane({ "impersonate-user": "tom" })).toMatchObject({
    code: 403,
    message:
      'users "tom" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope',
  });
  post("/apis/rbac.authorization.k8s.io/v1/clusterroles", {
    metadata: { name: "as-tom" },
    rules: [{ apiGroups: [""], resources: ["users"], verbs: ["impersonate"], resourceNames: ["tom"] }],
  });
  post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    metadata: { name: "as-tom" },
    roleRef: { kind: "ClusterRole", name: "as-tom" },
    subjects: [{ kind: "User", name: "jane" }],
  });
  expect(at(asJane({ "impersonate-user": "tom" }), "status", "userInfo", "username")).toBe("tom");
  expect(asJane({ "impersonate-user": "tom", "impersonate-group": "system:masters" })).toMatchObject({ code: 403 });
  expect(asJane({ "impersonate-user": "root" })).toMatchObject({ code: 403 });
});

test("an account's token is that account until it expires or the account goes", () => {
  const { send, post, world } = ready({ authorization: "RBAC", tokens }, bearer("master"));
  const accounts = "/api/v1/namespaces/default/serviceaccounts";
  const token = show(
    at(post(`${accounts}/default/token`, { spec: { expirationSeconds: 600 } }).object, "status", "token"),
  );
  const me = (): ReturnType<typeof send> =>
    send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, bearer(token));
  expect(at(me().object, "status", "userInfo")).toMatchObject({ username: "system:serviceaccount:default:default" });
  expect(send("GET", pods, undefined, bearer(`${token}x`)).status).toBe(401);
  world.engine.run(s(599));
  expect(me().status).toBe(201);
  world.engine.run(s(601));
  expect(me().status).toBe(401);
});

test("a budget forbids an eviction, then allows one", () => {
  const { send, post, patch } = ready();
  post(pods, pod("a"));
  post(`${pods}/a/binding`, { target: { name: "n" } });
  patch(`${pods}/a/status`, "application/merge-patch+json", { status: { phase: "Running" } });
  const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
  post(budgets, { metadata: { name: "b" }, spec: { minAvailable: 1, selector: { matchLabels: { app: "a" } } } });
  const allow = (disruptionsAllowed: number): unknown =>
    patch(`${budgets}/b/status`, "application/merge-patch+json", {
      status: { observedGeneration: 1, disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
    });
  allow(0);
  const refused = post(`${pods}/a/eviction`, { metadata: { name: "a" } });
  expect(refused.object).toMatchObject({
    code: 429,
    reason: "TooManyRequests",
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
  });
  allow(1);
  expect(post(`${pods}/a/eviction`, { metadata: { name: "a" } }).status).toBe(201);
  expect(at(send("GET", `${budgets}/b`).object, "status", "disruptionsAllowed")).toBe(0);
  expect(at(send("GET", `${pods}/a`).object, "metadata", "deletionGracePeriodSeconds")).toBe(30);
});

test("quotas, limit ranges and pod security refuse in their words", () => {
  const { post, patch } = ready();
  post("/api/v1/namespaces/default/limitranges", {
    metadata: { name: "l" },
    spec: { limits: [{ type: "Container", default: { memory: "64Mi" }, max: { memory: "1Gi" } }] },
  });
  expect(at(post(pods, pod("a")).object, "spec", "containers")).toMatchObject([
    { resources: { limits: { memory: "64Mi" }, requests: { memory: "64Mi" } } },
  ]);
  const large = pod("b", { containers: [{ name: "m", image: "i", resources: { limits: { memory: "2Gi" } } }] });
  expect(post(pods, large).object).toMatchObject({
    code: 403,
    message: 'pods "b" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
  });
  post("/api/v1/namespaces/default/resourcequotas", { metadata: { name: "q" }, spec: { hard: { pods: "1" } } });
  expect(post(pods, pod("c")).status).toBe(201);
  expect(post(pods, pod("d")).object).toMatchObject({
    code: 403,
    message: 'pods "d" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
  });
  patch("/api/v1/namespaces/kube-public", "application/merge-patch+json", {
    metadata: { labels: { "pod-security.kubernetes.io/enforce": "baseline" } },
  });
  post("/api/v1/namespaces/kube-public/serviceaccounts", { metadata: { name: "default" } });
  const refused = post("/api/v1/namespaces/kube-public/pods", pod("e", { hostNetwork: true }));
  expect(refused.object).toMatchObject({
    code: 403,
    message: 'pods "e" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
  });
});

test("logs are asked of the pod's node", () => {
  const calls: NodeCall[] = [];
  const nodeProxy: NodeProxy = (call) => {
    calls.push(call);
    return { status: 200, headers: {}, object: undefined, body: () => Uint8Array.of(104, 105) };
  };
  const { send, post } = ready({ nodeProxy });
  post(pods, pod("a"));
  expect(send("GET", `${pods}/a/log`).object).toMatchObject({
    code: 400,
    message: "pod a does not have a host assigned",
  });
  post(`${pods}/a/binding`, { target: { name: "n7" } });
  expect([...send("GET", `${pods}/a/log?follow=true`).body()]).toEqual([104, 105]);
  expect(calls.map(({ node, subresource, query }) => [node, subresource, query["follow"]])).toEqual([
    ["n7", "log", "true"],
  ]);
  expect(send("GET", `${pods}/a/log?container=none`).object).toMatchObject({
    code: 400,
    message: "container none is not valid for pod a",
  });
});
