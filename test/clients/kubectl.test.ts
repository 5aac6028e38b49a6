import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveKubernetes, type ServedKubernetes } from "../../kernel/server/index.js";
import { ApiServer } from "../../sim/k8s/index.js";

// Debian's kubernetes-client, unpacked where `.ci/run` says, or whatever kubectl is installed.
const kubectl = [process.env["VIRTLAB_KUBECTL"], "/usr/bin/kubectl"].find(
  (path) => path !== undefined && path !== "" && existsSync(path),
);
if (kubectl === undefined) console.log("kubectl is not installed (Debian: kubernetes-client): its suite is skipped");

const api = new ApiServer({
  authorization: "RBAC",
  tokens: { master: { name: "kubernetes-admin", groups: ["system:masters"] }, weak: { name: "jane", groups: [] } },
});
let served: ServedKubernetes;
let folder: string;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const env = { ...process.env, HOME: folder, KUBECONFIG: join(folder, "config") };
    execFile(kubectl ?? "", args, { env, timeout: 60_000 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, out, err });
    });
  });
}

async function ok(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await run(...args);
  expect(code, `kubectl ${args.join(" ")}: ${err}`).toBe(0);
  return out;
}

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const web = (image: string, extra = ""): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "${image}"}
${extra}`;

describe.skipIf(kubectl === undefined)("stock kubectl", () => {
  beforeAll(async () => {
    served = await serveKubernetes(api, { token: "master" });
    folder = mkdtempSync(join(tmpdir(), "virtlab-kubectl-"));
    writeFileSync(join(folder, "config"), served.kubeconfig);
    await ok("create", "serviceaccount", "default");
  });
  afterAll(async () => {
    await served.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("version, api-resources, explain", async () => {
    expect(await ok("version")).toMatch(/v?1\.32/);
    const resources = await ok("api-resources");
    for (const line of [
      /^pods\s+po\s+v1\s+true\s+Pod$/m,
      /^deployments\s+deploy\s+apps\/v1\s+true\s+Deployment$/m,
      /^nodes\s+no\s+v1\s+false\s+Node$/m,
    ])
      expect(resources).toMatch(line);
    expect(await ok("explain", "pod.spec.containers")).toMatch(/imagePullPolicy\s+<string>/);
  });

  test("create, get, describe, label, annotate, delete", async () => {
    expect(await ok("run", "one", "--image=nginx:1.27")).toBe("pod/one created\n");
    expect(await ok("get", "pods")).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE *\none +0\/1 +Pending +0 +\d+s\n$/);
    expect(await ok("get", "pods", "-o", "wide")).toMatch(/IP +NODE +NOMINATED NODE +READINESS GATES/);
    expect(await ok("describe", "pod", "one")).toMatch(/^QoS Class: +BestEffort$/m);
    expect(await ok("label", "pod", "one", "tier=front")).toContain("pod/one labeled");
    expect(await ok("annotate", "pod", "one", "note=x")).toContain("pod/one annotated");
    expect(await ok("get", "pods", "-l", "tier=front", "-o", "name")).toBe("pod/one\n");
    expect(await ok("get", "pods", "--field-selector", "status.phase=Running", "-o", "name")).toBe("");
    expect(await ok("delete", "pod", "one")).toContain('pod "one" deleted');
    const gone = await run("get", "pod", "one");
    expect([gone.code, gone.err]).toEqual([1, 'Error from server (NotFound): pods "one" not found\n']);
  });

  test("apply: create, configure, leave unchanged; patch, scale, set, server-side", async () => {
    const first = file("web.yaml", web("nginx:1"));
    expect(await ok("apply", "-f", first)).toBe("deployment.apps/web created\n");
    expect(await ok("apply", "-f", first)).toBe("deployment.apps/web unchanged\n");
    expect(await ok("apply", "-f", file("web2.yaml", web("nginx:2")))).toBe("deployment.apps/web configured\n");
    expect(await ok("get", "deploy", "web", "-o", "wide")).toMatch(/web +0\/2 +0 +0 +\d+s +web +nginx:2 +app=web/);
    expect(await ok("scale", "--replicas=5", "deploy/web")).toContain("deployment.apps/web scaled");
    expect(
      await ok("patch", "deploy", "web", "--type=json", "-p", '[{"op":"replace","path":"/spec/replicas","value":3}]'),
    ).toContain("patched");
    expect(await ok("set", "image", "deploy/web", "web=nginx:3")).toContain("image updated");
    expect(
      await ok("get", "deploy", "web", "-o", "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image}"),
    ).toBe("3 nginx:3");
    const disputed = await run("apply", "--server-side", "-f", first);
    expect(disputed.code).toBe(1);
    expect(disputed.err).toContain("Apply failed with");
    expect(await ok("apply", "--server-side", "--force-conflicts", "-f", first)).toContain("serverside-applied");
    expect(await ok("expose", "deploy", "web", "--port=80")).toContain("service/web exposed");
    expect(await ok("autoscale", "deploy", "web", "--max=4", "--cpu-percent=50")).toContain("autoscaled");
    expect(await ok("get", "hpa")).toMatch(/web +Deployment\/web +(cpu: )?<unknown>\/50% +1 +4 +0/);
    expect(await ok("delete", "deploy,svc,hpa", "web")).toContain("deleted");
  });

  test("what is wrong is said as by a real server", async () => {
    const unknown = await run("apply", "-f", file("odd.yaml", web("a", "      nodeSelektor: {}\n")));
    expect(unknown.code).toBe(1);
    expect(unknown.err).toContain('unknown field "');
    expect(unknown.err).toContain("nodeSelektor");
    const invalid = await run("run", "Bad_Name", "--image=a");
    expect(invalid.err).toContain('The Pod "Bad_Name" is invalid:');
    expect(invalid.err).toContain(
      'metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of',
    );
    const nowhere = await run("-n", "nowhere", "create", "configmap", "a");
    expect(nowhere.err).toContain('namespaces "nowhere" not found');
  });

  test("a custom resource is served as soon as it is defined", async () => {
    const definition = file(
      "crd.yaml",
      `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, kind: CronTab, shortNames: [ct]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
    additionalPrinterColumns: [{name: Spec, type: string, jsonPath: .spec.cronSpec}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {cronSpec: {type: string}, replicas: {type: integer, maximum: 10, default: 1}}}
          status: {type: object, properties: {replicas: {type: integer}}}
