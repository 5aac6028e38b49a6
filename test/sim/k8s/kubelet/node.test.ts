import { describe, expect, test } from "vitest";
import { GiB, MiB, ms, s } from "../../../../sim/core/index.js";
import { condition, oneNode, shown } from "./node.js";

describe("probes", () => {
  const server = (behaviour: object) => ({ "web:1": { behaviour } });
  const ports = [{ name: "http", containerPort: 80 }];

  test("a container is ready when its readiness probe says so, and isn't when that fails three times", () => {
    let well = true;
    const node = oneNode(server({ startup: s(12), http: () => (well ? 200 : 503) }));
    const readinessProbe = { httpGet: { path: "/ready", port: "http" }, periodSeconds: 5 };
    node.create("web", { containers: [{ name: "c", image: "web:1", ports, readinessProbe }] });
    node.later(s(10));
    expect(shown(node.pod("web"))).toBe("Running Running ready=false restarts=0");
    expect(node.told("web").find((line) => line.startsWith("Unhealthy"))).toBe(
      'Unhealthy: Readiness probe failed: Get "http://10.244.1.2:80/ready": dial tcp 10.244.1.2:80: connect: connection refused',
    );
    node.settle(s(2));
    expect(condition(node.pod("web"), "Ready")).toBe("True");
    well = false;
    node.later(s(7));
    expect(condition(node.pod("web"), "Ready")).toBe("True");
    node.later(s(12));
    expect(condition(node.pod("web"), "Ready")).toBe("False");
    expect(node.told("web").at(-1)).toBe("Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503");
    // It is not restarted for that.
    expect(shown(node.pod("web"))).toBe("Running Running ready=false restarts=0");
  });

  test("a liveness probe that fails has the container killed and started anew", () => {
    const node = oneNode(
      server({ exec: (_: unknown, age: number) => ({ exitCode: age > s(20) ? 1 : 0, output: "sick" }) }),
    );
    const livenessProbe = { exec: { command: ["check"] }, periodSeconds: 5, failureThreshold: 2 };
    node.create("web", { containers: [{ name: "c", image: "web:1", livenessProbe }] });
    node.settle(s(15));
    expect(shown(node.pod("web"))).toBe("Running Running ready=true restarts=0");
    node.later(s(25));
    expect(node.told("web")).toContain("Unhealthy: Liveness probe failed: sick");
    expect(node.told("web")).toContain("Killing: Container c failed liveness probe, will be restarted");
    expect(shown(node.pod("web"))).toBe("Running Running ready=true restarts=1");
  });

  test("a startup probe keeps the others waiting, and ends what doesn't start in time", () => {
    const asked: string[] = [];
    const node = oneNode(server({ startup: s(25), exec: () => (asked.push("live"), { exitCode: 0, output: "" }) }));
    const probes = {
      startupProbe: { tcpSocket: { port: 80 }, periodSeconds: 5, failureThreshold: 10 },
      livenessProbe: { exec: { command: ["live"] }, periodSeconds: 5 },
    };
    node.create("web", { containers: [{ name: "c", image: "web:1", ports, ...probes }] });
    node.later(s(20));
    expect(asked).toEqual([]);
    expect(node.pod("web").status?.containerStatuses?.[0]).toMatchObject({ started: false, ready: false });
    node.settle(s(20));
    expect(asked.length).toBeGreaterThan(1);
    expect(node.pod("web").status?.containerStatuses?.[0]).toMatchObject({
      started: true,
      ready: true,
      restartCount: 0,
    });
    const hasty = { startupProbe: { tcpSocket: { port: 80 }, periodSeconds: 2, failureThreshold: 3 } };
    node.create("hasty", { containers: [{ name: "c", image: "web:1", ports, ...hasty }] });
    node.later(s(15));
    expect(node.told("hasty")).toContain("Killing: Container c failed startup probe, will be restarted");
    // A gRPC probe, too, asks at a port: nobody listens at this one.
    const remote = { startupProbe: { grpc: { port: 81 }, periodSeconds: 2, failureThreshold: 3 } };
    node.create("remote", { containers: [{ name: "c", image: "web:1", ports, ...remote }] });
    node.later(s(15));
    expect(node.told("remote")).toContain("Killing: Container c failed startup probe, will be restarted");
  });
});

