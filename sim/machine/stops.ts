import { nearest, UsageError } from "../core/index.js";
import type { Hart, Stop, Watchpoint } from "./hart/index.js";
import type { ImageSymbol } from "./image/image.js";
import { exceptionOf, hasNoHandler } from "./lost-harts.js";
import type { MachineStop } from "./machine-stop.js";

/** An address, or the name of what lies there. */
export type Place = bigint | number | string;

/** @throws UsageError for a name that no symbol has, with the nearest one */
export function addressOf(at: Place, symbols: readonly ImageSymbol[], machine: string): bigint {
  if (typeof at !== "string") return BigInt.asIntN(64, BigInt(at));
  const found = symbols.find(({ name }) => name === at);
  if (found !== undefined) return found.address;
  const names = symbols.map(({ name }) => name);
  const near = nearest(at, names);
  throw new UsageError(
    `${machine} has no symbol "${at}"`,
    near === undefined ? "Its programs have no symbols; give an address." : `Did you mean "${near}"?`,
  );
}

/** Where a machine's harts stop for whoever looks at them. */
export class Stops {
  readonly #harts: readonly Hart[];
  readonly #breakpoints = new Set<bigint>();
  /**
   * A program without a trap handler goes to address 0 at an exception, where mtvec points after a reset and where nothing is:
   * there it stops, with the exception as the reason.
   */
  readonly #catchesExceptions: boolean;

  constructor(harts: readonly Hart[], catchesExceptions: boolean) {
    this.#harts = harts;
    this.#catchesExceptions = catchesExceptions;
    if (catchesExceptions) for (const hart of harts) hart.setBreakpoint(0n, true);
  }

  break(address: bigint): void {
    this.#breakpoints.add(address);
    for (const hart of this.#harts) hart.setBreakpoint(address, true);
  }

  unbreak(address: bigint): boolean {
    if (address !== 0n || !this.#catchesExceptions) for (const hart of this.#harts) hart.setBreakpoint(address, false);
    return this.#breakpoints.delete(address);
  }

  watch(watchpoint: Watchpoint): () => void {
    for (const hart of this.#harts) hart.setWatchpoint(watchpoint, true);
    return () => {
      for (const hart of this.#harts) hart.setWatchpoint(watchpoint, false);
    };
  }

  /** Why the machine stops where a hart did; undefined where it goes on. */
  reason(hart: Hart, stop: Stop & { readonly kind: "breakpoint" | "watchpoint" }): MachineStop | undefined {
    if (stop.kind === "breakpoint" && stop.pc === 0n && !this.#breakpoints.has(0n)) {
      return hasNoHandler(hart) ? exceptionOf(hart) : undefined;
    }
    return { ...stop, hart: hart.id };
  }
}
