import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian's kubernetes-client, unpacked where `.ci/run` says, or whatever kubectl is installed; undefined where there is none. */
export const stockKubectl: string | undefined = [process.env["VIRTLAB_KUBECTL"], "/usr/bin/kubectl"].find(
  (path) => path !== undefined && path !== "" && existsSync(path),
);
if (stockKubectl === undefined)
  console.log("kubectl is not installed (Debian: kubernetes-client): its suite is skipped");

/** Whether a kubectl is newer than Debian's 1.20, and so speaks protobuf and WebSockets. */
const isNewer = (path: string): boolean =>
  existsSync(path) && Number(/v1\.(\d+)/.exec(spawnSync(path, ["version", "--client"]).stdout.toString())?.[1]) > 30;

/** A kubectl of 1.31 or later: the one that `VIRTLAB_KUBECTL_NEW` names, or one on the path; undefined where there is none. */
export const newerKubectl: string | undefined = [
  process.env["VIRTLAB_KUBECTL_NEW"] ?? "",
  ...(process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "kubectl")),
].find(isNewer);

export interface KubectlRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a stock kubectl to its end. @param home where it keeps what it remembers of servers @param more of the environment */
export function runKubectl(
  kubeconfig: string,
  home: string,
  args: readonly string[],
  input?: string,
  program: string = stockKubectl ?? "",
  more: Readonly<Record<string, string>> = {},
): Promise<KubectlRun> {
  return new Promise((resolve) => {
    const env = { ...process.env, HOME: home, KUBECONFIG: kubeconfig, ...more };
    const child = execFile(program, args, { env, timeout: 60_000, maxBuffer: 2 ** 26 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, out, err });
    });
    child.stdin?.end(input ?? "");
  });
}
