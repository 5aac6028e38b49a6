import { describe, expect, test } from "vitest";
import { MiB, ms, s } from "../../../../sim/core/index.js";
import { Kubelet } from "../../../../sim/k8s/index.js";
import { condition, oneNode, shown } from "./node.js";

const sleeper = (seconds: number, code = 0) => ["sh", "-c", `echo begun; sleep ${seconds}; exit ${code}`];

describe("a node", () => {
  test("makes itself known, tells that it is ready and renews its lease every 10 s for 40 s", () => {
    const { call, later } = oneNode(undefined, { cpus: 2, labels: { zone: "a" } });
    const node = call("GET", "/api/v1/nodes/node-1") as {
      metadata: { labels: Record<string, string> };
      status: { conditions: { type: string; status: string }[]; allocatable: Record<string, string> };
    };
    expect(node.metadata.labels).toMatchObject({ zone: "a", "kubernetes.io/hostname": "node-1" });
    expect(node.status.conditions.map(({ type, status }) => `${type}=${status}`)).toEqual([
      "MemoryPressure=False",
      "DiskPressure=False",
      "PIDPressure=False",
      "Ready=True",
    ]);
    // 8 GiB less the 100 MiB below which pods are evicted.
    expect(node.status.allocatable).toMatchObject({ cpu: "2", memory: `${(8192 - 100) * 1024}Ki`, pods: "110" });
    const renewed = () => {
      const lease = call("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1");
      return lease["spec"] as { renewTime: string; leaseDurationSeconds: number };
    };
    later(s(1));
    const first = renewed();
    expect(first.leaseDurationSeconds).toBe(40);
    later(s(11));
    const second = Date.parse(renewed().renewTime) - Date.parse(first.renewTime);
    expect(second).toBeGreaterThanOrEqual(10_000);
    expect(second).toBeLessThanOrEqual(10_500);
  });

  test("its lease runs out when the kubelet stops, and a new kubelet takes over what is running", () => {
    const node = oneNode();
    node.create("web", { containers: [{ name: "c", image: "nginx:1" }] });
    node.settle();
    const { containerID } = node.pod("web").status?.containerStatuses?.[0] ?? {};
    node.kubelet.stop();
    const lease = () => node.call("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1");
    const last = lease()["spec"];
    node.later(s(60));
    expect(lease()["spec"]).toEqual(last);
    const { world, endpoint, runtime } = node;
    new Kubelet({ world, endpoint, runtime, name: "node-1", address: "192.168.0.2" });
    node.settle(s(5));
    expect(lease()["spec"]).not.toEqual(last);
    expect(node.pod("web").status?.containerStatuses?.[0]).toMatchObject({ containerID, restartCount: 0, ready: true });
  });
});

