import { describe, expect, test } from "vitest";
import { s } from "../../../../sim/core/index.js";
import { addressOf, onNode, printed, realCluster, serverPod } from "./real-cluster.js";

const apps = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: 10.96.1.1, selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: other}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: other}
---
apiVersion: v1
kind: Service
metadata: {name: far, namespace: other}
spec: {clusterIP: 10.96.2.2, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: alias}
spec: {type: ExternalName, externalName: web.default.svc.cluster.local}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{name: pg, port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: main, image: "nginx:alpine", ports: [{containerPort: 5432}]}]}
`;

describe("the cluster's DNS", () => {
  test("is two pods behind 10.96.0.10", () => {
    const cluster = realCluster();
    const pods = cluster.get("pods", { namespace: "kube-system", selector: "k8s-app=kube-dns" }).view().rows;
    expect(pods.map((row) => [row["Status"], row["Node"]]).sort()).toEqual([
      ["Running", "node-1"],
      ["Running", "node-2"],
    ]);
  });

  test("knows services by short and by whole names, in one's own namespace first", () => {
    const cluster = realCluster();
    cluster.apply(apps);
    cluster.apply(serverPod("web"));
    cluster.run(s(10));
    const names = ["web", "web.default.svc.cluster.local", "far.other.svc.cluster.local", "alias"];
    const looks = names.map((name) => `nslookup ${name} | grep -v '^$' | tail -n +3`).join("; ");
    const asks = ["web", "web.default", "web.default.svc"].map((name) => `wget -qO- http://${name}/`).join("; ");
    const lines = printed(cluster, `${looks}; ${asks}; nslookup far; wget -qO- http://far/`).trim().split("\n");
    expect(lines).toEqual([
      ...["Name:\tweb.default.svc.cluster.local", "Address: 10.96.1.1"],
      ...["Name:\tweb.default.svc.cluster.local", "Address: 10.96.1.1"],
      ...["Name:\tfar.other.svc.cluster.local", "Address: 10.96.2.2"],
      "alias.default.svc.cluster.local\tcanonical name = web.default.svc.cluster.local.",
      ...["Name:\tweb.default.svc.cluster.local", "Address: 10.96.1.1"],
      ...Array<unknown>(3).fill(expect.stringMatching(/^web 10\.244\.\d\.\d+$/)),
      ...[";; connection timed out; no servers could be reached", ""],
      "wget: bad address 'far'",
    ]);
  });

  test("knows the pods of a headless service, each by its name, its ports, and addresses' names", () => {
    const cluster = realCluster();
    cluster.apply(apps);
    cluster.run(s(20));
    const [one, two] = [addressOf(cluster, "db-0"), addressOf(cluster, "db-1")];
    const ask = (question: string): string => `nslookup ${question} | grep -v '^$' | tail -n +3`;
    const text = printed(
      cluster,
      [
        ask("db.default.svc.cluster.local"),
        ask("db-1.db.default.svc.cluster.local"),
        ask("-type=srv _pg._tcp.db.default.svc.cluster.local"),
        `nslookup ${one}`,
      ].join("; "),
      onNode(1),
    );
    expect(text).toContain(one);
    expect(text).toContain(two);
    expect(text).toMatch(
      new RegExp(`db-1\\.db\\.default\\.svc\\.cluster\\.local\\s+Address: ${two.replaceAll(".", "\\.")}`),
    );
    expect(text).toMatch(/0 100 5432 db-0\.db\.default\.svc\.cluster\.local/);
    expect(text).toMatch(/name = db-0\.db\.default\.svc\.cluster\.local/);
  });

  test("asks its node's servers about other names, and is missed where it doesn't run", () => {
    const cluster = realCluster();
    // The node names no server: SERVFAIL, and the resolver of the C library has nobody else to ask.
    expect(printed(cluster, "wget -qO- http://example.com/")).toBe("wget: bad address 'example.com'\n");
    cluster.scale("deploy/coredns", 0, { namespace: "kube-system" });
    cluster.run(s(40));
    expect(printed(cluster, "nslookup kube-dns.kube-system.svc.cluster.local")).toContain(
      "no servers could be reached",
    );
    cluster.scale("deploy/coredns", 1, { namespace: "kube-system" });
    cluster.run(s(10));
    expect(printed(cluster, "nslookup kube-dns.kube-system.svc.cluster.local")).toContain("Address: 10.96.0.10\n");
  });
});
