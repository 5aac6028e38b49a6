import type { Activity } from "../../core/index.js";
import { isObject, listAt, stringAt, type Json } from "../objects/value.js";
import { parseYaml } from "../objects/yaml.js";
import { failure } from "./failure.js";
import type { CommandLine } from "./flags.js";

/** Whom a kubectl outside of the API server's process asks, and as whom. */
export interface Configured {
  /** `https://10.0.0.1:6443`. */
  readonly server: string;
  readonly token: string | undefined;
  readonly namespace: string;
  /** The name of the user's entry. */
  readonly user: string;
}

/** Where the token of a pod's service account lies. */
const account = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * What a command line, a kubeconfig and a pod's service account say, in this order (kubernetes.io, "Organizing Cluster Access Using kubeconfig
 * Files"): `--kubeconfig`, the file of `KUBECONFIG` or ~/.kube/config, else where the pod finds the API.
 * @param read a file's text; undefined where there is none
 * @throws KubectlFailure
 */
export function* configured(
  line: CommandLine,
  env: Readonly<Record<string, string>>,
  read: (path: string) => Activity<string | undefined>,
): Activity<Configured> {
  const named = line.value("kubeconfig") ?? env["KUBECONFIG"];
  const text = yield* read(named ?? `${env["HOME"] ?? ""}/.kube/config`);
  if (text === undefined && line.has("kubeconfig")) throw failure(`stat ${named ?? ""}: no such file or directory`);
  const config: Json = text === undefined ? {} : (parseYaml(text)[0] ?? {});
  const entry = (list: string, name: string): Json | undefined =>
    listAt(config, list).find((each) => stringAt(each, "name") === name);
  const contextName = line.value("context") ?? stringAt(config, "current-context") ?? "";
  const context = entry("contexts", contextName);
  if (line.has("context") && context === undefined) throw failure(`context "${contextName}" does not exist`);
  const clusterName = line.value("cluster") ?? stringAt(context, "context", "cluster") ?? "";
  const cluster = entry("clusters", clusterName);
  if (line.has("cluster") && cluster === undefined) throw failure(`cluster "${clusterName}" does not exist`);
  const userName = line.value("user") ?? stringAt(context, "context", "user") ?? "";
  const user = entry("users", userName);
  if (line.has("user") && user === undefined) throw failure(`auth info "${userName}" does not exist`);
  const inPod = isObject(cluster) ? undefined : yield* read(`${account}/token`);
  const host = env["KUBERNETES_SERVICE_HOST"] ?? "10.96.0.1";
  return {
    server:
      line.value("server") ??
      stringAt(cluster, "cluster", "server") ??
      (inPod === undefined ? "http://localhost:8080" : `https://${host}:${env["KUBERNETES_SERVICE_PORT"] ?? "443"}`),
    token: line.value("token") ?? stringAt(user, "user", "token") ?? inPod?.trim(),
    namespace:
      line.value("namespace") ??
      stringAt(context, "context", "namespace") ??
      (inPod === undefined ? undefined : (yield* read(`${account}/namespace`))?.trim()) ??
      "default",
    user: userName,
  };
}
