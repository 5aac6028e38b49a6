import type { Activity, Trace } from "../../core/index.js";
import type { ApiRequest, ApiResponse, ApiStream, StreamSink, WatchEvent } from "../apiserver/request.js";
import type { ApiEndpoint } from "../client/client.js";
import { isObject, listAt, objectAt, stringAt, type JsonObject } from "../objects/value.js";

/** Who tells of themselves and not of objects: their requests would bury all others. */
const quiet = new Set(["Lease", "Event"]);

/** What of an object a row says. */
function fieldsOf(object: JsonObject): Record<string, string> {
  const { name = "", namespace = "" } = objectAt(object, "metadata") as { name?: string; namespace?: string };
  const owner = listAt(object, "metadata", "ownerReferences")[0];
  return {
    object: `${stringAt(object, "kind") ?? ""}/${namespace}/${name}`,
    owner: owner === undefined ? "" : `${stringAt(owner, "kind") ?? ""}/${namespace}/${stringAt(owner, "name") ?? ""}`,
    node: stringAt(object, "spec", "nodeName") ?? "",
    phase: stringAt(object, "status", "phase") ?? "",
  };
}

/**
 * An API server whose writes and watch events are traced: `api.write` with who wrote what, `api.watch` with who was told of it. From
 * these come the pictures of who does what.
 */
export function recorded(api: ApiEndpoint, trace: Trace): ApiEndpoint {
  if (!trace.kept) return api;
  // Watches hear of a write before its answer is there: told behind it, as cause and effect.
  let heard: (() => void)[] | undefined;
  const handle = (request: ApiRequest): ApiResponse | ApiStream | undefined => {
    heard = [];
    const answer = api.handle(request);
    const after = heard;
    heard = undefined;
    const who = request.user?.name ?? "client";
    const finish = (): void => {
      for (const tell of after) tell();
    };
    if (answer?.stream !== undefined) {
      finish();
      return heardBy(who, answer);
    }
    note(who, request, answer);
    finish();
    return answer;
  };
  const heardBy = (who: string, answer: ApiStream): ApiStream => ({
    ...answer,
    stream: (sink) =>
      answer.stream({
        end: () => {
          sink.end();
        },
        event: told(who, sink),
      }),
  });
  const note = (who: string, request: ApiRequest, answer: ApiResponse | undefined): void => {
    if (answer !== undefined && request.method !== "GET" && isObject(answer.object))
      wrote(who, request, answer.status, answer.object);
  };
  const told =
    (who: string, sink: StreamSink) =>
    (event: WatchEvent): void => {
      const kind = stringAt(event.object, "kind") ?? "";
      if (event.type !== "BOOKMARK" && event.type !== "ERROR" && !quiet.has(kind)) {
        const tell = (): void => {
          trace.emit("api.watch", who, { type: event.type, ...fieldsOf(event.object) });
        };
        if (heard === undefined) tell();
        else heard.push(tell);
      }
      sink.event(event);
    };
  const wrote = (who: string, { method, path }: ApiRequest, code: number, object: JsonObject): void => {
    const kind = stringAt(object, "kind") ?? "";
    if (quiet.has(kind)) return;
    const [, namespace = "", name = "", subresource = ""] =
      /\/namespaces\/([^/]+)\/pods\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? [];
    const fields = fieldsOf(object);
    // A binding's answer is no pod.
    const about = kind === "Status" && name !== "" ? { ...fields, object: `Pod/${namespace}/${name}` } : fields;
    trace.emit("api.write", who, { method, subresource, code, ...about });
  };
  if (api.ask === undefined) return { handle };
  const asked = function* (request: ApiRequest): Activity<ApiResponse | ApiStream | undefined> {
    const answer = yield* api.ask?.(request) ?? nobody();
    const who = request.user?.name ?? "client";
    if (answer?.stream !== undefined) return heardBy(who, answer);
    note(who, request, answer);
    return answer;
  };
  return { handle, ask: asked };
}

function* nobody(): Activity<undefined> {
  yield* [];
  return undefined;
}
