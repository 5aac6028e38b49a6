import { isLong, type Hart, type Instruction, type Machine } from "../machine/index.js";
import type { Allotment, Frames } from "./frames.js";
import { isSoundInUserMode, pageSize, privilege, routinesOf } from "./privileged.js";

/** Instructions of one unit of translation at most, as VMware's (Adams & Agesen 2006, section 3.1). */
export const unitLength = 12;
/** An instruction that met a device so often is rewritten. */
const patience = 4;
/** What stands in place of an instruction that must not execute directly: EBREAK, of the same size. */
const callout = { long: 0x0010_0073, short: 0x9002 } as const;

/** What the hart does for an instruction that is the same in all modes, or always traps. All else is sensitive. */
const innocuous: ReadonlySet<string> = new Set([
  "reserve",
  "takeReservation",
  "useFloats",
  "fenceInstructions",
  "environmentCall",
  "breakpoint",
]);
/** fflags, frm, fcsr: no privilege guards them. */
const floatCsrs: ReadonlySet<number> = new Set([1, 2, 3]);
const jumps: ReadonlySet<string> = new Set(["jal", "jalr", "sret", "mret", "ecall", "ebreak"]);

function isSensitive(instruction: Instruction): boolean {
  if (floatCsrs.has(instruction.fields.csr)) return false;
  return routinesOf(instruction.row).some((routine) => !innocuous.has(routine));
}

/** What is known of half a word of code: nothing; it was copied; a callout stands there. */
const state = { unknown: 0, identical: 1, rewritten: 2 } as const;

interface CodePage {
  /** Where the rewritten page lies in the host's memory. */
  readonly frame: number;
  /** A `state` for each half word. */
  readonly halves: Uint8Array;
  /** How often instructions met a device, by offset. */
  readonly met: Map<number, number>;
}

export interface CodeCacheParts {
  readonly guest: Hart;
  readonly host: Machine;
  readonly ramBase: number;
  readonly allotment: Allotment;
  readonly frames: Frames;
  /** Shadow tables have to be filled anew: pages are code now that were data, or the other way. */
  readonly forget: () => void;
}

/** What has been translated. */
export interface TranslationCounts {
  readonly units: number;
  /** Instructions that were copied as they are, and that became callouts. */
  readonly identical: number;
  readonly rewritten: number;
  /** Of these, the ones rewritten because they met devices. */
  readonly adapted: number;
}

/**
 * Rewritten code of a guest's kernel. A page of it is executed from a copy at the same virtual address: what is innocuous is
 * copied as it is, in place of each sensitive instruction there is a callout of the same size, and where nothing was scanned yet, no instruction
 * at all. So code is found as it is executed, a unit at a time, and nothing has to be relocated; VMware's translator moves code to
 * a cache of its own, which lets code and data share a page, where this one interprets the accesses to data.
 * Data are read and written in the original, and pages with rewritten code are write-protected, so that the copy stays true.
 *
 * What jumps into the middle of an instruction that was scanned executes what was copied: not looked for.
 * Source: K. Adams and O. Agesen, "A Comparison of Software and Hardware Techniques for x86 Virtualization", ASPLOS 2006, section 3.
 */
export class CodeCache {
  readonly #parts: CodeCacheParts;
  readonly #pages = new Map<number, CodePage>();
  readonly #scansUser: boolean;
  readonly #counts = { units: 0, identical: 0, rewritten: 0, adapted: 0 };

  constructor(parts: CodeCacheParts) {
    this.#parts = parts;
    const { guest, host } = parts;
    this.#scansUser = !isSoundInUserMode(guest.isa);
    host.bus.onWritten((address, length) => {
      this.#written(address, length);
    });
  }

