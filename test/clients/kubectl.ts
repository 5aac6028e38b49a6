import { execFile } from "node:child_process";
import { existsSync } from "node:fs";

/** Debian's kubernetes-client, unpacked where `.ci/run` says, or whatever kubectl is installed; undefined where there is none. */
export const stockKubectl: string | undefined = [process.env["VIRTLAB_KUBECTL"], "/usr/bin/kubectl"].find(
  (path) => path !== undefined && path !== "" && existsSync(path),
);
if (stockKubectl === undefined)
  console.log("kubectl is not installed (Debian: kubernetes-client): its suite is skipped");

export interface KubectlRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the stock kubectl to its end. @param home where it keeps what it remembers of servers */
export function runKubectl(
  kubeconfig: string,
  home: string,
  args: readonly string[],
  input?: string,
): Promise<KubectlRun> {
  return new Promise((resolve) => {
    const env = { ...process.env, HOME: home, KUBECONFIG: kubeconfig };
    const child = execFile(
      stockKubectl ?? "",
      args,
      { env, timeout: 60_000, maxBuffer: 2 ** 26 },
      (error, out, err) => {
        resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, out, err });
      },
    );
    child.stdin?.end(input ?? "");
  });
}
