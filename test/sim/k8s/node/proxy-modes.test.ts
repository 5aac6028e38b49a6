import { describe, expect, test } from "vitest";
import { s } from "../../../../sim/core/index.js";
import type { Cluster, ClusterOptions } from "../../../../sim/k8s/index.js";
import { Kernel } from "../../../../sim/os/index.js";
import { furnish, runShell } from "../../../../sim/userland/index.js";
import { onNode, printed, realCluster, serverPod } from "./real-cluster.js";

type Mode = NonNullable<ClusterOptions["proxy"]>;
const address = "10.96.0.80";

const service = (more = ""): string => `
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  clusterIP: ${address}
  selector: {app: web}
  ports: [{port: 80, targetPort: 80, nodePort: 30080}]
${more}`;

/** Three servers on two nodes behind one service. */
function served(proxy: Mode, more = ""): Cluster {
  const cluster = realCluster({ proxy });
  for (const [name, node] of [
    ["a", 1],
    ["b", 2],
    ["c", 2],
  ] as const)
    cluster.apply(serverPod(name, "", onNode(node)).replace(`{app: ${name}}`, "{app: web}"));
  cluster.apply(service(more));
  cluster.settle();
  return cluster;
}

const asked = (url: string, times: number): string => `for i in $(seq ${times}); do curl -s ${url} || echo $?; done`;
const lines = (text: string): string[] => text.trim().split("\n");
const servers = (text: string): Set<string> => new Set(lines(text).map((line) => line.split(" ")[0] ?? ""));
const inPod = (cluster: Cluster, url: string, times: number): string =>
  printed(cluster, asked(url, times).replaceAll("curl -s", "wget -T 1 -qO-"), onNode(1));

describe.each(["nftables", "ipvs"] as const)("kube-proxy in mode %s", (proxy) => {
  test("leads to all endpoints from a pod, from a node and from outside, and follows them", () => {
    const cluster = served(proxy);
    const outside = new Kernel({ world: cluster.world, cards: [{ link: cluster.lan }] });
    furnish(outside);
    runShell(outside, "ip address add 192.168.7.7/16 dev eth0; ip link set eth0 up");
    const all = new Set(["a", "b", "c"]);
    const fromPod = inPod(cluster, `http://${address}/`, 20);
    expect(servers(fromPod)).toEqual(all);
    // Nobody stands between: servers see the pod's own address; that of the node from elsewhere.
    expect(new Set(lines(fromPod).map((line) => line.split(" ")[1]))).toEqual(
      new Set([expect.stringMatching(/^10\.244\.1\.\d+$/)]),
    );
    expect(servers(cluster.machine("node-2").sh(asked(`http://${address}/`, 20)).stdout)).toEqual(all);
    expect(servers(cluster.machine("node-2").sh(asked("http://192.168.0.2:30080/", 20)).stdout)).toEqual(all);
    const fromOutside = runShell(outside, asked("http://192.168.0.2:30080/", 20)).stdout;
    expect(servers(fromOutside)).toEqual(all);
    expect(fromOutside).not.toContain("192.168.7.7");
    for (const name of ["a", "b"]) cluster.delete(`pod/${name}`);
    cluster.run(s(40));
    expect(servers(inPod(cluster, `http://${address}/`, 8))).toEqual(new Set(["c"]));
    cluster.delete("pod/c");
    cluster.run(s(40));
    expect(inPod(cluster, `http://${address}/`, 1)).toMatch(/Connection refused/);
    cluster.delete("service/web");
    cluster.run(s(5));
    expect(cluster.machine("node-1").stack.netfilter.saveRules()).not.toContain("web");
    expect(cluster.machine("node-1").stack.netfilter.ipvs.servers.map(({ port }) => port)).not.toContain(80);
  });

  test("serves a pod that is its own endpoint", () => {
    const cluster = realCluster({ nodes: 1, proxy });
    const asks = `sleep 5; wget -qO- http://${address}/; sleep 1000`;
    cluster.apply(serverPod("web", `    - {name: asks, image: busybox, command: [sh, -c, '${asks}']}`));
    cluster.apply(service());
    cluster.run(s(10));
    expect(cluster.logs("web", { container: "asks" })).toBe("web 10.244.1.1\n");
  });

  test("keeps to its node, and shows who asks, with externalTrafficPolicy Local", () => {
    const cluster = served(proxy, "  externalTrafficPolicy: Local");
    const text = cluster.machine("node-2").sh(asked("http://192.168.0.2:30080/", 6)).stdout;
    expect(new Set(lines(text))).toEqual(new Set(["a 192.168.0.3"]));
  });

  test("keeps a client with its endpoint where that is asked for", () => {
    const cluster = served(proxy, "  sessionAffinity: ClientIP");
    expect(servers(inPod(cluster, `http://${address}/`, 10)).size).toBe(1);
  });
});

test("a mode that there isn't is refused", () => {
  expect(() => realCluster({ proxy: "ebpf" as Mode })).toThrow('kube-proxy has no mode "ebpf"');
});
