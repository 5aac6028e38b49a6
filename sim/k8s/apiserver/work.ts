import type { ResourceRequest } from "./request-info.js";

/** What an API server has done since it began (its metrics `apiserver_request_total` and `apiserver_watch_events_total`). */
export interface ApiWork {
  /** Requests for resources by verb, refused ones too. */
  readonly requests: Record<ResourceRequest["verb"], number>;
  /** Told to watchers, each by itself; without bookmarks. */
  events: number;
}

export const noWork = (): ApiWork => ({
  requests: { get: 0, list: 0, watch: 0, create: 0, update: 0, patch: 0, delete: 0, deletecollection: 0 },
  events: 0,
});
