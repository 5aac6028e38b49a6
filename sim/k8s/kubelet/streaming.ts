import type { NodeCall } from "../apiserver/node-proxy.js";
import { plain, type ApiResponse, type ApiStream, type WatchEvent } from "../apiserver/request.js";
import type { StreamOptions } from "../apiserver/session.js";
import { ApiError, badRequest } from "../apiserver/status.js";
import type { Pod } from "../client/pod-types.js";
import type { JsonObject } from "../objects/value.js";
import { RuntimeFailure, type ContainerRuntime, type PodState } from "./runtime.js";

const succeeded: JsonObject = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };

/** How the end of a process is told (kubernetes, `staging/src/k8s.io/kubelet/pkg/cri/streaming/remotecommand/exec.go`). */
export function endOf(exitCode: number): JsonObject {
  if (exitCode === 0) return succeeded;
  return {
    ...{ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason: "NonZeroExitCode" },
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
}

/** That it could not be begun. */
export const failureOf = (message: string): JsonObject => ({
  ...{ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason: "InternalError", code: 500 },
  message: `Internal error occurred: ${message}`,
});

/** Every value of a name in a query as it came. */
function valuesOf(query: string | Readonly<Record<string, string>> | undefined, name: string): string[] {
  if (typeof query !== "string") return query?.[name] === undefined ? [] : [query[name]];
  return query
    .replace(/^\?/, "")
    .split("&")
    .filter((part) => part.startsWith(`${name}=`))
    .map((part) => decodeURIComponent(part.slice(name.length + 1).replaceAll("+", " ")));
}

const isTrue = (text: string | undefined): boolean => text === "true" || text === "1";

/**
 * Answers exec, attach and port-forward: hands the session to who asked, where they can take it.
 * @throws ApiError for a container that doesn't run, or a request that can't be upgraded
 */
export function openSession(call: NodeCall, runtime: ContainerRuntime, pod: Pod, state: PodState): ApiResponse {
  const { subresource, query, request } = call;
  const { streaming } = runtime;
  if (streaming === undefined)
    throw new ApiError(501, "NotImplemented", `${subresource}: containers of this node have no processes`);
  if (request.connect === undefined) throw badRequest("Upgrade request required");
  const { name: podName = "", namespace = "" } = pod.metadata;
  const [sandbox] = state.sandboxes;
  if (sandbox?.ready !== true) throw new ApiError(404, "NotFound", `pod "${podName}_${namespace}" not found`);
  if (subresource === "portforward") {
    request.connect(streaming.forward(sandbox.id));
    return plain(101, "");
  }
  const name = query["container"] ?? pod.spec.containers[0]?.name ?? "";
  const container = state.containers.find((each) => each.name === name);
  if (container?.state !== "running")
    throw new ApiError(500, "InternalError", `unable to upgrade connection: container not found ("${name}")`);
  const options: StreamOptions = {
    stdin: isTrue(query["stdin"]),
    stdout: isTrue(query["stdout"]),
    stderr: isTrue(query["stderr"]) && !isTrue(query["tty"]),
    tty: isTrue(query["tty"]),
  };
  try {
    const session =
      subresource === "exec"
        ? streaming.exec(container.id, valuesOf(request.query, "command"), options)
        : streaming.attach(container.id, options);
    request.connect(session);
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) throw error;
    throw new ApiError(500, "InternalError", error.message);
  }
  return plain(101, "");
}

/** A part of a stream that is no change of an object: a piece of a log. */
const piece = (text: string): WatchEvent => ({ type: "BOOKMARK", object: {}, text: () => text });

/**
 * A container's log, and what is added to it until it ends: `logs --follow`.
 * @param text all that the log holds now, as the request wants it; called again when it has grown
 */
export function followed({ streaming }: ContainerRuntime, id: string, text: (all: boolean) => string): ApiStream {
  return {
    status: 200,
    headers: { "content-type": "text/plain; charset=utf-8" },
    stream: (sink) => {
      let told = text(true).length;
      let over = false;
      const first = text(false);
      if (first !== "") sink.event(piece(first));
      const wait = (): void => {
        const grown = streaming?.grown(id);
        if (grown === undefined) {
          over = true;
          sink.end();
          return;
        }
        grown.onSettled(() => {
          if (over) return;
          const now = text(true);
          if (now.length > told) sink.event(piece(now.slice(told)));
          told = now.length;
          wait();
        });
      };
      wait();
      return () => {
        over = true;
      };
    },
  };
}
