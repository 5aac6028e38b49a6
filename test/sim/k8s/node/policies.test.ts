import { describe, expect, test } from "vitest";
import { s } from "../../../../sim/core/index.js";
import type { Cluster } from "../../../../sim/k8s/index.js";
import { addressOf, onNode, realCluster, scriptPod, serverPod } from "./real-cluster.js";

/** Two servers and two who ask, on two nodes: `red` and `blue` ask, `web` and `db` serve. */
function peopled(): Cluster {
  const cluster = realCluster();
  cluster.apply(serverPod("web", "", onNode(1)));
  cluster.apply(serverPod("db", "", onNode(2)));
  cluster.apply(scriptPod("red", "sleep 100000", "", onNode(1)));
  cluster.apply(scriptPod("blue", "sleep 100000", "", onNode(2)));
  cluster.run(s(8));
  return cluster;
}

const policy = (name: string, spec: string): string =>
  `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: ${name}}, spec: ${spec}}`;

function applied(cluster: Cluster, ...policies: readonly string[]): void {
  for (const each of policies) cluster.apply(each);
  cluster.run(s(3));
}

/** Who reaches whom. */
function reach(cluster: Cluster): Record<string, string> {
  const addresses = ["web", "db"].map((name) => addressOf(cluster, name));
  const script = addresses
    .map((ip) => `wget -T 2 -qO- http://${ip}/ > /dev/null 2>&1 && printf y || printf n`)
    .join("; ");
  return Object.fromEntries(["red", "blue"].map((name) => [name, cluster.exec(name, script).stdout]));
}

describe("network policies", () => {
  test("without one, everybody reaches everybody; one without rules lets nobody in but the node", () => {
    const cluster = peopled();
    expect(reach(cluster)).toEqual({ red: "yy", blue: "yy" });
    applied(cluster, policy("deny", "{podSelector: {matchLabels: {app: web}}}"));
    expect(reach(cluster)).toEqual({ red: "ny", blue: "ny" });
    // The kubelet's probes go on.
    expect(cluster.machine("node-1").sh(`curl -s http://${addressOf(cluster, "web")}/`).stdout).toMatch(/^web /);
    cluster.delete("networkpolicy/deny");
    cluster.run(s(3));
    expect(reach(cluster)).toEqual({ red: "yy", blue: "yy" });
    expect(cluster.machine("node-1").sh("iptables-save").stdout).not.toContain("KUBE-POD-FW");
  });

  test("let in pods by their labels, on one node and across, and follow them", () => {
    const cluster = peopled();
    applied(
      cluster,
      policy(
        "web",
        "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: red}}}]}]}",
      ),
      policy(
        "db",
        "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {tier: front}}}], ports: [{port: 80}]}]}",
      ),
    );
    expect(reach(cluster)).toEqual({ red: "yn", blue: "nn" });
    cluster.patch("pod/blue", { metadata: { labels: { tier: "front" } } });
    cluster.run(s(3));
    expect(reach(cluster)).toEqual({ red: "yn", blue: "ny" });
  });

  test("hold to ports, and to blocks of addresses with exceptions", () => {
    const cluster = peopled();
    applied(
      cluster,
      policy("web", "{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8080, endPort: 8090}]}]}"),
      policy(
        "db",
        "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/16, except: [10.244.1.0/24]}}]}]}",
      ),
    );
    expect(reach(cluster)).toEqual({ red: "nn", blue: "ny" });
  });

  test("hold back what pods send, but neither answers nor names that are allowed", () => {
    const cluster = peopled();
    applied(
      cluster,
      policy(
        "out",
        "{podSelector: {matchLabels: {app: red}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]}",
      ),
    );
    expect(reach(cluster)).toEqual({ red: "ny", blue: "yy" });
    expect(cluster.exec("red", "nslookup kube-dns.kube-system.svc.cluster.local").exitCode).toBe(1);
    const dns =
      "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{protocol: UDP, port: 53}]}";
    applied(
      cluster,
      policy("dns", `{podSelector: {matchLabels: {app: red}}, policyTypes: [Egress], egress: [${dns}]}`),
    );
    expect(cluster.exec("red", "nslookup kube-dns.kube-system.svc.cluster.local").stdout).toContain(
      "Address: 10.96.0.10\n",
    );
    expect(reach(cluster)).toEqual({ red: "ny", blue: "yy" });
  });
});
