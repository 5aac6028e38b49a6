import { invariant } from "../core/index.js";
import { highOf, isLong, lowOf, type Hart, type Instruction, type Machine } from "../machine/index.js";
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

/**
 * What is known of half a word of code: nothing; an instruction that was copied begins there, or a callout; it is the second half of
 * a copied one, or of a callout.
 */
const state = { unknown: 0, identical: 1, rewritten: 2, inside: 3, insideRewritten: 4 } as const;

interface CodePage {
  /** Where the rewritten page lies in the host's memory. */
  readonly frame: number;
  /** A `state` for each half word. */
  readonly halves: Uint8Array;
  /** How often instructions met a device, by offset. */
  readonly met: Map<number, number>;
}

/** Where the guest has a page of code, and what is known of that; it holds for one address, in halves, by its tables and in its mode. */
interface Found {
  readonly low: number;
  readonly high: number;
  readonly satp: bigint;
  readonly mode: Hart["mode"] | undefined;
  readonly page: number;
  readonly code: CodePage | undefined;
  /** Whether all of it may be executed. */
  readonly isOpen: boolean;
}
const nowhere: Found = { low: 0, high: 0, satp: 0n, mode: undefined, page: 0, code: undefined, isOpen: false };
const offsetOf = (pc: bigint): number => lowOf(pc) & (pageSize - 1);

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
  /** Pages that gave way to others. */
  readonly evicted: number;
}

/**
 * Rewritten code of a guest's kernel. A page of it is executed from a copy at the same virtual address: what is innocuous is
 * copied as it is, in place of each sensitive instruction there is a callout of the same size, and where nothing was scanned yet, no instruction
 * at all. So code is found as it is executed, a unit at a time, and nothing has to be relocated; VMware's translator moves code to
 * a cache of its own, which lets code and data share a page, where this one interprets the accesses to data.
 * Data are read and written in the original, and pages with rewritten code are write-protected, so that the copy stays true.
 *
 * Control may come into the middle of a scanned instruction, which nothing tells of. So each copied one is such that its second half, read as the
 * beginning of an instruction, is innocuous and whole, or else a callout takes its place; a long callout's second half is no
 * instruction (C.ADDI4SPN of 0), and traps.
 * Source: K. Adams and O. Agesen, "A Comparison of Software and Hardware Techniques for x86 Virtualization", ASPLOS 2006, section 3.
 */
export class CodeCache {
  readonly #parts: CodeCacheParts;
  /** The guest's own memory. */
  readonly #halves: Uint16Array;
  /** In the order in which they were last asked for. */
  readonly #pages = new Map<number, CodePage>();
  readonly #scansUser: boolean;
  #found: Found = nowhere;
  readonly #counts = { units: 0, identical: 0, rewritten: 0, adapted: 0, evicted: 0 };

