import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lab, serve, type ServedCluster } from "../../kernel/api/index.js";

// Debian's kubernetes-client, unpacked where `.ci/run` says, or whatever kubectl is installed.
const kubectl = [process.env["VIRTLAB_KUBECTL"], "/usr/bin/kubectl"].find(
  (path) => path !== undefined && path !== "" && existsSync(path),
);
if (kubectl === undefined) console.log("kubectl is not installed (Debian: kubernetes-client): its suite is skipped");

const cluster = lab({ seed: 5 }).kubernetes({ nodes: 3 });
let served: ServedCluster;
let folder: string;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const env = { ...process.env, HOME: folder, KUBECONFIG: served.kubeconfig };
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

const web = (image: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: ${image}
        ports: [{containerPort: 80}]
        readinessProbe: {httpGet: {port: 80}, periodSeconds: 2}
`;

describe.skipIf(kubectl === undefined)("stock kubectl with a whole cluster", () => {
  beforeAll(async () => {
    served = await serve(cluster, { pace: 10 });
    folder = mkdtempSync(join(tmpdir(), "virtlab-kubectl-"));
  });
  afterAll(async () => {
    await served.close();
    rmSync(folder, { recursive: true, force: true });
    expect(existsSync(served.kubeconfig)).toBe(false);
  });

  test("get and describe nodes", async () => {
    expect(await ok("get", "nodes")).toMatch(
      /^NAME +STATUS +ROLES +AGE +VERSION\nnode-1 +Ready +<none> +\d+s +v1\.32\.0\n/,
    );
    const described = await ok("describe", "node", "node-2");
    expect(described).toMatch(/Ready +True .* KubeletReady +kubelet is posting ready status/);
    expect(described).toMatch(/HolderIdentity: +node-2/);
    expect(described).toMatch(/PodCIDR: +10\.244\.2\.0\/24/);
    expect(described).toMatch(/Normal +NodeReady .* kubelet +Node node-2 status is now: NodeReady/);
  });

  test("apply, roll out, scale, get, describe, delete", async () => {
    const file = join(folder, "web.yaml");
    writeFileSync(file, web("nginx:1.26"));
    expect(await ok("apply", "-f", file)).toBe("deployment.apps/web created\n");
    expect(await ok("rollout", "status", "deploy/web")).toContain('deployment "web" successfully rolled out');
    expect(await ok("get", "deploy", "web")).toMatch(/web +3\/3 +3 +3 /);
    expect(await ok("get", "pods", "-o", "wide")).toMatch(/web-\S+ +1\/1 +Running +0 +\d+s +10\.244\.\d\.\d+ +node-\d/);
    writeFileSync(file, web("nginx:1.27"));
    expect(await ok("apply", "-f", file)).toBe("deployment.apps/web configured\n");
    expect(await ok("rollout", "status", "deploy/web")).toContain("successfully rolled out");
    expect(await ok("rollout", "history", "deploy/web")).toMatch(/^1 .*\n2 /m);
    expect(await ok("rollout", "undo", "deploy/web")).toContain("rolled back");
    const image = "jsonpath={.items[*].spec.containers[0].image}";
    expect(await ok("get", "pods", "-l", "app=web", "-o", image)).toBe("nginx:1.26 nginx:1.26 nginx:1.26");
    expect(await ok("scale", "--replicas=1", "deploy/web")).toContain("scaled");
    const names = (await ok("get", "pods", "-l", "app=web", "-o", "name")).trim().split("\n");
    expect(names).toHaveLength(1);
    const described = await ok("describe", names[0] ?? "");
    for (const line of [
      /^Status: +Running$/m,
      /^ {4}Ready: +True$/m,
      /Normal +Scheduled .*default-scheduler +Successfully assigned default\/web-\S+ to node-\d/,
      /Normal +Started .*kubelet.* +Started container web/,
    ])
      expect(described).toMatch(line);
    expect(await ok("delete", "deploy", "web")).toContain('deployment.apps "web" deleted');
    expect(await ok("get", "pods", "-l", "app=web", "-o", "name")).toBe("");
  });

  test("create, wait, logs, and what crashes", async () => {
    const command = ["--command", "--", "sh", "-c", "echo hello from inside; sleep 1; exit 3"];
    expect(await ok("run", "crash", "--image=busybox:1.36", ...command)).toBe("pod/crash created\n");
    expect(await ok("logs", "crash")).toBe("hello from inside\n");
    expect(await ok("get", "pod", "crash")).toMatch(/crash +0\/1 +CrashLoopBackOff +1 /);
    expect(await ok("describe", "pod", "crash")).toMatch(
      /Warning +BackOff .* Back-off restarting failed container crash/,
    );
    await ok("run", "slow", "--image=redis:7");
    expect(await ok("wait", "--for=condition=Ready", "pod/slow", "--timeout=30s")).toContain("condition met");
    const none = await run("logs", "none");
    expect([none.code, none.err]).toEqual([1, 'Error from server (NotFound): pods "none" not found\n']);
    expect(await ok("delete", "pod", "crash", "slow")).toContain('pod "crash" deleted');
    expect(await ok("get", "pods", "-o", "name")).toBe("");
  });

  test("cordon: nothing new comes to a node; uncordon: it does again", async () => {
    await ok("cordon", "node-1", "node-2");
    await ok("create", "deployment", "only", "--image=nginx:1.27", "--replicas=4");
    const nodes = "jsonpath={.items[*].spec.nodeName}";
    expect(new Set((await ok("get", "pods", "-o", nodes)).split(" "))).toEqual(new Set(["node-3"]));
    await ok("uncordon", "node-1", "node-2");
    await ok("delete", "deploy", "only");
  });
});