describe("a pod", () => {
  test("runs: image, sandbox with an address of the node's range, container, status, events in the kubelet's words", () => {
    const node = oneNode({ "nginx:1": { size: MiB(100) } });
    node.create("web", { containers: [{ name: "main", image: "nginx:1" }] });
    node.settle();
    const pod = node.pod("web");
    expect(shown(pod)).toBe("Running Running ready=true restarts=0");
    expect(pod.status).toMatchObject({ podIP: "10.244.1.2", podIPs: [{ ip: "10.244.1.2" }], qosClass: "BestEffort" });
    expect(pod.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
      "PodReadyToStartContainers=True",
      "Initialized=True",
      "Ready=True",
      "ContainersReady=True",
      "PodScheduled=True",
    ]);
    expect(node.told("web")).toEqual([
      'Pulling: Pulling image "nginx:1"',
      'Pulled: Successfully pulled image "nginx:1" in 1s (1s including waiting). Image size: 104857600 bytes.',
      "Created: Created container: main",
      "Started: Started container main",
    ]);
    // One container, not one for each time that the pod was looked at.
    expect(node.runtime.podState(pod.metadata.uid ?? "").containers).toHaveLength(1);
  });

  test.each([
    ["Never", 0, "Succeeded Completed ready=false restarts=0"],
    ["Never", 3, "Failed Error ready=false restarts=0"],
    ["OnFailure", 0, "Succeeded Completed ready=false restarts=0"],
  ])("with restartPolicy %s that exits with %i: %s", (restartPolicy, code, expected) => {
    const node = oneNode();
    node.create("job", { restartPolicy, containers: [{ name: "c", image: "busybox:1", command: sleeper(5, code) }] });
    node.settle(s(2));
    expect(shown(node.pod("job"))).toBe(expected);
    expect(condition(node.pod("job"), "Ready")).toBe("False");
    // Logs of what has ended are still there, its address isn't taken any more.
    const { uid = "" } = node.pod("job").metadata;
    const [container] = node.runtime.podState(uid).containers;
    expect(node.runtime.logs(container?.id ?? "").map(({ text }) => text)).toEqual(["begun"]);
    expect(node.runtime.podState(uid).sandboxes[0]?.ready).toBe(false);
  });

  test("that crashes is restarted at once, then 10 s, 20 s, 40 s … after its end, at most 5 min", () => {
    const node = oneNode(undefined, {}, { startTime: ms(0) });
    node.create("crash", { containers: [{ name: "c", image: "busybox:1", command: sleeper(1, 1) }] });
    node.settle();
    expect(shown(node.pod("crash"))).toMatch(/^Running CrashLoopBackOff ready=false restarts=1$/);
    const { state, lastState } = node.pod("crash").status?.containerStatuses?.[0] ?? {};
    const { uid = "" } = node.pod("crash").metadata;
    expect(state?.waiting?.message).toBe(`back-off 10s restarting failed container=c pod=crash_default(${uid})`);
    expect(lastState?.terminated).toMatchObject({ exitCode: 1, reason: "Error" });
    const waits: number[] = [];
    let ended = 0;
    let seen = 1;
    for (let second = 0; second < 2400; second++) {
      node.later(s(1));
      const [newest] = node.runtime.podState(uid).containers;
      if (newest === undefined) continue;
      if (newest.attempt > seen) {
        seen = newest.attempt;
        waits.push((newest.startedAt - ended) / 1e9);
      }
      if (newest.state === "exited") ended = newest.finishedAt;
    }
    // It is looked at every 10 to 15 s, so a wait is over up to so much later.
    for (const [place, least] of [10, 20, 40, 80, 160, 300, 300].entries()) {
      expect(waits[place], `wait ${place}`).toBeGreaterThanOrEqual(least);
      expect(waits[place], `wait ${place}`).toBeLessThan(least + 16);
    }
    // Beside the newest, one dead container stays.
    expect(node.runtime.podState(uid).containers.length).toBeLessThanOrEqual(3);
  });

  test("whose program is killed for its memory says so", () => {
    const node = oneNode({ "big:1": { behaviour: { memory: MiB(200) } } });
    const resources = { limits: { memory: "100Mi" } };
    node.create("big", { restartPolicy: "Never", containers: [{ name: "c", image: "big:1", resources }] });
    node.settle(s(2));
    expect(shown(node.pod("big"))).toBe("Failed OOMKilled ready=false restarts=0");
    expect(node.pod("big").status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(137);
  });

  test("past its deadline fails", () => {
    const node = oneNode();
    node.create("late", { activeDeadlineSeconds: 20, containers: [{ name: "c", image: "nginx:1" }] });
    node.settle();
    expect(node.pod("late").status).toMatchObject({
      phase: "Failed",
      reason: "DeadlineExceeded",
      message: "Pod was active on the node longer than the specified deadline",
    });
  });
});

describe("the end of a pod", () => {
  test("SIGTERM, then the object goes", () => {
    const node = oneNode({ "slow:1": { behaviour: { stops: s(4) } } });
    node.create("web", { containers: [{ name: "c", image: "slow:1" }] });
    node.settle();
    const { uid = "" } = node.pod("web").metadata;
    node.remove("web");
    node.later(s(3));
    expect(node.exists("web")).toBe(true);
    expect(condition(node.pod("web"), "Ready")).toBe("True");
    node.settle(s(1));
    expect(node.exists("web")).toBe(false);
    expect(node.told("web").at(-1)).toBe("Killing: Stopping container c");
    expect(node.runtime.podState(uid)).toEqual({ sandboxes: [], containers: [] });
  });

  test("what doesn't hear SIGTERM is killed when the grace period is over, sooner where that is shortened", () => {
    const node = oneNode({ "deaf:1": { behaviour: { stops: "never" } } });
    const begun = (name: string) => {
      node.create(name, { containers: [{ name: "c", image: "deaf:1" }] });
      node.settle();
      node.remove(name);
      return node.world.engine.now;
    };
    const gone = (name: string, since: number) => {
      while (node.exists(name)) node.later(ms(100));
      return Math.round((node.world.engine.now - since) / 1e9);
    };
    expect(gone("whole", begun("whole"))).toBe(30);
    const since = begun("cut");
    node.later(s(5));
    node.remove("cut", 2);
    expect(gone("cut", since)).toBe(7);
  });

  test("the hook before the end takes of the same grace period", () => {
    const ran: string[] = [];
    const node = oneNode({
      "deaf:1": {
        behaviour: {
          stops: "never",
          exec: (command) => {
            ran.push(command.join(" "));
            return { exitCode: 0, output: "", takes: s(6) };
          },
        },
      },
    });
    const lifecycle = { preStop: { exec: { command: ["bye"] } } };
    node.create("web", { terminationGracePeriodSeconds: 10, containers: [{ name: "c", image: "deaf:1", lifecycle }] });
    node.settle();
    node.remove("web");
    node.later(s(9));
    expect([ran, node.exists("web")]).toEqual([["bye"], true]);
    node.later(s(2));
    expect(node.exists("web")).toBe(false);
  });

  test("without grace the object is gone at once, and the containers after it", () => {
    const node = oneNode();
    node.create("web", { containers: [{ name: "c", image: "nginx:1" }] });
    node.settle();
    const { uid = "" } = node.pod("web").metadata;
    node.remove("web", 0);
    expect(node.exists("web")).toBe(false);
    node.settle(s(2));
    expect(node.runtime.podState(uid).containers).toEqual([]);
  });

  test("while the image is still pulled, or the sandbox being made", () => {
    const node = oneNode({ "big:1": { size: MiB(1000) } });
    node.create("web", { containers: [{ name: "c", image: "big:1" }] });
    node.later(s(2));
    node.remove("web");
    node.settle(s(2));
    expect(node.exists("web")).toBe(false);
    expect(node.runtime.pods()).toEqual([]);
  });
});

