import type { Activity } from "../../core/index.js";
import { mutable, objectAt } from "../objects/value.js";
import { json, parseQuery, type ApiRequest, type ApiResponse, type ApiStream } from "./request.js";
import { ApiError } from "./status.js";
import type { Storage, StorageFailure } from "./storage.js";

/** So often an update is made anew whose object has changed meanwhile (`GuaranteedUpdate` has no end to it). */
const attempts = 5;

/**
 * Answers a request over a store whose writes take time: what the request writes is gathered while it is handled, and answered when
 * the store has it. Where an object has changed meanwhile, the request is handled anew, and finds that by itself.
 * @param handle handles it at once
 */
export function* asked(
  storage: Storage,
  request: ApiRequest,
  handle: (request: ApiRequest) => ApiResponse | ApiStream,
): Activity<ApiResponse | ApiStream> {
  if (storage.commit === undefined) return handle(request);
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0 || isFresh(request)) {
      const wrong = yield* storage.current?.() ?? none();
      if (wrong !== undefined) return json(500, unavailable(wrong).status);
    }
    storage.begin?.();
    const answer = handle(request);
    const staged = storage.end?.() ?? [];
    if (staged.length === 0 || answer.status >= 400) return answer;
    const done = yield* storage.commit(staged);
    if (done.ok) return stamped(answer, done.revision);
    if (done.failure !== "conflict") return json(500, unavailable(done).status);
  }
  const text = "the object has been modified; please apply your changes to the latest version and try again";
  return json(409, new ApiError(409, "Conflict", text).status);
}

/** Whether a request reads the newest state: one object, or a list that no age will do for (kubernetes.io, "Resource versions"). */
function isFresh({ method, query, path }: ApiRequest): boolean {
  if (method !== "GET" || !/^\/apis?\//.test(path)) return false;
  const { watch, resourceVersion = "" } = parseQuery(query);
  return watch === undefined && resourceVersion === "";
}

/** An answer to a write with the revision that the write has got: in the object itself, or in the copy that a client's version is. */
function stamped<A extends ApiResponse | ApiStream>(answer: A, revision: number): A {
  const metadata = objectAt(answer.object, "metadata");
  if (metadata["name"] !== undefined) mutable(metadata)["resourceVersion"] = String(revision);
  return answer;
}

const unavailable = ({ why, failure }: StorageFailure): ApiError =>
  new ApiError(500, "InternalError", why ?? `etcdserver: mvcc: required revision is ${failure}`);

function* none(): Activity<undefined> {
  yield* [];
  return undefined;
}
