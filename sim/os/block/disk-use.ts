/** What io.max limits: bytes and requests a second. */
export const ioLimits = ["rbps", "wbps", "riops", "wiops"] as const;
export type IoLimit = (typeof ioLimits)[number];

export type IoOperation = "read" | "write";

/** What a group did with one disk: io.stat. */
interface IoCounts {
  rbytes: number;
  wbytes: number;
  rios: number;
  wios: number;
}

/** What a group has to do with one disk. */
export class DiskUse {
  readonly counts: IoCounts = { rbytes: 0, wbytes: 0, rios: 0, wios: 0 };
  readonly max: Map<IoLimit, number> = new Map();
  /** Of io.weight, where it says something of this disk alone. */
  weight: number | undefined;
  /** Until when what was begun has used up each limit. */
  readonly #used = new Map<IoLimit, number>();

  /** @returns when a request that comes at `now` has had its turn under the limits, in nanoseconds */
  pass(now: number, op: IoOperation, bytes: number): number {
    let passed = now;
    for (const [limit, amount] of op === "read"
      ? ([
          ["rbps", bytes],
          ["riops", 1],
        ] as const)
      : ([
          ["wbps", bytes],
          ["wiops", 1],
        ] as const)) {
      const max = this.max.get(limit);
      if (max === undefined) continue;
      const end = Math.max(now, this.#used.get(limit) ?? 0) + Math.round((amount / max) * 1e9);
      this.#used.set(limit, end);
      passed = Math.max(passed, end);
    }
    return passed;
  }

  /** A limit is set anew; undefined lifts it. What was begun keeps its turn. */
  limit(limit: IoLimit, max: number | undefined): void {
    this.#used.delete(limit);
    if (max === undefined) this.max.delete(limit);
    else this.max.set(limit, max);
  }
}