describe("images", () => {
  test("that can't be pulled: the error, then longer and longer waits", () => {
    const node = oneNode({});
    node.create("web", { containers: [{ name: "c", image: "nope" }] });
    node.later(ms(500));
    expect(shown(node.pod("web"))).toBe("Pending ErrImagePull ready=false restarts=0");
    node.settle();
    expect(shown(node.pod("web"))).toBe("Pending ImagePullBackOff ready=false restarts=0");
    node.later(s(200));
    const told = node.told("web");
    expect(told[0]).toBe('Pulling: Pulling image "nope"');
    expect(told[1]).toContain('Failed: Failed to pull image "nope": rpc error: code = NotFound');
    expect(told[2]).toBe("Failed: Error: ErrImagePull");
    expect(told).toContain('BackOff: Back-off pulling image "nope"');
    expect(told).toContain("Failed: Error: ImagePullBackOff");
    // At 0, 10, 30, 70 and 150 s at the earliest.
    expect(told.filter((line) => line.startsWith("Pulling")).length).toBeGreaterThanOrEqual(4);
    expect(told.filter((line) => line.startsWith("Pulling")).length).toBeLessThanOrEqual(5);
  });

  test("the pull policy: Never refuses what isn't there, IfNotPresent takes what is, Always asks again", () => {
    const node = oneNode({ "web:1": {} });
    const pod = (name: string, imagePullPolicy: string) => {
      node.create(name, { containers: [{ name: "c", image: "web:1", imagePullPolicy }] });
      node.settle();
      return node.told(name)[0];
    };
    expect(pod("never", "Never")).toBe(
      'ErrImageNeverPull: Container image "web:1" is not present with pull policy of Never',
    );
    expect(shown(node.pod("never"))).toContain("ErrImageNeverPull");
    expect(pod("first", "IfNotPresent")).toBe('Pulling: Pulling image "web:1"');
    expect(pod("second", "IfNotPresent")).toBe('Pulled: Container image "web:1" already present on machine');
    expect(pod("third", "Always")).toBe('Pulling: Pulling image "web:1"');
  });

  test("are pulled one after another", () => {
    const node = oneNode({ "a:1": { size: MiB(300) }, "b:1": { size: MiB(100) } });
    node.create("a", { containers: [{ name: "c", image: "a:1" }] });
    node.create("b", { containers: [{ name: "c", image: "b:1" }] });
    node.settle();
    expect(node.told("b")[1]).toContain("in 1s (4s including waiting)");
  });
});