  constructor(parts: CodeCacheParts) {
    this.#parts = parts;
    const { guest, host, allotment } = parts;
    const at = host.bus.ramAt(allotment.address, allotment.size);
    invariant(at !== undefined, "an allotment lies in RAM");
    this.#halves = new Uint16Array(host.bus.buffer, at, allotment.size / 2);
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

  /** Where the host has the copy of a page of the guest's, which is about to be executed from there. */
  frame(page: number): number {
    const used = this.#pageOf(page);
    this.#pages.delete(page);
    this.#pages.set(page, used);
    return used.frame;
  }

  /** Scans from the guest's pc on, if that wasn't done. @returns whether there is something new to execute */
  translate(): boolean {
    const { pc } = this.#parts.guest;
    const found = this.scans ? this.#find(pc) : undefined;
    if (found === undefined) return false;
    const code = this.#pageOf(found.page);
    const offset = offsetOf(pc);
    if (code.halves[offset / 2] !== state.unknown) return false;
    this.#scan(code, found.page, offset);
    return true;
  }

  /** The bits in whose place there is a callout at the guest's pc; undefined where there is none, 0 where they have to be fetched. */
  get calledFor(): number | undefined {
    const { guest } = this.#parts;
    const { pc } = guest;
    const found = this.scans ? this.#find(pc) : undefined;
    const offset = offsetOf(pc);
    if (found?.code?.halves[offset / 2] !== state.rewritten) return undefined;
    const at = found.page + offset;
    const low = this.#half(at);
    if (!isLong(low)) return low;
    const isOpen = found.isOpen || guest.protection.allows(at, 4, "execute", guest.mode.privilege);
    return offset + 4 <= pageSize && isOpen ? (low | (this.#half(at + 2) << 16)) >>> 0 : 0;
  }

  /** The instruction at pc met a device: if it does so again and again, a callout takes its place, which costs less than a trap. */
  meet(pc: bigint): void {
    const found = this.scans ? this.#find(pc) : undefined;
    const page = found?.code;
    if (found === undefined || page === undefined) return;
    const offset = offsetOf(pc);
    if (page.halves[offset / 2] !== state.identical) return;
    const times = (page.met.get(offset) ?? 0) + 1;
    page.met.set(offset, times);
    if (times < patience) return;
    this.#put(page, found.page, offset, { long: page.halves[offset / 2 + 1] === state.inside, rewrite: true });
    this.#counts.adapted++;
    this.#counts.rewritten++;
    this.#counts.identical--;
  }

  /** What addresses mean to the guest has changed. */
  forget(): void {
    this.#found = nowhere;
  }

  /**
   * Where the guest has code: in no memory of its own where undefined. Its tables are walked where the page is another than the last time;
   * what they said holds until a fence, as the shadow's entries do.
   */
  #find(pc: bigint): Found | undefined {
    const { guest, ramBase, allotment } = this.#parts;
    const { satp, mode } = guest.state;
    const [low, high] = [lowOf(pc) & -pageSize, highOf(pc)];
    const last = this.#found;
    if (low === last.low && high === last.high && satp === last.satp && mode === last.mode) return last;
    const physical = guest.memory.translate(pc, 2, "execute");
    if (typeof physical !== "number") return undefined;
    const page = physical - offsetOf(pc);
    if (page < ramBase || page + pageSize > ramBase + allotment.size) return undefined;
    const isOpen = guest.protection.allows(page, pageSize, "execute", mode.privilege);
    const found = { low, high, satp, mode, page, code: this.#pages.get(page), isOpen };
    if (isOpen) this.#found = found;
    return found;
  }

  #pageOf(page: number): CodePage {
    const known = this.#pages.get(page);
    if (known !== undefined) return known;
    const { frames, host, forget } = this.#parts;
    const frame = frames.take() ?? this.#evict();
    // From now on the guest can't write the page past the VMM.
    forget();
    host.bus.written(frame, pageSize);
    const made: CodePage = { frame, halves: new Uint8Array(pageSize / 2), met: new Map() };
    this.#pages.set(page, made);
    this.forget();
    return made;
  }

  /**
   * The page that was used the longest time ago gives way. Since the shadow is empty behind each new page, a page that is still in use
   * is asked for again by a hidden fault: references are seen by faults, as where hardware has no bits for them (O. Babaoglu and W. Joy,
   * "Converting a Swap-Based System to do Paging in an Architecture Lacking Page-Referenced Bits", SOSP 1981). To drop
   * everything, as Dynamo does, would throw away what is hot with the rest (K. Hazelwood and J. E. Smith, "Exploring Code Cache
   * Eviction Granularities in Dynamic Optimization Systems", CGO 2004).
   */
  #evict(): number {
    const [oldest] = this.#pages;
    invariant(oldest !== undefined, "a code cache has a page");
    const [page, { frame }] = oldest;
    this.#pages.delete(page);
    this.forget();
    this.#parts.host.bus.bytes(frame, pageSize)?.fill(0);
    this.#counts.evicted++;
    return frame;
  }

  #scan(page: CodePage, base: number, from: number): void {
    const { guest } = this.#parts;
    this.#counts.units++;
    let offset = from;
    let ended = false;
    for (let count = 0; offset < pageSize; count++) {
      const low = this.#half(base + offset);
      // A unit doesn't end where the last instruction's second half needs what follows to be whole.
      if ((ended || count >= unitLength) && !this.#reaches(page, base, offset)) return;
      if (page.halves[offset / 2] !== state.unknown) return;
      const long = isLong(low);
      // What reaches into the next page is executed from neither, and what reaches into a callout from no copy.
      const next = page.halves[offset / 2 + 1];
      if (long && (offset + 4 > pageSize || next === state.rewritten || next === state.insideRewritten)) {
        this.#put(page, base, offset, { long: false, rewrite: true });
        return;
      }
      const word = long ? (low | (this.#half(base + offset + 2) << 16)) >>> 0 : low;
      const instruction = guest.evaluator.decode(word);
      const overlaps = long && next !== state.unknown;
      const rewrite =
        instruction === undefined ||
        isSensitive(instruction) ||
        (long && !overlaps && !this.#isSafeWithin(base, offset));
      this.#put(page, base, offset, { long: long && !(overlaps && rewrite), rewrite, word });
      this.#counts[rewrite ? "rewritten" : "identical"]++;
      if (overlaps) return;
      ended ||= instruction === undefined || jumps.has(instruction.row.name);
      offset += long ? 4 : 2;
    }
  }

  /** Whether the second half of the copied instruction before an offset begins one that goes on there. */
  #reaches(page: CodePage, base: number, offset: number): boolean {
    return offset >= 2 && page.halves[offset / 2 - 1] === state.inside && isLong(this.#half(base + offset - 2));
  }

  /** Whether control may come to the second half of a long instruction: what begins there is innocuous, and in this page. */
  #isSafeWithin(base: number, offset: number): boolean {
    const low = this.#half(base + offset + 2);
    if (!isLong(low)) {
      const short = this.#parts.guest.evaluator.decode(low);
      return short === undefined || !isSensitive(short);
    }
    if (offset + 6 > pageSize) return false;
    const across = this.#parts.guest.evaluator.decode((low | (this.#half(base + offset + 4) << 16)) >>> 0);
    return across === undefined || !isSensitive(across);
  }

  /** Copies an instruction, or puts a callout in its place. */
  #put(
    page: CodePage,
    base: number,
    offset: number,
    { long, rewrite, word = 0 }: { readonly long: boolean; readonly rewrite: boolean; readonly word?: number },
  ): void {
    const { bus } = this.#parts.host;
    const length = long ? 4 : 2;
    const bits = rewrite ? (long ? callout.long : callout.short) : word;
    bus.bytes(page.frame + offset, length)?.set(new Uint8Array(Uint32Array.of(bits).buffer, 0, length));
    bus.written(page.frame + offset, length);
    page.halves[offset / 2] = rewrite ? state.rewritten : state.identical;
    const second = offset / 2 + 1;
    if (long && (rewrite || page.halves[second] === state.unknown)) {
      page.halves[second] = rewrite ? state.insideRewritten : state.inside;
    }
    if (!rewrite || offset < 2 || !isLong(this.#half(base + offset - 2))) return;
    // Whatever began before and goes on here isn't whole any more.
    const before = page.halves[offset / 2 - 1];
    if (before === state.inside) this.#put(page, base, offset - 4, { long: true, rewrite: true });
    else if (before === state.identical) this.#put(page, base, offset - 2, { long: false, rewrite: true });
  }

  #half(physical: number): number {
    return this.#halves[(physical - this.#parts.ramBase) / 2] ?? 0;
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
