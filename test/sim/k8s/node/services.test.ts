import { describe, expect, test } from "vitest";
import { s } from "../../../../sim/core/index.js";
import type { Cluster } from "../../../../sim/k8s/index.js";
import { Kernel } from "../../../../sim/os/index.js";
import { furnish, runShell } from "../../../../sim/userland/index.js";
import { onNode, printed, realCluster, serverPod } from "./real-cluster.js";

const service = (name: string, app: string, more = ""): string => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec:
  selector: {app: ${app}}
  ports: [{port: 80, targetPort: 80}]
${more}`;

/** Three servers on two nodes behind one service. */
function served(more = ""): Cluster {
  const cluster = realCluster();
  for (const [name, node] of [
    ["a", 1],
    ["b", 2],
    ["c", 2],
  ] as const)
    cluster.apply(serverPod(name, "", onNode(node)).replace(`{app: ${name}}`, "{app: web}"));
  cluster.apply(service("web", "web", more));
  cluster.settle();
  return cluster;
}

const clusterIP = (cluster: Cluster, name: string): string =>
  (cluster.get(`service/${name}`).items[0]?.["spec"] as { clusterIP: string }).clusterIP;
const nodePort = (cluster: Cluster, name: string): number =>
  (cluster.get(`service/${name}`).items[0]?.["spec"] as { ports: { nodePort: number }[] }).ports[0]?.nodePort ?? 0;
const rules = (cluster: Cluster, node: string, what = ""): string[] =>
  cluster.machine(node).sh(`iptables -t nat -S ${what}`).stdout.trim().split("\n");
const asked = (url: string, times: number): string => `for i in $(seq ${times}); do wget -qO- ${url}; done`;
const servers = (text: string): Set<string> =>
  new Set(
    text
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[0] ?? ""),
  );

describe("a service's address", () => {
  test("leads from a pod to one of the endpoints, by the rules of its own node", () => {
    const cluster = served();
    const address = clusterIP(cluster, "web");
    const machine = cluster.machine("node-1");
    machine.sh("iptables -t nat -Z");
    const text = printed(cluster, asked(`http://${address}/`, 30), onNode(1));
    expect(servers(text)).toEqual(new Set(["a", "b", "c"]));
    // Nobody stands between: servers see the pod's own address.
    expect(
      new Set(
        text
          .trim()
          .split("\n")
          .map((line) => line.split(" ")[1]),
      ),
    ).toEqual(new Set([expect.stringMatching(/^10\.244\.1\.\d+$/)]));
    const dispatch = rules(cluster, "node-1").find(
      (rule) => rule.includes("default/web cluster IP") && rule.startsWith("-A KUBE-SERVICES"),
    );
    expect(dispatch).toMatch(
      new RegExp(
        `^-A KUBE-SERVICES -d ${address.replaceAll(".", "\\.")}/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-[A-Z2-7]{16}$`,
      ),
    );
    const chain = dispatch?.split(" ").at(-1) ?? "";
    expect(rules(cluster, "node-1", chain).map((rule) => /--probability ([\d.]+)/.exec(rule)?.[1])).toEqual([
      undefined,
      undefined,
      expect.stringMatching(/^0\.3333/),
      expect.stringMatching(/^0\.5000/),
      undefined,
    ]);
    // Each connection was counted once, on its way through the pod's node, and nowhere else.
    const counted = (node: string): number =>
      Number(
        new RegExp(`(\\d+)\\s+\\d+\\s+KUBE-SVC.* ${address} `).exec(
          cluster.machine(node).sh("iptables -t nat -nvL KUBE-SERVICES").stdout,
        )?.[1] ?? 0,
      );
    expect(counted("node-1")).toBe(30);
    expect(counted("node-2")).toBe(0);
  });

  test("has the chains that the real proxy has", () => {
    // sha256("default/kubernetes:httpstcp") in base 32: the chain of the API's service in every cluster.
    const cluster = realCluster({ nodes: 1 });
    cluster.apply(`
apiVersion: v1
kind: Service
metadata: {name: kubernetes}
spec: {ports: [{name: https, port: 443}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kubernetes, labels: {kubernetes.io/service-name: kubernetes}}
addressType: IPv4
ports: [{name: https, port: 6443, protocol: TCP}]
endpoints: [{addresses: [192.168.0.1], conditions: {ready: true}}]`);
    cluster.settle();
    expect(rules(cluster, "node-1").join("\n")).toContain("KUBE-SVC-NPX46M4PTMTKRN6Y");
  });

  test("follows its endpoints, and refuses where there are none", () => {
    const cluster = served();
    const address = clusterIP(cluster, "web");
    for (const name of ["a", "b"]) cluster.delete(`pod/${name}`);
    cluster.run(s(40));
    expect(servers(printed(cluster, asked(`http://${address}/`, 8), onNode(1)))).toEqual(new Set(["c"]));
    cluster.delete("pod/c");
    cluster.run(s(40));
    expect(printed(cluster, `wget -qO- http://${address}/`, onNode(1))).toMatch(/Connection refused/);
    expect(rules(cluster, "node-1").join("\n")).not.toContain("default/web");
    cluster.delete("service/web");
    cluster.run(s(5));
    expect(cluster.machine("node-1").sh("iptables-save").stdout).not.toContain("default/web");
  });

  test("serves a pod that is its own endpoint", () => {
    const cluster = realCluster({ nodes: 1 });
    const both = serverPod(
      "self",
      "    - {name: asks, image: busybox, command: [sh, -c, 'sleep 5; wget -qO- http://$WEB/; sleep 1000'], env: [{name: WEB, value: 10.96.7.7}]}",
    );
    cluster.apply(both);
    cluster.apply(service("self", "self", "  clusterIP: 10.96.7.7"));
    cluster.run(s(10));
    expect(cluster.logs("self", { container: "asks" })).toBe("self 10.244.1.1\n");
  });

  test("keeps a client with its endpoint where that is asked for", () => {
    const cluster = served("  sessionAffinity: ClientIP");
    const url = `http://${clusterIP(cluster, "web")}/`;
    expect(servers(printed(cluster, asked(url, 10), onNode(1))).size).toBe(1);
    expect(rules(cluster, "node-1").join("\n")).toContain("-m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-");
  });

  test("stays as it was when the proxy ends", () => {
    const cluster = served();
    cluster.stopProxy("node-1");
    const url = `http://${clusterIP(cluster, "web")}/`;
    for (const name of ["a", "b"]) cluster.delete(`pod/${name}`);
    cluster.run(s(40));
    // What has no endpoint any more is still tried: two of three fail, there is nobody.
    const tried = printed(cluster, `for i in $(seq 12); do wget -T 1 -qO- ${url} || echo failed; done`, onNode(1));
    expect(tried).toContain("failed");
    expect(servers(printed(cluster, asked(url, 6), onNode(2)))).toEqual(new Set(["c"]));
  });
});

