import { s, type Engine, type Rng } from "../../core/index.js";
import type { Resource } from "../objects/kinds.js";
import { groupVersion } from "../objects/kinds.js";
import type { JsonObject, KubeObject } from "../objects/value.js";
import type { Change, Collection } from "./collection.js";
import { selects, tooLarge } from "./listing.js";
import type { ListOptions } from "./options.js";
import type { ApiWork } from "./work.js";
import { watchEvent, type ApiStream, type StreamSink, type WatchEvent } from "./request.js";
import { expired } from "./status.js";

/** How often a watch that allows it hears how far it has come (kubernetes, `defaultBookmarkFrequency`). */
const bookmarkPeriod = s(60);
/** How long a watch lasts that says nothing: between this and twice it (`--min-request-timeout`). */
const leastTimeout = 1800;

/** A change in the form that clients read, the same object for all of them. */
export type Present = (object: KubeObject) => KubeObject | JsonObject;

interface Surroundings {
  readonly engine: Engine;
  readonly rng: Rng;
  /** The store's present revision. */
  readonly revision: () => number;
  readonly work: ApiWork;
}

/** A change as most watchers see it: one event for all of them. */
const toldOf = (change: Change): WatchEvent => (change.told ??= watchEvent(change.type, change.object));

/** What a watcher that selects hears of a change; undefined where it is none of its business. */
function asSeen(change: Change, options: ListOptions): WatchEvent | undefined {
  const { type, object, previous } = change;
  if (options.labels.length === 0 && options.fields.length === 0) return toldOf(change);
  const before = previous !== undefined && selects(options, previous);
  if (type === "DELETED") return before ? toldOf(change) : undefined;
  if (selects(options, object)) {
    const seen = before ? "MODIFIED" : "ADDED";
    return seen === type ? toldOf(change) : watchEvent(seen, object);
  }
  if (!before) return undefined;
  // It has left the selection: seen as it was, at the revision at which it left.
  const { resourceVersion = "" } = object.metadata;
  return watchEvent("DELETED", { ...previous, metadata: { ...previous.metadata, resourceVersion } });
}

/**
 * A watch (kubernetes.io, "API concepts", efficient detection of changes): what there is or what has changed since a revision,
 * then each change as it happens, until the client or its timeout ends it.
 */
export function watch(
  collection: Collection,
  resource: Resource,
  prefix: string,
  options: ListOptions,
  present: Present | undefined,
  { engine, rng, revision, work }: Surroundings,
  type = "application/json",
): ApiStream {
  const from = options.resourceVersion === "" ? 0 : Number(options.resourceVersion);
  if (from > revision()) throw tooLarge(from, revision());
  const formed = (event: WatchEvent): WatchEvent =>
    present === undefined ? event : watchEvent(event.type, present(event.object as KubeObject));
  const bookmark = (end: boolean): WatchEvent => {
    const annotations = end ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
    const object: KubeObject = {
      kind: resource.kind,
      apiVersion: groupVersion(resource),
      metadata: { resourceVersion: String(revision()), ...annotations },
    };
    return formed(watchEvent("BOOKMARK", object));
  };

  const equality = options.fields.find(({ equal }) => equal);
  const namespace = prefix.slice(collection.prefix.length).replace(/\/$/, "");
  const trigger = equality ?? (namespace === "" ? undefined : { path: "metadata.namespace", value: namespace });
  const begin = (sink: StreamSink): (() => void) => {
    const tell = (event: WatchEvent): void => {
      work.events++;
      sink.event(formed(event));
    };
    const initial = options.sendInitialEvents ?? from === 0;
    if (initial) {
      for (const object of collection.under(prefix)) if (selects(options, object)) tell(watchEvent("ADDED", object));
      if (options.sendInitialEvents === true) sink.event(bookmark(true));
    } else {
      const missed = collection.changesSince(from > 0 ? from : revision(), trigger);
      if (missed === undefined) {
        sink.event(watchEvent("ERROR", expired(`too old resource version: ${from} (${collection.since})`).status));
        sink.end();
        return () => undefined;
      }
      for (const change of missed) {
        const seen = change.key.startsWith(prefix) ? asSeen(change, options) : undefined;
        if (seen !== undefined) tell(seen);
      }
    }
    const stop = collection.follow({
      trigger,
      change: (change) => {
        if (!change.key.startsWith(prefix)) return;
        const seen = asSeen(change, options);
        if (seen !== undefined) tell(seen);
      },
    });
    // Neither keeps a world running that has nothing else to do.
    const lasts = options.timeoutSeconds ?? leastTimeout * (1 + rng.uniform());
    const endings = [stop];
    const over = (): void => {
      for (const end of endings) end();
    };
    const cancel = engine.after(
      s(Math.min(lasts, 3e6)),
      () => {
        over();
        sink.end();
      },
      { name: "watch timeout", background: true },
    );
    endings.push(cancel);
    if (options.allowWatchBookmarks) {
      const tick = (): void => {
        sink.event(bookmark(false));
        next = engine.after(bookmarkPeriod, tick, { name: "watch bookmark", background: true });
      };
      let next = engine.after(bookmarkPeriod, tick, { name: "watch bookmark", background: true });
      endings.push(() => next());
    }
    return over;
  };
  return {
    status: 200,
    headers: { "content-type": type, "cache-control": "no-cache, private" },
    stream: begin,
  };
}
