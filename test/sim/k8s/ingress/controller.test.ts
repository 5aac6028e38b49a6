import { describe, expect, test } from "vitest";
import { s } from "../../../../sim/core/index.js";
import type { Cluster } from "../../../../sim/k8s/index.js";
import { app, ingress, ingressCluster, outside, way } from "./cluster.js";

const controller = (cluster: Cluster): string =>
  cluster.get("pods", { namespace: "ingress-nginx" }).items[0]?.metadata.name ?? "";
const logs = (cluster: Cluster): string => cluster.logs(controller(cluster), { namespace: "ingress-nginx" });
const appOf = (body: string): string => /^[a-z]+/.exec(body)?.[0] ?? "";

/** The rows of "Ingress", Examples, in Kubernetes' documentation that have one path: type, path, request, whether it matches. */
const examples: readonly (readonly [string, string, string, boolean])[] = [
  ["Prefix", "/", "/anything/at/all", true],
  ["Exact", "/foo", "/foo", true],
  ["Exact", "/foo", "/bar", false],
  ["Exact", "/foo", "/foo/", false],
  ["Exact", "/foo/", "/foo", false],
  ["Prefix", "/foo", "/foo", true],
  ["Prefix", "/foo", "/foo/", true],
  ["Prefix", "/foo/", "/foo", true],
  ["Prefix", "/foo/", "/foo/", true],
  ["Prefix", "/aaa/bb", "/aaa/bbb", false],
  ["Prefix", "/aaa/bbb", "/aaa/bbb", true],
  ["Prefix", "/aaa/bbb/", "/aaa/bbb", true],
  ["Prefix", "/aaa/bbb", "/aaa/bbb/", true],
  ["Prefix", "/aaa/bbb", "/aaa/bbb/ccc", true],
  ["Prefix", "/aaa/bbb", "/aaa/bbbxyz", false],
  // Up to the controller: nginx looks at letters.
  ["ImplementationSpecific", "/foo", "/foobar", true],
];

