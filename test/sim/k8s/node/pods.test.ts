import { describe, expect, test } from "vitest";
import { s, minutes } from "../../../../sim/core/index.js";
import {
  addressOf,
  never,
  onNode,
  printed,
  realCluster,
  scriptPod,
  serverPod,
  statusOf,
  told,
} from "./real-cluster.js";

const main = (cluster: ReturnType<typeof realCluster>, pod: string) => statusOf(cluster, pod).containerStatuses?.[0];

describe("a pod on a simulated Linux", () => {
  test("runs its command: exit code, log, last words, name and resolver", () => {
    const cluster = realCluster();
    const script = "hostname; cat /etc/resolv.conf; grep one /etc/hosts; echo gone > /dev/termination-log; exit 3";
    cluster.apply(scriptPod("one", script, "", never));
    cluster.settle();
    expect(cluster.logs("one").split("\n")).toEqual([
      "one",
      "search default.svc.cluster.local svc.cluster.local cluster.local",
      "nameserver 10.96.0.10",
      "options ndots:5",
      `${addressOf(cluster, "one")}\tone`,
      "",
    ]);
    expect(main(cluster, "one")?.state?.terminated).toMatchObject({ exitCode: 3, reason: "Error", message: "gone\n" });
    expect(statusOf(cluster, "one").phase).toBe("Failed");
    expect(told(cluster, "pod/one").join("\n")).toMatch(/Successfully pulled image "busybox" in \d+ms/);
  });

  test("restarts what fails, and says what keeps a container from starting", () => {
    const cluster = realCluster();
    cluster.apply(scriptPod("loops", "echo again; exit 1"));
    cluster.apply(scriptPod("lost", "true").replace("command: [sh", "command: [/no/such"));
    cluster.apply(scriptPod("none", "true").replace("image: busybox", "image: no-such-image"));
    cluster.run(s(60));
    expect(main(cluster, "loops")?.restartCount).toBeGreaterThan(1);
    expect(main(cluster, "loops")?.state?.waiting?.reason).toBe("CrashLoopBackOff");
    expect(told(cluster, "pod/lost").join("\n")).toMatch(/no such file or directory/);
    expect(main(cluster, "lost")?.lastState?.terminated ?? main(cluster, "lost")?.state?.terminated).toMatchObject({
      exitCode: 128,
      reason: "StartError",
    });
    expect(["ErrImagePull", "ImagePullBackOff"]).toContain(main(cluster, "none")?.state?.waiting?.reason);
  });

  test("is held to its limits by control groups, and killed where it takes more memory", () => {
    const cluster = realCluster();
    const limits = "      resources: {requests: {cpu: 250m}, limits: {cpu: 500m, memory: 8Mi}}";
    cluster.apply(scriptPod("limits", "cd /sys/fs/cgroup; cat cpu.max cpu.weight memory.max", limits, never));
    cluster.apply(scriptPod("greedy", "dd of=/dev/shm/x count=9", limits, never));
    cluster.settle();
    // 256 shares are a weight of 35 (runtime/cgroup.ts, weightOfShares).
    expect(cluster.logs("limits").split("\n")).toEqual(["50000 100000", "35", "8388608", ""]);
    expect(main(cluster, "greedy")?.state?.terminated).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
  });

  test("shares one network, one name and volumes among its containers", () => {
    const cluster = realCluster();
    cluster.apply(`
apiVersion: v1
kind: Pod
metadata: {name: pair}
spec:
  restartPolicy: Never
  initContainers:
    - {name: first, image: busybox, command: [sh, -c, "echo from init > /work/note"], volumeMounts: [{name: work, mountPath: /work}]}
  containers:
    - {name: web, image: "nginx:alpine"}
    - name: asks
      image: busybox
      command: [sh, -c, "cat /work/note; hostname; sleep 2; wget -qO- http://127.0.0.1/; readlink /proc/self/ns/net"]
      volumeMounts: [{name: work, mountPath: /work, readOnly: true}]
    - {name: other, image: busybox, command: [sh, -c, "readlink /proc/self/ns/net"]}
  volumes: [{name: work, emptyDir: {}}]`);
    cluster.run(s(20));
    const lines = cluster.logs("pair", { container: "asks" }).split("\n");
    expect(lines.slice(0, 3)).toEqual(["from init", "pair", "pair 127.0.0.1"]);
    expect(lines[3]).toMatch(/^net:\[\d+\]$/);
    expect(cluster.logs("pair", { container: "other" })).toBe(`${lines[3] ?? ""}\n`);
  });

  test("sees what its volumes are made of", () => {
    const cluster = realCluster();
    cluster.apply(`
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {a.txt: A, b.txt: B}
---
apiVersion: v1
kind: Secret
metadata: {name: key}
stringData: {password: hush}`);
    cluster.machine("node-1").sh("mkdir -p /srv/data; echo of the node > /srv/data/x");
    const more = `
      volumeMounts:
        - {name: conf, mountPath: /conf}
        - {name: conf, mountPath: /one.txt, subPath: a.txt}
        - {name: key, mountPath: /key, readOnly: true}
        - {name: host, mountPath: /host}
        - {name: me, mountPath: /me}
        - {name: fast, mountPath: /fast}`;
    const spec = `${never}\n${onNode(1)}
  volumes:
    - {name: conf, configMap: {name: conf, items: [{key: a.txt, path: sub/a.txt}, {key: a.txt, path: a.txt, mode: 256}]}}
    - {name: key, secret: {secretName: key, defaultMode: 256}}
    - {name: host, hostPath: {path: /srv/data, type: Directory}}
    - {name: me, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: "metadata.labels['app']"}}]}}
    - {name: fast, emptyDir: {medium: Memory, sizeLimit: 1Mi}}`;
    const script = `cat /conf/sub/a.txt /one.txt /key/password; echo; stat -Lc %a /conf/a.txt /key/password; cat /host/x /me/labels; echo
echo written > /host/y; touch /key/no; ls -A /conf; dd of=/fast/x count=2 2> /dev/null || echo full
cut -c1-3 /var/run/secrets/kubernetes.io/serviceaccount/token; cat /var/run/secrets/kubernetes.io/serviceaccount/namespace`;
    cluster.apply(scriptPod("sees", script, more, spec));
    cluster.settle();
    expect(cluster.logs("sees").replace(/^\.\.\d+$/m, "..version")).toBe(
      [
        "AAhush\n400\n400\nof the node\nsees",
        "touch: cannot touch '/key/no': Read-only file system",
        "..version\n..data\na.txt\nsub",
        "full\neyJ\ndefault\n",
      ].join("\n"),
    );
    expect(cluster.machine("node-1").sh("cat /srv/data/y").stdout).toBe("written\n");
  });

  test("is probed by commands and over the network", () => {
    const cluster = realCluster();
    const exec = "      readinessProbe: {exec: {command: [test, -e, /tmp/ready]}, periodSeconds: 1}";
    const http = "      livenessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1, failureThreshold: 2}";
    cluster.apply(scriptPod("slow", "sleep 5; touch /tmp/ready; sleep 1000", exec));
    cluster.apply(serverPod("good", http));
    cluster.apply(serverPod("deaf", http.replace("port: 80", "port: 81")));
    cluster.run(s(4));
    expect(main(cluster, "slow")?.ready).toBe(false);
    cluster.run(s(26));
    expect(main(cluster, "slow")?.ready).toBe(true);
    expect(main(cluster, "good")).toMatchObject({ ready: true, restartCount: 0 });
    expect(main(cluster, "deaf")?.restartCount).toBeGreaterThan(0);
    expect(told(cluster, "pod/deaf").join("\n")).toContain(
      `Liveness probe failed: Get "http://${addressOf(cluster, "deaf")}:81/": dial tcp ${addressOf(cluster, "deaf")}:81: connect: connection refused`,
    );
  });

  test("leaves nothing on its node", () => {
    const cluster = realCluster({ nodes: 1 });
    const machine = cluster.machine("node-1");
    const look = () =>
      machine.sh(
        "ls /sys/class/net /var/lib/kubelet/pods /run/runc /var/lib/docker/containers /sys/fs/cgroup/kubepods/besteffort; mount | grep -c pods",
      ).stdout;
    cluster.apply(scriptPod("first", "true", "", never));
    cluster.settle();
    cluster.delete("pod/first");
    cluster.advance(minutes(2));
    const before = look();
    cluster.apply(
      scriptPod("stubborn", "trap '' TERM; while true; do sleep 1; done", "", "  terminationGracePeriodSeconds: 3"),
    );
    cluster.run(s(5));
    expect(look()).not.toBe(before);
    const begun = cluster.world.engine.now;
    cluster.delete("pod/stubborn");
    cluster.advance(minutes(2));
    expect(cluster.get("pods").items).toEqual([]);
    expect(look()).toBe(before);
    expect(cluster.world.engine.now - begun).toBeLessThan(s(10));
  });
});

