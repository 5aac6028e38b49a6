import type { KubeObject } from "../objects/value.js";
import type { ApiRequest, ApiResponse, ApiStream, User } from "./request.js";

/** What clients ask of a pod's containers and only its node can answer. */
export interface NodeCall {
  readonly subresource: "log" | "exec" | "attach" | "portforward" | "proxy";
  /** Undefined for a node's own proxy. */
  readonly pod: KubeObject | undefined;
  readonly node: string;
  readonly query: Readonly<Record<string, string>>;
  /** What follows `proxy/`. */
  readonly path: string;
  readonly request: ApiRequest;
  readonly user: User;
}

/** The API server's way to the kubelets. The kubelets supply it. */
export type NodeProxy = (call: NodeCall) => ApiResponse | ApiStream;