describe("an ingress controller", () => {
  const cluster = ingressCluster();
  const ask = outside(cluster);
  for (const name of ["a", "b", "c"]) cluster.apply(app(name, name === "a" ? 2 : 1));
  cluster.apply(app("closed", 1, 81));
  cluster.apply(app("empty", 0));
  cluster.settle();
  cluster.run(s(30));
  const pass = (): void => {
    cluster.run(s(10));
  };

  test("matches paths as Kubernetes' documentation has it", () => {
    const hosts = Object.fromEntries(examples.map(([type, path], i) => [`r${i}.example`, [way(path, type, "a")]]));
    cluster.apply(ingress("table", hosts));
    pass();
    const answers = ask(examples.map(([, , request], i) => `http://r${i}.example${request}`));
    expect(answers.map(({ status }) => status)).toEqual(examples.map(([, , , matches]) => (matches ? 200 : 404)));
    cluster.delete("ingress/table");
  });

  test("chooses the longest path, an exact one first, and the older Ingress where two say the same", () => {
    const paths = [
      way("/", "Prefix", "a"),
      way("/x", "Prefix", "b"),
      way("/x/y", "Prefix", "c"),
      way("/x", "Exact", "c"),
    ];
    cluster.apply(ingress("first", { "w.example": paths }));
    cluster.run(s(2));
    cluster.apply(
      ingress("another", { "w.example": [way("/x/y", "Prefix", "a"), way("/z", "Prefix", "b", "name: http")] }),
    );
    pass();
    const answers = ask(
      ["", "/q", "/x", "/x/", "/x/q", "/x/y", "/x/y/z", "/xy", "/z/1"].map((path) => `http://w.example${path}`),
    );
    expect(answers.map(({ body }) => appOf(body))).toEqual(["a", "a", "c", "b", "b", "c", "c", "a", "b"]);
  });

  test("knows hosts, wildcards of one label, and what is for every host", () => {
    const to = (service: string): string[] => [way("/", "Prefix", service)];
    cluster.apply(ingress("hosts", { "one.example": to("a"), "*.example": to("b"), "": [way("/all", "Prefix", "c")] }));
    pass();
    const urls = ["one.example/", "two.example/", "ONE.example/", "a.two.example/", "example/", "elsewhere/all"];
    const answers = ask(urls.map((url) => `http://${url}`));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 404, 404, 200]);
    expect(answers.map(({ body }) => appOf(body)).filter((name) => name.length === 1)).toEqual(["a", "b", "a", "c"]);
    cluster.delete("ingress/hosts");
  });

  test("answers 404 without a rule, 503 without endpoints, 502 where pods refuse", () => {
    const paths = [
      way("/closed", "Prefix", "closed"),
      way("/empty", "Prefix", "empty"),
      way("/none", "Prefix", "none"),
    ];
    cluster.apply(ingress("failing", { "f.example": paths }));
    pass();
    const urls = ["/", "/empty", "/none", "/closed"].map((path) => `http://f.example${path}`);
    expect(ask(urls).map(({ status }) => status)).toEqual([404, 503, 503, 502]);
    expect(logs(cluster)).toMatch(/connect\(\) failed \(111: Connection refused\) while connecting to upstream/);
    cluster.scale("deployment/empty", 1);
    cluster.run(s(20));
    expect(ask(urls).map(({ status }) => status)).toEqual([404, 200, 503, 502]);
  });

  test("gives what has no rule to a default backend", () => {
    const backend = (service: string): string => `  defaultBackend: {service: {name: ${service}, port: {number: 80}}}`;
    cluster.apply(ingress("rest", {}, backend("c")));
    cluster.apply(ingress("own", { "d.example": [way("/a", "Prefix", "a")] }, backend("b")));
    pass();
    const answers = ask(["http://d.example/a", "http://d.example/q", "http://nobody/"]);
    expect(answers.map(({ body }) => appOf(body))).toEqual(["a", "b", "c"]);
    for (const name of ["rest", "own"]) cluster.delete(`ingress/${name}`);
  });

  test("is reached at every node, spreads requests, and tells pods who asked", () => {
    cluster.apply(ingress("many", { "m.example": [way("/", "Prefix", "a")] }));
    pass();
    const answers = [1, 2].flatMap((node) =>
      ask(
        ["/1", "/2", "/3", "/4"].map((path) => `http://m.example${path}?q=1`),
        node,
      ),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(new Set(answers.map(({ body }) => body.split(" ")[0])).size).toBe(2);
    // By a node port the sender's address is the node's, by masquerading; the pod hears of it in a header.
    expect(answers[0]?.body).toMatch(/^a-\S+ m\.example \/1\?q=1 (?:192\.168\.0\.2|10\.244\.\d\.1)$/);
    expect(logs(cluster)).toMatch(
      /"GET \/1\?q=1 HTTP\/1\.1" 200 \d+ "-" "curl\S*" "m\.example" \[10\.244\.\d\.\d+:80\]/,
    );
  });

  test("says where an Ingress is reached, that it is served, and that TLS isn't", () => {
    cluster.apply(
      ingress("secured", { "t.example": [way("/", "Prefix", "a")] }, "  tls: [{hosts: [t.example], secretName: cert}]"),
    );
    pass();
    const { hostIP } = cluster.get("pods", { namespace: "ingress-nginx" }).items[0]?.["status"] as { hostIP: string };
    const [row] = cluster.get("ingress/secured").view().rows;
    expect(row).toMatchObject({ Class: "nginx", Address: hostIP, Hosts: "t.example", Ports: "80, 443" });
    const told = cluster
      .events("ingress/secured")
      .rows.map((each) => `${String(each["Reason"])}: ${String(each["Message"])}`);
    expect(told).toEqual(
      expect.arrayContaining([
        "Sync: Scheduled for sync",
        "NoTLS: k8s.io/ingress-nginx speaks no TLS here: t.example is served over HTTP alone",
      ]),
    );
    expect(ask(["http://t.example/"])[0]?.status).toBe(200);
  });

  test("leaves other classes' Ingresses alone", () => {
    cluster.apply(ingress("other", { "o.example": [way("/", "Prefix", "a")] }, "  ingressClassName: traefik"));
    pass();
    expect(ask(["http://o.example/"])[0]?.status).toBe(404);
    expect(cluster.get("ingress/other").view().rows[0]).toMatchObject({ Class: "traefik", Address: "" });
  });

  test("sees what its service account may see", () => {
    cluster.apply(ingress("seen", { "s.example": [way("/", "Prefix", "a")] }));
    pass();
    expect(ask(["http://s.example/"])[0]?.status).toBe(200);
    cluster.delete("clusterrolebinding/ingress-nginx");
    cluster.delete(`pod/${controller(cluster)}`, { namespace: "ingress-nginx" });
    cluster.run(s(40));
    // A process that may list nothing serves nothing.
    expect(ask(["http://s.example/"])[0]?.status).toBe(404);
    cluster.apply(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ingress-nginx}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ingress-nginx}
subjects: [{kind: ServiceAccount, name: ingress-nginx, namespace: ingress-nginx}]`);
    cluster.run(s(60));
    expect(ask(["http://s.example/"])[0]?.status).toBe(200);
  });
});

describe("several replicas", () => {
  test("all serve, and one that leads writes status; another takes over", () => {
    const cluster = ingressCluster({ ingress: { replicas: 2 } });
    const ask = outside(cluster);
    cluster.apply(app("a"));
    cluster.apply(ingress("one", { "a.example": [way("/", "Prefix", "a")] }));
    cluster.settle();
    cluster.run(s(30));
    const address = (): unknown => cluster.get("ingress/one").view().rows[0]?.["Address"];
    expect(address()).toBe("192.168.0.2,192.168.0.3");
    const lease = (): string =>
      (
        cluster.get("lease/ingress-nginx-leader", { namespace: "ingress-nginx" }).items[0]?.["spec"] as {
          holderIdentity: string;
        }
      ).holderIdentity;
    const leader = lease();
    cluster.scale("deployment/ingress-nginx-controller", 1, { namespace: "ingress-nginx" });
    cluster.run(s(5));
    if (cluster.get("pods", { namespace: "ingress-nginx" }).items.some(({ metadata }) => metadata.name === leader))
      cluster.delete(`pod/${leader}`, { namespace: "ingress-nginx" });
    cluster.run(s(60));
    expect(lease()).not.toBe(leader);
    expect(address()).toMatch(/^192\.168\.0\.[23]$/);
    expect(ask(Array.from({ length: 6 }, () => "http://a.example/")).every(({ status }) => status === 200)).toBe(true);
  });

  test("a hollow cluster has none", () => {
    expect(() => ingressCluster({ runtime: "hollow" })).toThrow(/needs nodes that run programs/);
  });
});
