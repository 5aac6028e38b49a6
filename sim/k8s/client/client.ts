import { us, type Activity, type Nanos, type Signal, type World } from "../../core/index.js";
import type { ApiRequest, ApiResponse, ApiStream, User, WatchEvent } from "../apiserver/request.js";
import { isObject, listAt, stringAt, type Json, type JsonObject, type KubeObject } from "../objects/value.js";
import { apiVersionOf, pathOf, served, type Kind, type Served } from "./address.js";
import { ApiFailure } from "./failure.js";
import { TokenBucket } from "./token-bucket.js";
import type { KindName, Kinds, Scale } from "./types.js";

/** What answers requests: an `ApiServer`, or what chooses one. `undefined`: nobody is there, the connection is refused. */
export interface ApiEndpoint {
  handle(request: ApiRequest): ApiResponse | ApiStream | undefined;
  /** The same where an answer takes its time: over a store of several servers. */
  ask?(request: ApiRequest): Activity<ApiResponse | ApiStream | undefined>;
}

export interface ClientOptions {
  readonly world: World;
  readonly endpoint: ApiEndpoint;
  readonly user: User;
  /**
   * From a request to its answer; a watch's events take half of it. Default 500 µs: a round trip within a data centre (J. Dean,
   * "Building Software Systems at Google and Lessons Learned", 2010, "Numbers Everyone Should Know").
   */
  readonly latency?: Nanos;
  /** Requests a second, and how many at once, that the client allows itself (`--kube-api-qps`, `--kube-api-burst`). Default: any. */
  readonly qps?: number;
  readonly burst?: number;
}

export interface ListQuery {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly limit?: number;
  readonly continue?: string;
}

export interface DeleteQuery {
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
  readonly gracePeriodSeconds?: number;
  /** Refused with a conflict where the object is another by now. */
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** Objects of a kind: of its shape where it has one. */
export type ObjectOf<K extends Kind> = K extends KindName ? Kinds[K] : KubeObject;

export interface ListOf<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly continue: string;
}

/**
 * A component's way to the API. Calls are activities: `const pod = yield* client.get("pods", "default", "web")` takes the latency,
 * and fails with an `ApiFailure` that carries the Status.
 *
 * Simplification: a request's whole latency passes before the server sees it, so that a call is one event; the answer then comes at
 * once, while watches hear of the write later. So a cache is behind what its own component has just written, as in a real cluster.
 */
export class Client {
  readonly world: World;
  readonly user: User;
  readonly latency: Nanos;
  readonly #options: ClientOptions;
  readonly #bucket: TokenBucket | undefined;
  readonly #background: boolean;

  constructor(options: ClientOptions, background = false) {
    const { world, user, latency = us(500), qps, burst = (qps ?? 0) * 2 } = options;
    this.world = world;
    this.user = user;
    this.latency = latency;
    this.#options = options;
    this.#background = background;
    this.#bucket = qps === undefined ? undefined : new TokenBucket(world.engine, qps, burst);
  }

  /** The same, for work that never ends and so keeps no run going: heartbeats, leases. It shares no bucket with this one. */
  get background(): Client {
    return this.#background ? this : new Client(this.#options, true);
  }

  get<K extends Kind>(kind: K, namespace: string, name: string): Activity<ObjectOf<K>> {
    return this.#object<K>("GET", pathOf(kind, namespace, name));
  }

  /** In one namespace, or in all of them ("") . */
  *list<K extends Kind>(kind: K, namespace: string, query: ListQuery = {}): Activity<ListOf<ObjectOf<K>>> {
    const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
    const object = yield* this.request("GET", pathOf(kind, namespace), undefined, {
      query: Object.fromEntries(given) as Record<string, string>,
    });
    return {
      items: listAt(object, "items") as readonly ObjectOf<K>[],
      resourceVersion: stringAt(object, "metadata", "resourceVersion") ?? "",
      continue: stringAt(object, "metadata", "continue") ?? "",
    };
  }