describe("init containers and sidecars", () => {
  const order = (node: ReturnType<typeof oneNode>, name: string) =>
    node.told(name).flatMap((line) => /^Started: Started container (\w+)$/.exec(line)?.[1] ?? []);

  test("run one after another, each to its end, before the others", () => {
    const node = oneNode();
    const initContainers = ["one", "two"].map((name) => ({ name, image: "busybox:1", command: sleeper(3) }));
    node.create("web", { initContainers, containers: [{ name: "main", image: "nginx:1" }] });
    node.later(s(3));
    expect(node.pod("web").status).toMatchObject({ phase: "Pending" });
    expect(shown(node.pod("web"))).toContain("PodInitializing");
    expect(condition(node.pod("web"), "Initialized")).toBe("False");
    expect(order(node, "web")).toEqual(["one"]);
    node.settle(s(2));
    expect(order(node, "web")).toEqual(["one", "two", "main"]);
    expect(shown(node.pod("web"))).toBe("Running Running ready=true restarts=0");
    expect(condition(node.pod("web"), "Initialized")).toBe("True");
  });

  test("one that fails keeps the pod from starting, and ends it where nothing is restarted", () => {
    const node = oneNode();
    const spec = (restartPolicy: string) => ({
      restartPolicy,
      initContainers: [{ name: "init", image: "busybox:1", command: sleeper(1, 2) }],
      containers: [{ name: "main", image: "nginx:1" }],
    });
    node.create("once", spec("Never"));
    node.create("again", spec("Always"));
    node.settle(s(5));
    expect(node.pod("once").status?.phase).toBe("Failed");
    const { phase, initContainerStatuses } = node.pod("again").status ?? {};
    expect([phase, initContainerStatuses?.[0]?.state?.waiting?.reason]).toEqual(["Pending", "CrashLoopBackOff"]);
    expect(order(node, "again")).not.toContain("main");
  });

  test("a sidecar starts first, stays beside the others, is restarted, and doesn't keep a job from its end", () => {
    const node = oneNode({
      "proxy:1": {
        behaviour: (_container, attempt) => (attempt === 0 ? { startup: s(3), runs: s(8), exitCode: 1 } : {}),
      },
      "work:1": { behaviour: { runs: s(30) } },
    });
    const startupProbe = { tcpSocket: { port: 80 }, periodSeconds: 1 };
    node.create("job", {
      restartPolicy: "Never",
      initContainers: [
        { name: "proxy", image: "proxy:1", restartPolicy: "Always", ports: [{ containerPort: 80 }], startupProbe },
      ],
      containers: [{ name: "main", image: "work:1" }],
    });
    node.later(s(3));
    expect(order(node, "job")).toEqual(["proxy"]);
    node.later(s(5));
    expect(order(node, "job")).toEqual(["proxy", "main"]);
    node.settle(s(5));
    expect(order(node, "job")).toEqual(["proxy", "main", "proxy"]);
    const pod = node.pod("job");
    expect(pod.status?.phase).toBe("Succeeded");
    expect(pod.status?.initContainerStatuses?.[0]?.state?.terminated).toBeDefined();
  });
});