  get counts(): TranslationCounts {
    return { ...this.#counts };
  }

  /** Whether code of the virtual mode is executed from copies: user mode's is executed directly, unless the ISA is unsound there. */
  get scans(): boolean {
    return this.#scansUser || this.#parts.guest.state.mode.privilege !== privilege.user;
  }

  /** Whether some of a page is executed from a copy. */
  has(page: number): boolean {
    return this.#pages.has(page);
  }

  /** Where the host has the copy of a page of the guest's. */
  frame(page: number): number {
    return this.#pageOf(page).frame;
  }

  /** Scans from the guest's pc on, if that wasn't done. @returns whether there is something new to execute */
  translate(): boolean {
    const at = this.#physical;
    if (at === undefined || !this.scans) return false;
    const page = this.#pageOf(at - (at % pageSize));
    const offset = at % pageSize;
    if (page.halves[offset / 2] !== state.unknown) return false;
    this.#scan(page, at - offset, offset);
    return true;
  }

  /** Whether the guest's pc is at a callout. */
  get atCallout(): boolean {
    const at = this.#physical;
    if (at === undefined || !this.scans) return false;
    const page = this.#pages.get(at - (at % pageSize));
    return page?.halves[(at % pageSize) / 2] === state.rewritten;
  }

  /** The instruction at pc met a device: if it does so again and again, a callout takes its place, which costs less than a trap. */
  meet(pc: bigint): void {
    const at = this.#physicalOf(pc);
    const page = at === undefined ? undefined : this.#pages.get(at - (at % pageSize));
    if (at === undefined || page === undefined || !this.scans) return;
    const offset = at % pageSize;
    if (page.halves[offset / 2] !== state.identical) return;
    const times = (page.met.get(offset) ?? 0) + 1;
    page.met.set(offset, times);
    if (times < patience) return;
    this.#put(page, offset, isLong(this.#half(at)), true);
    this.#counts.adapted++;
    this.#counts.rewritten++;
    this.#counts.identical--;
  }

  get #physical(): number | undefined {
    return this.#physicalOf(this.#parts.guest.pc);
  }

  #physicalOf(pc: bigint): number | undefined {
    const physical = this.#parts.guest.memory.translate(pc, 2, "execute");
    if (typeof physical !== "number") return undefined;
    const offset = physical - this.#parts.ramBase;
    return offset >= 0 && offset + 2 <= this.#parts.allotment.size ? physical : undefined;
  }

  #pageOf(page: number): CodePage {
    const known = this.#pages.get(page);
    if (known !== undefined) return known;
    const { frames, host, forget } = this.#parts;
    let frame = frames.take();
    if (frame === undefined) {
      frames.clear();
      this.#pages.clear();
      frame = frames.take() ?? 0;
    }
    // From now on the guest can't write the page past the VMM.
    forget();
    host.bus.written(frame, pageSize);
    const made: CodePage = { frame, halves: new Uint8Array(pageSize / 2), met: new Map() };
    this.#pages.set(page, made);
    return made;
  }

  #scan(page: CodePage, base: number, from: number): void {
    const { guest } = this.#parts;
    this.#counts.units++;
    let offset = from;
    for (let count = 0; count < unitLength && offset < pageSize; count++) {
      if (page.halves[offset / 2] !== state.unknown) return;
      const low = this.#half(base + offset);
      const long = isLong(low);
      // What reaches into the next page is executed from neither.
      if (long && offset + 4 > pageSize) {
        this.#put(page, offset, false, true);
        return;
      }
      const word = long ? (low | (this.#half(base + offset + 2) << 16)) >>> 0 : low;
      const instruction = guest.evaluator.decode(word);
      const rewrite = instruction === undefined || isSensitive(instruction);
      this.#put(page, offset, long, rewrite, word);
      this.#counts[rewrite ? "rewritten" : "identical"]++;
      if (instruction === undefined || jumps.has(instruction.row.name)) return;
      offset += long ? 4 : 2;
    }
  }

  #put(page: CodePage, offset: number, long: boolean, rewrite: boolean, word = 0): void {
    const { bus } = this.#parts.host;
    const length = long ? 4 : 2;
    const bits = rewrite ? (long ? callout.long : callout.short) : word;
    bus.bytes(page.frame + offset, length)?.set(new Uint8Array(Uint32Array.of(bits).buffer, 0, length));
    bus.written(page.frame + offset, length);
    page.halves.fill(rewrite ? state.rewritten : state.identical, offset / 2, (offset + length) / 2);
  }

  /** 16 bits of the guest's own memory. */
  #half(physical: number): number {
    const { host, allotment, ramBase } = this.#parts;
    const bytes = host.bus.bytes(allotment.address + physical - ramBase, 2);
    return bytes === undefined ? 0 : (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
  }

  /** Memory changed: if code was scanned there, its page is scanned anew. */
  #written(address: number, length: number): void {
    const { allotment, ramBase, host } = this.#parts;
    const start = address - allotment.address + ramBase;
    const end = start + length;
    if (end <= ramBase || start >= ramBase + allotment.size) return;
    for (let page = start - (start % pageSize); page < end; page += pageSize) {
      const known = this.#pages.get(page);
      if (known === undefined) continue;
      const from = Math.max(0, start - page) >> 1;
      const to = Math.min(pageSize, end - page + 1) >> 1;
      if (!known.halves.subarray(from, to).some((half) => half !== state.unknown)) continue;
      known.halves.fill(state.unknown);
      known.met.clear();
      host.bus.bytes(known.frame, pageSize)?.fill(0);
      host.bus.written(known.frame, pageSize);
    }
  }
}