`,
    );
    expect(await ok("apply", "-f", definition)).toContain("created");
    const tab = (name: string, replicas: string): string =>
      file(
        `${name}.yaml`,
        `apiVersion: stable.example.com/v1\nkind: CronTab\nmetadata: {name: ${name}}\nspec: {cronSpec: "* * * * 5"${replicas}}\n`,
      );
    expect(await ok("apply", "-f", tab("my", ""))).toContain("crontab.stable.example.com/my created");
    expect(await ok("get", "ct")).toMatch(/^NAME +SPEC *\nmy +\* \* \* \* 5\n$/);
    expect(await ok("scale", "--replicas=4", "ct/my")).toContain("scaled");
    expect(await ok("get", "ct", "my", "-o", "jsonpath={.spec.replicas}")).toBe("4");
    const refused = await run("apply", "-f", tab("big", ", replicas: 11"));
    expect(refused.err).toContain("spec.replicas in body should be less than or equal to 10");
  });

  test("who may do what", async () => {
    expect(await ok("auth", "can-i", "create", "pods")).toBe("yes\n");
    const denied = await run("--token=weak", "get", "pods");
    expect(denied.err).toContain(
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
    );
    await ok("create", "rolebinding", "jane-views", "--clusterrole=view", "--user=jane");
    expect((await run("--token=weak", "get", "pods")).code).toBe(0);
    expect((await run("--token=weak", "delete", "pod", "none")).err).toContain("Forbidden");
    const can = await run("--token=weak", "auth", "can-i", "delete", "pods");
    expect([can.code, can.out.trim()]).toEqual([1, "no"]);
  });

  test("watch and wait see what happens", async () => {
    await ok("run", "watched", "--image=a");
    const env = { ...process.env, HOME: folder, KUBECONFIG: join(folder, "config") };
    const watching = spawn(
      kubectl ?? "",
      ["get", "pods", "watched", "--watch", "-o", "jsonpath={.metadata.labels.seen} "],
      { env },
    );
    let heard = "";
    watching.stdout.on("data", (part: Buffer) => (heard += part.toString()));
    try {
      // The first answer is there before the label is.
      await expect.poll(() => heard).toBe(" ");
      await ok("label", "pod", "watched", "seen=yes");
      await expect.poll(() => heard).toContain("yes");
    } finally {
      watching.kill();
    }
    // What isn't there isn't waited for: the pod goes once its watch has begun, which kubectl tells of at -v=6.
    const waiting = spawn(kubectl ?? "", ["wait", "--for=delete", "pod/watched", "--timeout=50s", "-v=6"], { env });
    const ended = once(waiting, "exit");
    let told = "";
    waiting.stderr.on("data", (part: Buffer) => (told += part.toString()));
    await expect.poll(() => told).toContain("watch=true");
    await ok("delete", "pod", "watched", "--wait=false");
    expect((await ended)[0]).toBe(0);
    expect((await run("get", "pod", "watched")).code).toBe(1);
  });
});
