/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment, @typescript-eslint/no-misused-spread -- its generated classes stand for plain objects */
import { PassThrough, Writable } from "node:stream";
import {
  CoreV1Api,
  AppsV1Api,
  Exec,
  KubeConfig,
  Log,
  makeInformer,
  PortForward,
  Watch,
  type V1ConfigMap,
  type V1Status,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { s } from "../../sim/core/index.js";
import { lab, serve, type ServedCluster } from "../../kernel/api/index.js";
import { programs } from "../sim/k8s/node/real-cluster.js";

const namespace = "default";

/** Text that streams are written to. */
class Heard extends Writable {
  text = "";
  override _write(part: Buffer, _: string, done: () => void): void {
    this.text += part.toString();
    done();
  }
}

describe("@kubernetes/client-node", () => {
  const cluster = lab({ seed: 5 }).kubernetes({ nodes: 1, runtime: "containers", programs });
  const config = new KubeConfig();
  let served: ServedCluster;
  let core: CoreV1Api;

  beforeAll(async () => {
    cluster.apply(`
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: main, image: "nginx:alpine", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: counts}
spec:
  restartPolicy: Never
  containers: [{name: main, image: busybox, command: [sh, -c, "for i in 1 2 3; do echo $i; sleep 2; done"]}]
`);
    cluster.run(s(3));
    served = await serve(cluster, { pace: 20 });
    config.loadFromFile(served.kubeconfig);
    core = config.makeApiClient(CoreV1Api);
  });
  afterAll(async () => {
    await served.close();
  });

  test("makes, reads, changes, lists and deletes", async () => {
    const name = "settings";
    const made = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name }, data: { a: "1" } } });
    expect(made.metadata?.creationTimestamp).toBeInstanceOf(Date);
    const read = await core.readNamespacedConfigMap({ namespace, name });
    const body = { ...read, data: { a: "2" } };
    expect((await core.replaceNamespacedConfigMap({ namespace, name, body })).data).toEqual({ a: "2" });
    await expect(core.replaceNamespacedConfigMap({ namespace, name, body })).rejects.toMatchObject({ code: 409 });
    const patch = [{ op: "add", path: "/data/b", value: "3" }];
    expect((await core.patchNamespacedConfigMap({ namespace, name, body: patch })).data).toEqual({ a: "2", b: "3" });
    const { items } = await core.listNamespacedConfigMap({ namespace, fieldSelector: `metadata.name=${name}` });
    expect(items.map(({ metadata }) => metadata?.name)).toEqual([name]);
    expect((await core.deleteNamespacedConfigMap({ namespace, name })).status).toBe("Success");
    await expect(core.readNamespacedConfigMap({ namespace, name })).rejects.toMatchObject({ code: 404 });
    const apps = config.makeApiClient(AppsV1Api);
    expect((await apps.listDeploymentForAllNamespaces()).items.map(({ metadata }) => metadata?.name)).toContain(
      "coredns",
    );
  });

  test("an informer knows what is there, hears what happens, and comes back after its connection was cut", async () => {
    const list = (): ReturnType<typeof core.listNamespacedConfigMap> => core.listNamespacedConfigMap({ namespace });
    const informer = makeInformer<V1ConfigMap>(config, `/api/v1/namespaces/${namespace}/configmaps`, list);
    const heard: string[] = [];
    for (const verb of ["add", "update", "delete"] as const)
      informer.on(verb, ({ metadata }) => heard.push(`${verb} ${metadata?.name ?? ""}`));
    let connections = 0;
    informer.on("connect", () => connections++);
    informer.on("error", () => void informer.start());
    await informer.start();
    try {
      const body = { metadata: { name: "one" }, data: { a: "1" } };
      await core.createNamespacedConfigMap({ namespace, body });
      await expect.poll(() => heard).toContain("add one");
      await core.replaceNamespacedConfigMap({ namespace, name: "one", body: { ...body, data: { a: "2" } } });
      await expect.poll(() => heard).toContain("update one");
      expect(informer.get("one", namespace)?.data).toEqual({ a: "2" });
      // The server ends: whoever watched has to come back to the next one.
      cluster.stop("kube-apiserver");
      cluster.start("kube-apiserver");
      await core.deleteNamespacedConfigMap({ namespace, name: "one" });
      await expect.poll(() => heard, { timeout: 10_000 }).toContain("delete one");
      expect(connections).toBeGreaterThan(1);
      expect(informer.get("one", namespace)).toBeUndefined();
    } finally {
      await informer.stop();
    }
  });

  test("a watch begins with all that is there and a bookmark that says so", async () => {
    const seen: { readonly type: string; readonly marks: unknown }[] = [];
    const query = { sendInitialEvents: true, allowWatchBookmarks: true, resourceVersionMatch: "NotOlderThan" };
    const controller = await new Watch(config).watch(
      "/api/v1/namespaces/kube-system/serviceaccounts",
      query,
      (type, object: { metadata: { annotations?: Record<string, string> } }) => {
        seen.push({ type, marks: object.metadata.annotations?.["k8s.io/initial-events-end"] });
      },
      () => undefined,
    );
    await expect.poll(() => seen.at(-1)).toEqual({ type: "BOOKMARK", marks: "true" });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.slice(0, -1).every(({ type }) => type === "ADDED")).toBe(true);
    controller.abort();
  });

  test("exec: output, errors, input to its end, exit code", async () => {
    const run = async (command: string[], stdin?: PassThrough): Promise<readonly [V1Status, string, string]> => {
      // The client ends what it has written to.
      const [out, err] = [new Heard(), new Heard()];
      const status = await new Promise<V1Status>((resolve, reject) => {
        const started = new Exec(config).exec(
          namespace,
          "web",
          "main",
          command,
          out,
          err,
          stdin ?? null,
          false,
          resolve,
        );
        started.catch(reject);
      });
      return [status, out.text, err.text];
    };
    const [failed, ...said] = await run(["sh", "-c", "hostname; echo oops >&2; exit 4"]);
    expect(said).toEqual(["web\n", "oops\n"]);
    expect(failed).toMatchObject({ status: "Failure", reason: "NonZeroExitCode" });
    expect(failed.details?.causes).toEqual([{ reason: "ExitCode", message: "4" }]);
    const stdin = new PassThrough();
    stdin.write("one line\n");
    const [ended, heard] = await run(["head", "-n1"], stdin);
    expect([ended.status, heard]).toEqual(["Success", "one line\n"]);
  });

  test("log follows a container to its end", async () => {
    const heard = new Heard();
    await new Log(config).log(namespace, "counts", "main", heard, { follow: true });
    await expect.poll(() => heard.text, { timeout: 10_000 }).toBe("1\n2\n3\n");
  });

  test("port-forward carries HTTP", async () => {
    const [out, input] = [new Heard(), new PassThrough()];
    const socket = await new PortForward(config).portForward(namespace, "web", [80], out, null, input);
    input.write("GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n");
    await expect.poll(() => out.text).toContain("web 127.0.0.1\n");
    if ("close" in socket) socket.close();
  });
});
