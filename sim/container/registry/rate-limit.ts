import { UsageError, type Engine } from "../../core/index.js";
import type { Headers } from "../../net/index.js";

export interface RateLimitOptions {
  /** Pulls in a window for who gave no name, by address. Docker Hub had 100 in 6 hours from 2020 to 2025. */
  readonly anonymous: number;
  /** For users. 200 in 6 hours. */
  readonly authenticated: number;
  /** In seconds. */
  readonly window: number;
}

interface Window {
  readonly until: number;
  pulls: number;
}

/**
 * Docker Hub's limit on pulls: a request for a manifest by GET counts, one by HEAD only reads the counter
 * (docs.docker.com/docker-hub/usage). Windows are fixed: one begins with the first pull after the last.
 */
export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #engine: Engine;
  readonly #windows = new Map<string, Window>();

  constructor(options: RateLimitOptions, engine: Engine) {
    if (!(options.window > 0) || options.anonymous < 0 || options.authenticated < 0)
      throw new UsageError("a rate limit has to count pulls in a time above 0", "Give pulls from 0 on and seconds.");
    this.#options = options;
    this.#engine = engine;
  }

  /** @returns the headers to answer with, and whether this pull may be */
  count(
    user: string | undefined,
    address: string,
    counts: boolean,
  ): { readonly allowed: boolean; readonly headers: Headers } {
    const { anonymous, authenticated, window } = this.#options;
    const source = user ?? address;
    const most = user === undefined ? anonymous : authenticated;
    const now = this.#engine.now;
    let current = this.#windows.get(source);
    if (current === undefined || current.until <= now) {
      current = { until: now + window * 1e9, pulls: 0 };
      if (counts) this.#windows.set(source, current);
    }
    const allowed = !counts || current.pulls < most;
    if (allowed && counts) current.pulls++;
    const left = Math.max(0, most - current.pulls);
    return {
      allowed,
      headers: {
        "ratelimit-limit": `${most};w=${window}`,
        "ratelimit-remaining": `${left};w=${window}`,
        "docker-ratelimit-source": source,
        ...(!allowed && { "retry-after": String(Math.ceil((current.until - now) / 1e9)) }),
      },
    };
  }
}
