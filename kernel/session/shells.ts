import { randomUUID } from "node:crypto";
import type { Header } from "../wire/index.js";
import type { CommNotice } from "./comms.js";

/** A request in a shell's queue. */
export interface Waiting {
  /** The client's session. */
  readonly client: string;
  run: () => Promise<void>;
  /** What takes the place of `run` when an earlier execute_request of the same client fails. */
  readonly abort?: () => Promise<void>;
  /** What it delivers; more may join. */
  readonly notices?: CommNotice[];
}

/** A queue whose requests are answered one after the other. */
export interface Shell {
  enqueue(waiting: Waiting): void;
  /** The comm messages that wait at its end; more may join them. */
  lastNotices(): CommNotice[] | undefined;
  /** An execute_request failed: aborts those that its client sent before it could know. */
  abort(client: string): void;
  /** Whether a request was under way when its client's latest failure was replied. */
  crossedFailure(header: Header): boolean;
}

/** The main shell, and the subshells beside it. */
export interface Shells {
  /** Undefined for a subshell that isn't, or is no more. */
  find(id: unknown): Shell | undefined;
  create(): string;
  /** Aborts what waits in it; what runs goes on to its end. @returns false where there is none */
  delete(id: string): boolean;
  list(): string[];
}

/**
 * How long after a failure requests still come in that were sent before it, in ms: those of "Run All", one by one
 * through the server. Beyond, a client's clock that goes wrong would abort what it sent later.
 */
const underWay = 100;

export function createShells(): Shells {
  const main = createShell();
  const others = new Map<string, ReturnType<typeof createShell>>();
  return {
    find(id) {
      if (id === undefined || id === null) return main;
      return typeof id === "string" ? others.get(id) : undefined;
    },
    create() {
      const id = randomUUID();
      others.set(id, createShell());
      return id;
    },
    delete(id) {
      others.get(id)?.abortAll();
      return others.delete(id);
    },
    list: () => [...others.keys()],
  };
}

function createShell(): Shell & { abortAll(): void } {
  const queue: Waiting[] = [];
  let draining = false;
  /** By client: when the latest failure was replied, by the clock that dates messages and by one that never jumps. */
  const failures = new Map<string, { readonly date: number; readonly time: number }>();

  async function drain(): Promise<void> {
    draining = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await next.run();
    draining = false;
  }

  function abortWhere(concerns: (waiting: Waiting) => boolean): void {
    for (const waiting of queue) if (concerns(waiting)) waiting.run = waiting.abort ?? waiting.run;
  }

  return {
    enqueue(waiting) {
      queue.push(waiting);
      if (!draining) void drain();
    },
    lastNotices: () => queue.at(-1)?.notices,
    abort(client) {
      abortWhere((waiting) => waiting.client === client);
      const now = performance.now();
      for (const [each, { time }] of failures) if (now - time >= underWay) failures.delete(each);
      failures.set(client, { date: Date.now(), time: now });
    },
    crossedFailure({ session, date }) {
      const failure = failures.get(session);
      return failure !== undefined && performance.now() - failure.time < underWay && Date.parse(date) < failure.date;
    },
    abortAll() {
      abortWhere(() => true);
    },
  };
}