describe("what a container needs", () => {
  const put = (node: ReturnType<typeof oneNode>, kind: string, name: string, data: Record<string, string>) =>
    node.call("POST", `/api/v1/namespaces/default/${kind}`, { metadata: { name }, data });

  test("its environment: values, ConfigMaps, Secrets, the pod's own fields", () => {
    const env = [
      { name: "A", value: "a" },
      { name: "B", value: "$(A)b$$" },
      { name: "COLOUR", valueFrom: { configMapKeyRef: { name: "settings", key: "colour" } } },
      { name: "TOKEN", valueFrom: { secretKeyRef: { name: "keys", key: "token" } } },
      { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
      { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      { name: "NONE", valueFrom: { configMapKeyRef: { name: "settings", key: "no", optional: true } } },
    ];
    const seen: object[] = [];
    const images = (image: string) => ({
      behaviour: (container: { env: object }) => {
        seen.push({ image, ...container.env });
        return {};
      },
    });
    const node = oneNode(undefined, {}, { images });
    put(node, "configmaps", "settings", { colour: "blue", size: "9" });
    put(node, "secrets", "keys", { token: "c2VzYW1l" });
    const envFrom = [{ prefix: "S_", configMapRef: { name: "settings" } }];
    node.create("web", { containers: [{ name: "c", image: "web:1", env, envFrom }] });
    node.settle();
    expect(seen).toEqual([
      {
        image: "web:1",
        S_colour: "blue",
        S_size: "9",
        A: "a",
        B: "ab$",
        COLOUR: "blue",
        TOKEN: "sesame",
        NODE: "node-1",
        IP: "10.244.1.2",
      },
    ]);
  });

  test("a ConfigMap that isn't there keeps it waiting, until it is", () => {
    const node = oneNode();
    const env = [{ name: "X", valueFrom: { configMapKeyRef: { name: "late", key: "x" } } }];
    node.create("web", { containers: [{ name: "c", image: "web:1", env }] });
    const volumes = [{ name: "v", configMap: { name: "late" } }];
    node.create("mounts", { volumes, containers: [{ name: "c", image: "web:1" }] });
    node.settle();
    expect(shown(node.pod("web"))).toBe("Pending CreateContainerConfigError ready=false restarts=0");
    expect(node.told("web")).toContain('Failed: Error: configmap "late" not found');
    expect(shown(node.pod("mounts"))).toBe("Pending ContainerCreating ready=false restarts=0");
    expect(node.told("mounts")).toEqual([
      'FailedMount: MountVolume.SetUp failed for volume "v" : configmap "late" not found',
    ]);
    put(node, "configmaps", "late", { x: "1" });
    node.later(s(20));
    expect(shown(node.pod("web"))).toBe("Running Running ready=true restarts=0");
    expect(shown(node.pod("mounts"))).toBe("Running Running ready=true restarts=0");
  });
});

describe("a node's room", () => {
  test("pods that don't fit are refused, and room comes back", () => {
    const node = oneNode(undefined, { cpus: 2, pods: 3 });
    const asks = (cpu: string) => ({ containers: [{ name: "c", image: "web:1", resources: { requests: { cpu } } }] });
    node.create("first", asks("1500m"));
    node.create("second", asks("1"));
    node.settle();
    expect(node.pod("second").status).toMatchObject({
      phase: "Failed",
      reason: "OutOfcpu",
      message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000, used: 1500, capacity: 2000",
    });
    node.create("picky", { nodeSelector: { disk: "ssd" }, ...asks("1m") });
    node.settle();
    expect(node.pod("picky").status).toMatchObject({ phase: "Failed", reason: "NodeAffinity" });
    node.remove("first");
    node.settle(s(2));
    node.create("third", asks("1"));
    node.settle();
    expect(shown(node.pod("third"))).toBe("Running Running ready=true restarts=0");
    node.create("fourth", asks("1m"));
    node.create("fifth", asks("1m"));
    node.create("sixth", asks("1m"));
    node.settle();
    expect(node.pod("sixth").status).toMatchObject({ reason: "OutOfpods" });
  });

  test("addresses run out, and come back", () => {
    const node = oneNode(undefined, {}, { podCIDR: "10.0.0.0/30" });
    node.create("a", { containers: [{ name: "c", image: "web:1" }] });
    node.create("b", { containers: [{ name: "c", image: "web:1" }] });
    node.settle();
    expect(node.told("b")[0]).toContain("FailedCreatePodSandBox: Failed to create pod sandbox: failed to allocate");
    node.remove("a");
    node.settle(s(20));
    expect(shown(node.pod("b"))).toBe("Running Running ready=true restarts=0");
  });

  test("under memory pressure who uses more than it asked for goes first, and best-effort pods stay out", () => {
    const node = oneNode(
      { "fat:1": { behaviour: { memory: MiB(600) } }, "thin:1": { behaviour: { memory: MiB(400) } } },
      { memory: GiB(1) },
      { memory: GiB(1) },
    );
    const guaranteed = { requests: { memory: "500Mi", cpu: "1" }, limits: { memory: "500Mi", cpu: "1" } };
    node.create("thin", { containers: [{ name: "c", image: "thin:1", resources: guaranteed }] });
    node.create("fat", { containers: [{ name: "c", image: "fat:1" }] });
    node.settle(s(15));
    const { status } = node.pod("fat");
    expect(status).toMatchObject({ phase: "Failed", reason: "Evicted" });
    expect(status?.message).toBe(
      "The node was low on resource: memory. Threshold quantity: 100Mi, available: 24Mi. " +
        "Container c was using 600Mi, request is 0, has larger consumption of memory. ",
    );
    expect(condition(node.pod("fat"), "DisruptionTarget")).toBe("True");
    expect(shown(node.pod("thin"))).toBe("Running Running ready=true restarts=0");
    const pressure = () =>
      (node.call("GET", "/api/v1/nodes/node-1")["status"] as { conditions: { type: string; status: string }[] })
        .conditions[0];
    node.later(s(10));
    expect(pressure()).toMatchObject({ type: "MemoryPressure", status: "True" });
    node.create("late", { containers: [{ name: "c", image: "thin:1" }] });
    node.settle();
    expect(node.pod("late").status).toMatchObject({
      phase: "Failed",
      reason: "Evicted",
      message: "Pod was rejected: The node had condition: [MemoryPressure]. ",
    });
    // Five minutes behind its end.
    node.later(s(320));
    expect(pressure()).toMatchObject({ status: "False" });
  });

  test("a full disk: images that nobody uses go before pods do", () => {
    const node = oneNode({ "old:1": { size: MiB(900) }, "web:1": {} }, {}, { disk: GiB(1), bandwidth: GiB(10) });
    node.create("web", { containers: [{ name: "c", image: "web:1" }] });
    node.create("old", { restartPolicy: "Never", containers: [{ name: "c", image: "old:1", command: ["true"] }] });
    node.settle(s(15));
    expect(node.runtime.listImages().map(({ names }) => names[0])).toEqual(["web:1"]);
    expect(shown(node.pod("web"))).toBe("Running Running ready=true restarts=0");
  });
});