  create<K extends Kind>(kind: K, namespace: string, object: JsonObject): Activity<ObjectOf<K>> {
    const body = { apiVersion: apiVersionOf(kind), kind: served(kind).kind, ...object };
    return this.#object<K>("POST", pathOf(kind, namespace), body);
  }

  /** Puts an object in the place of the one it was made from; a conflict where that has changed since. */
  update<K extends Kind>(kind: K, object: ObjectOf<K>, subresource = ""): Activity<ObjectOf<K>> {
    const { namespace = "", name = "" } = object.metadata;
    return this.#object<K>("PUT", pathOf(kind, namespace, name, subresource), object);
  }

  updateStatus<K extends Kind>(kind: K, object: ObjectOf<K>): Activity<ObjectOf<K>> {
    return this.update(kind, object, "status");
  }

  /** A JSON merge patch; `null` takes a key away. */
  patch<K extends Kind>(
    kind: K,
    namespace: string,
    name: string,
    patch: JsonObject,
    subresource = "",
  ): Activity<ObjectOf<K>> {
    const headers = { "content-type": "application/merge-patch+json" };
    const path = pathOf(kind, namespace, name, subresource);
    return this.#object<K>("PATCH", path, patch, { headers });
  }

  *delete(kind: Kind, namespace: string, name: string, query: DeleteQuery = {}): Activity<void> {
    const { uid, resourceVersion, ...rest } = query;
    const preconditions = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
    const body: JsonObject = { ...rest, ...(Object.keys(preconditions).length === 0 ? {} : { preconditions }) };
    yield* this.request("DELETE", pathOf(kind, namespace, name), body);
  }

  *deleteAll(kind: Kind, namespace: string, query: Omit<DeleteQuery, "uid" | "resourceVersion"> = {}): Activity<void> {
    yield* this.request("DELETE", pathOf(kind, namespace), { ...query });
  }

  /** What a subresource takes that is no form of the object itself: `binding`, `eviction`, `token`, `finalize`. */
  post(kind: Kind, namespace: string, name: string, subresource: string, body: JsonObject): Activity<JsonObject> {
    return this.request("POST", pathOf(kind, namespace, name, subresource), body);
  }

  *scale(kind: Kind, namespace: string, name: string): Activity<Scale> {
    return (yield* this.request("GET", pathOf(kind, namespace, name, "scale"))) as Scale;
  }

  *setScale(kind: Kind, namespace: string, name: string, replicas: number): Activity<void> {
    const headers = { "content-type": "application/merge-patch+json" };
    yield* this.request("PATCH", pathOf(kind, namespace, name, "scale"), { spec: { replicas } }, { headers });
  }

  /** All kinds of which objects can be listed and deleted, each in its preferred version, as discovery has them. */
  *discover(): Activity<readonly Served[]> {
    const groups = yield* this.request("GET", "/apis");
    const versions = listAt(groups, "groups").map((group) => stringAt(group, "preferredVersion", "groupVersion") ?? "");
    const found: Served[] = [];
    for (const groupVersion of ["v1", ...versions]) {
      const list = yield* this.request("GET", groupVersion === "v1" ? "/api/v1" : `/apis/${groupVersion}`);
      const [version = "", group = ""] = groupVersion.split("/").reverse();
      for (const row of listAt(list, "resources")) {
        const verbs = listAt(row, "verbs");
        const plural = stringAt(row, "name") ?? "";
        if (
          !isObject(row) ||
          plural.includes("/") ||
          !["list", "watch", "delete"].every((verb) => verbs.includes(verb))
        )
          continue;
        found.push({
          group,
          version,
          plural,
          kind: stringAt(row, "kind") ?? "",
          namespaced: row["namespaced"] === true,
        });
      }
    }
    return found;
  }

