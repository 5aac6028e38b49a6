import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { s } from "../../sim/core/index.js";
import { lab, serve, type ServedCluster } from "../../kernel/api/index.js";
import { programs } from "../sim/k8s/node/real-cluster.js";

// Debian's kubernetes-client, unpacked where `.ci/run` says, or whatever kubectl is installed.
const kubectl = [process.env["VIRTLAB_KUBECTL"], "/usr/bin/kubectl"].find(
  (path) => path !== undefined && path !== "" && existsSync(path),
);
if (kubectl === undefined) console.log("kubectl is not installed (Debian: kubernetes-client): its suite is skipped");

const pods = `
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: main, image: "nginx:alpine", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: echo}
spec:
  restartPolicy: Never
  containers:
    - {name: main, image: busybox, stdin: true, stdinOnce: true, command: [sh, -c, "while read line; do echo got $line; done"]}
---
apiVersion: v1
kind: Pod
metadata: {name: counts}
spec:
  restartPolicy: Never
  containers:
    - {name: main, image: busybox, command: [sh, -c, "for i in 1 2 3; do echo $i; sleep 2; done"]}
`;

describe.skipIf(kubectl === undefined)("stock kubectl with a cluster whose pods have processes", () => {
  const cluster = lab({ seed: 5 }).kubernetes({ nodes: 1, runtime: "containers", programs });
  let served: ServedCluster;
  let folder: string;

  beforeAll(async () => {
    cluster.apply(pods);
    cluster.run(s(3));
    served = await serve(cluster, { pace: 20 });
    folder = mkdtempSync(join(tmpdir(), "virtlab-kubectl-"));
  });
  afterAll(async () => {
    await served.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const environment = () => ({ ...process.env, HOME: folder, KUBECONFIG: served.kubeconfig });
  const run = (args: readonly string[], input?: string): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      const child = execFile(kubectl ?? "", args, { env: environment(), timeout: 20_000 }, (error, out, err) => {
        resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, out, err });
      });
      if (input !== undefined) child.stdin?.end(input);
    });

  test("logs --follow hears a container to its end", async () => {
    expect(await run(["logs", "--follow", "counts"])).toEqual({ code: 0, out: "1\n2\n3\n", err: "" });
  });

  test("exec: output, errors, exit code", async () => {
    const script = "hostname; echo oops >&2; exit 4";
    const { code, out, err } = await run(["exec", "web", "--", "sh", "-c", script]);
    expect([code, out]).toEqual([4, "web\n"]);
    expect(err).toBe("oops\ncommand terminated with exit code 4\n");
    const lost = await run(["exec", "web", "--", "/no/such"]);
    expect(lost.code).not.toBe(0);
    expect(lost.err).toMatch(/no such file or directory/);
    expect((await run(["exec", "missing", "--", "true"])).err).toContain('pods "missing" not found');
  });

  test("exec --stdin reads what it is given, to its end", async () => {
    const long = "a line of some length\n".repeat(5000);
    const { code, out } = await run(["exec", "--stdin", "web", "--", "wc", "-c"], long);
    expect([code, Number(out)]).toEqual([0, long.length]);
    const copied = await run(["exec", "--stdin", "web", "--", "cat"], long);
    expect(copied.out).toBe(long);
  });

  test("attach hears and speaks", async () => {
    const { out } = await run(["attach", "--stdin", "echo"], "one\ntwo\n");
    expect(out).toContain("got one\ngot two\n");
  });

  test("port-forward carries HTTP, one connection after the other", async () => {
    const child = spawn(kubectl ?? "", ["port-forward", "pod/web", ":80"], { env: environment() });
    try {
      const port = await new Promise<number>((resolve, reject) => {
        let text = "";
        child.stdout.on("data", (bytes: Buffer) => {
          text += bytes.toString();
          const found = /127\.0\.0\.1:(\d+) -> 80/.exec(text)?.[1];
          if (found !== undefined) resolve(Number(found));
        });
        child.on("exit", () => {
          reject(new Error(`kubectl ended: ${text}`));
        });
      });
      for (let i = 0; i < 3; i++)
        expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("web 127.0.0.1\n");
    } finally {
      child.kill();
    }
  });
});
