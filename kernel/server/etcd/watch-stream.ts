import type { ServerDuplexStream } from "@grpc/grpc-js";
import { k8s } from "../../../sim/lab/index.js";
import { event } from "./messages.js";

interface WatchMessage {
  readonly createRequest?: {
    readonly key: string;
    readonly rangeEnd: string;
    readonly startRevision: number;
    readonly progressNotify: boolean;
    readonly filters: readonly ("NOPUT" | "NODELETE")[];
    readonly prevKv: boolean;
  };
  readonly cancelRequest?: { readonly watchId: number };
  readonly progressRequest?: object;
}

/** One stream carries many watches, each with its number. */
export function serveWatches(
  stream: ServerDuplexStream<unknown, object>,
  endpoint: k8s.EtcdEndpoint,
  header: (revision?: number) => object,
): void {
  const watchers = new Map<number, k8s.Watcher>();
  let next = 0;
  const end = (watchId: number, more: object): void => {
    watchers.get(watchId)?.cancel();
    watchers.delete(watchId);
    stream.write({ header: header(), watchId, canceled: true, ...more });
  };
  const create = (request: NonNullable<WatchMessage["createRequest"]>): void => {
    const watchId = next++;
    stream.write({ header: header(), watchId, created: true });
    const filters = request.filters.map((filter) => (filter === "NOPUT" ? "noPut" : "noDelete"));
    // etcd: an empty key with an end begins with the first key there is.
    const key = request.key === "" ? "\0" : request.key;
    const watcher = endpoint.watch({ ...request, key, filters }, (response) => {
      const { compactRevision, events } = response;
      if (compactRevision !== undefined) {
        end(watchId, { compactRevision });
        return;
      }
      stream.write({ header: header(response.header.revision), watchId, events: events.map(event) });
    });
    if (k8s.isEtcdError(watcher)) end(watchId, { cancelReason: watcher.message });
    else watchers.set(watchId, watcher);
  };
  stream.on("data", (message: WatchMessage) => {
    if (message.createRequest !== undefined) create(message.createRequest);
    else if (message.cancelRequest !== undefined) end(message.cancelRequest.watchId, {});
    // Of the stream as a whole: its number is −1.
    else if (message.progressRequest !== undefined) stream.write({ header: header(), watchId: -1, events: [] });
  });
  const close = (): void => {
    for (const watcher of watchers.values()) watcher.cancel();
    watchers.clear();
  };
  stream.on("end", () => {
    close();
    stream.end();
  });
  stream.on("cancelled", close);
  stream.on("error", close);
}