  /**
   * Watches from a revision on. Events come in order, half the latency behind what they tell of.
   * @returns what ends it; `end` is called where the server does
   */
  *watch(
    kind: Kind,
    namespace: string,
    query: Readonly<Record<string, string>>,
    sink: { readonly events: (events: readonly WatchEvent[]) => void; readonly end: () => void },
  ): Activity<() => void> {
    const wait = this.#wait();
    if (wait !== undefined) yield wait;
    const request = {
      method: "GET",
      path: pathOf(kind, namespace),
      query: { ...query, watch: "true" },
      user: this.user,
    };
    const { endpoint } = this.#options;
    const answer = endpoint.ask === undefined ? endpoint.handle(request) : yield* endpoint.ask(request);
    if (answer?.stream === undefined) throw failureOf(answer);
    const { engine } = this.world;
    const delay = Math.floor(this.latency / 2) as Nanos;
    // What happens while a batch is on its way goes with the next one: an event for each batch, not for each change.
    let coming: WatchEvent[] = [];
    let planned: "none" | "background" | "foreground" = "none";
    let over = false;
    const deliver = (): void => {
      const events = coming;
      coming = [];
      planned = "none";
      // A batch that began with a bookmark and was hurried by a change may be empty by its own time.
      if (!over && events.length > 0) sink.events(events);
    };
    const stop = answer.stream({
      event: (event) => {
        coming.push(event);
        // A bookmark keeps no run going; a change does, also behind one.
        const wanted = event.type === "BOOKMARK" ? "background" : "foreground";
        if (planned === wanted || planned === "foreground") return;
        planned = wanted;
        engine.after(delay, deliver, { name: "watch events", background: wanted === "background" });
      },
      end: () => {
        engine.after(
          delay,
          () => {
            if (!over) sink.end();
          },
          { name: "watch end", background: true },
        );
      },
    });
    return () => {
      over = true;
      stop();
    };
  }

  /**
   * @param body never changed again: the store may keep parts of it
   * @throws ApiFailure for every answer that is no success
   */
  *request(
    method: string,
    path: string,
    body?: JsonObject,
    more: Pick<ApiRequest, "query" | "headers"> = {},
  ): Activity<JsonObject> {
    const wait = this.#wait();
    if (wait !== undefined) yield wait;
    const { query, headers } = more;
    const request = { method, path, query, headers, body, lasting: true, user: this.user };
    const { endpoint } = this.#options;
    const answer = endpoint.ask === undefined ? endpoint.handle(request) : yield* endpoint.ask(request);
    if (answer === undefined || answer.stream !== undefined || answer.status >= 400) throw failureOf(answer);
    return answer.object ?? {};
  }

  /** A request whose answer is an object of the kind. Each generator on the way would cost as much as the rest of the way. */
  #object<K extends Kind>(...asked: Parameters<Client["request"]>): Activity<ObjectOf<K>> {
    return this.request(...asked) as Activity<ObjectOf<K>>;
  }

  /** What a request waits for: its turn and the latency. */
  #wait(): Signal<void> | undefined {
    const { engine } = this.world;
    const turn = this.#bucket?.reserve() ?? 0;
    const wait = (turn + this.latency) as Nanos;
    return wait > 0 ? engine.delay(wait, { background: this.#background }) : undefined;
  }
}

function failureOf(answer: ApiResponse | ApiStream | undefined): ApiFailure {
  if (answer === undefined) return new ApiFailure(0, undefined, "connect: connection refused");
  return new ApiFailure(answer.status, answer.object);
}

/** An owner's reference in what it owns: `controller` and `blockOwnerDeletion`, as controllers set it. */
export const ownedBy = (kind: Kind, { metadata: { name = "", uid = "" } }: KubeObject): Json => ({
  apiVersion: apiVersionOf(kind),
  kind: served(kind).kind,
  name,
  uid,
  controller: true,
  blockOwnerDeletion: true,
});
