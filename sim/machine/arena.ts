import { formatBytes, UsageError } from "../core/index.js";
import { createMemory, type Memory } from "../wasm/index.js";
import { hartLayout, pageSize } from "./layout.js";

/** The one WebAssembly memory of a machine: the harts' state, and RAM behind it. */
export interface Arena {
  readonly memory: Memory;
  readonly harts: number;
  /** Where RAM begins in the memory, and how many bytes it has. */
  readonly ramStart: number;
  readonly ramSize: number;
  /** Where a byte for each page begins, and behind these another (`RamPages`). */
  readonly marksStart: number;
}

/** WebAssembly's page, and how many of them a memory has at most (WebAssembly JavaScript Interface, section "Limits"). */
const wasmPage = 65536;
const mostPages = 65536;

/**
 * Room for the harts and `ramSize` bytes of RAM, all zeros. It never grows, so its buffer stays the same.
 * @throws UsageError for a size that is not whole pages, or more than WebAssembly or this computer gives
 */
export function createArena(harts: number, ramSize: number): Arena {
  const ramStart = harts * hartLayout.size;
  const marksOf = (size: number): number => (2 * size) / pageSize;
  const most = ((mostPages * wasmPage - ramStart) * pageSize) / (pageSize + marksOf(pageSize));
  if (!(Number.isSafeInteger(ramSize) && ramSize > 0 && ramSize % pageSize === 0)) {
    throw new UsageError(
      `a machine cannot have ${ramSize} bytes of memory`,
      `Give whole pages of ${pageSize} bytes, as MiB(64).`,
    );
  }
  if (ramSize > most) {
    throw new UsageError(
      `a machine cannot have ${formatBytes(ramSize)} of memory: WebAssembly addresses 4 GiB`,
      `Give at most ${Math.floor(most / 2 ** 20)} MiB.`,
    );
  }
  try {
    const marksStart = ramStart + ramSize;
    const memory = createMemory(Math.ceil((marksStart + marksOf(ramSize)) / wasmPage));
    return { memory, harts, ramStart, ramSize, marksStart };
  } catch {
    throw new UsageError(
      `this computer has no ${formatBytes(ramSize)} for the machine's memory`,
      "Give less memory, or let go of machines that are no longer used.",
    );
  }
}