describe("a service's node port", () => {
  test("is open on every node, and hides who asks", () => {
    const cluster = served("  type: NodePort");
    const port = nodePort(cluster, "web");
    expect(port).toBeGreaterThanOrEqual(30_000);
    const ask = (from: string, to: string) =>
      cluster.machine(from).sh(asked(`http://${to}:${port}/`, 12).replaceAll("wget -qO-", "curl -s")).stdout;
    const text = ask("node-2", "192.168.0.2");
    expect(servers(text)).toEqual(new Set(["a", "b", "c"]));
    expect(text).not.toContain("192.168.0.3");
  });

  test("is reached from a computer outside of the cluster", () => {
    const cluster = served("  type: NodePort");
    const outside = new Kernel({ world: cluster.world, cards: [{ link: cluster.lan }] });
    furnish(outside);
    const text = runShell(
      outside,
      `ip address add 192.168.7.7/16 dev eth0; ip link set eth0 up; ${asked(`http://192.168.0.2:${nodePort(cluster, "web")}/`, 12)}`.replaceAll(
        "wget -qO-",
        "curl -s",
      ),
    ).stdout;
    expect(servers(text)).toEqual(new Set(["a", "b", "c"]));
    // No pod's own address is known out there.
    expect(runShell(outside, "curl -s http://10.244.1.2/ || echo $?").stdout).toBe("7\n");
  });

  test("keeps to its node, and shows who asks, with externalTrafficPolicy Local", () => {
    const cluster = served("  type: NodePort\n  externalTrafficPolicy: Local");
    const port = nodePort(cluster, "web");
    const text = cluster
      .machine("node-2")
      .sh(asked(`http://192.168.0.2:${port}/`, 6).replaceAll("wget -qO-", "curl -s")).stdout;
    expect(new Set(text.trim().split("\n"))).toEqual(new Set(["a 192.168.0.3"]));
  });
});