describe("the pods' network", () => {
  test("has pods of several nodes talk without translation, and translates on the way out of the cluster", () => {
    const cluster = realCluster();
    cluster.apply(serverPod("near", "", onNode(1)));
    cluster.apply(serverPod("far", "", onNode(2)));
    cluster.settle();
    expect(addressOf(cluster, "near")).toMatch(/^10\.244\.1\.\d+$/);
    expect(addressOf(cluster, "far")).toMatch(/^10\.244\.2\.\d+$/);
    const ask = (pod: string): string => `hostname -i; wget -qO- http://${addressOf(cluster, pod)}/`;
    for (const pod of ["near", "far"]) {
      const [own = "", answer] = printed(cluster, ask(pod), onNode(1)).trim().split("\n");
      expect(own).toMatch(/^10\.244\.1\./);
      expect(answer).toBe(`${pod} ${own}`);
    }
    // Nodes reach pods, and pods a node's own network with their own address (KEP of the Kubernetes network model).
    expect(cluster.machine("node-1").sh(`curl -s http://${addressOf(cluster, "far")}/`).stdout).toBe(
      "far 192.168.0.2\n",
    );
    expect(cluster.machine("node-2").sh("ip route").stdout).toContain("10.244.1.0/24 via 192.168.0.2 dev eth0");
  });

  test("leaves a pod of the node's network where it is", () => {
    const cluster = realCluster();
    expect(
      printed(cluster, "hostname; ip -4 address show eth0 | grep -c 192.168.0", `${onNode(2)}\n  hostNetwork: true`),
    ).toBe("node-2\n1\n");
  });
});
