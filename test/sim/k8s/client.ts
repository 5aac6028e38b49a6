import { createWorld, type World } from "../../../sim/core/index.js";
import {
  ApiServer,
  type ApiServerOptions,
  type ApiRequest,
  type ApiResponse,
  type JsonObject,
  type ApiWatchEvent,
} from "../../../sim/k8s/index.js";

/** An API server and short words to talk to it. */
export interface TestClient {
  readonly world: World;
  readonly api: ApiServer;
  readonly send: (
    method: string,
    path: string,
    body?: ApiRequest["body"],
    headers?: Record<string, string>,
  ) => ApiResponse;
  readonly get: (path: string) => JsonObject;
  readonly post: (path: string, body: JsonObject) => ApiResponse;
  readonly patch: (path: string, type: string, body: unknown) => ApiResponse;
  readonly watch: (path: string) => ApiWatchEvent[];
}

function client(options: ApiServerOptions = {}, headers: Record<string, string> = {}): TestClient {
  const world = options.world ?? createWorld({ seed: 7 });
  const api = new ApiServer({ ...options, world });
  const send: TestClient["send"] = (method, full, body, more = {}) => {
    const [path = "", query = ""] = full.split("?", 2);
    const response = api.handle({
      method,
      path,
      query,
      headers: { ...headers, ...more },
      ...(body === undefined ? {} : { body }),
    });
    if (response.stream !== undefined) throw new Error(`${full} is a stream`);
    return response;
  };
  return {
    world,
    api,
    send,
    get: (path) => send("GET", path).object ?? {},
    post: (path, body) => send("POST", path, body),
    patch: (path, type, body) => send("PATCH", path, JSON.stringify(body), { "content-type": type }),
    watch: (full) => {
      const [path = "", query = ""] = full.split("?", 2);
      const events: ApiWatchEvent[] = [];
      const response = api.handle({ method: "GET", path, query: `watch=true&${query}`, headers });
      if (response.stream === undefined) throw new Error(`${full} is no stream: ${response.status}`);
      response.stream({ event: (event) => events.push(event), end: () => undefined });
      return events;
    },
  };
}

export const pods = "/api/v1/namespaces/default/pods";
export const pod = (name: string, more: JsonObject = {}): JsonObject => ({
  metadata: { name, labels: { app: name.charAt(0) } },
  spec: { containers: [{ name: "main", image: "nginx:1.27" }], ...more },
});

/** A client in whose default namespace pods can be made. */
export function ready(options: ApiServerOptions = {}, headers: Record<string, string> = {}): TestClient {
  const made = client(options, headers);
  made.api.handle({
    method: "POST",
    path: "/api/v1/namespaces/default/serviceaccounts",
    body: { metadata: { name: "default" } },
    user: { name: "root", groups: ["system:masters"] },
  });
  return made;
}
