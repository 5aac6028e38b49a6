import { UsageError } from "../../core/index.js";
import type { Hart, HartBus } from "../hart/index.js";
import type { ImageSegment, ImageSymbol } from "../image/image.js";
import type { Instruction } from "../instructions/index.js";
import { pageSize } from "../layout.js";
import type { Place } from "../stops.js";

/** A machine as lessons see it. */
export interface LessonMachine {
  readonly name: string;
  readonly bus: HartBus;
  readonly symbols: readonly ImageSymbol[];
  readonly programs: readonly ImageSegment[];
  hart(id: number): Hart;
  address(at: Place): bigint;
}

/** A page of code that a hart may execute: where it lies, and its instructions by offset. */
export interface CodePageView {
  /** The virtual page's address, and the physical one. */
  readonly page: bigint;
  readonly physical: number;
  /** The instruction at an offset; undefined where there is none, or where it reaches into the next page. */
  readonly decode: (offset: number) => Instruction | undefined;
}

/**
 * The page of an address as the hart sees it: as the translator met it, else where address and place are the same. Page
 * tables are not walked, because looking at a machine must not mark them.
 * @throws UsageError where there is no RAM
 */
export function codePageAt({ bus, name }: LessonMachine, hart: Hart, address: bigint): CodePageView {
  const page = address & BigInt(-pageSize);
  const known = hart.translated.code.seenAt(page);
  const physical = known?.code.address ?? Number(BigInt.asUintN(64, page));
  const host = bus.ramAt(physical, pageSize);
  if (host === undefined) {
    throw new UsageError(
      `${name} has no memory at 0x${BigInt.asUintN(64, address).toString(16)}`,
      "Give a symbol or an address of code; where addresses are translated, of code that has been executed.",
    );
  }
  const view = new DataView(bus.buffer);
  const decode = (offset: number): Instruction | undefined => {
    if (offset < 0 || offset > pageSize - 2) return undefined;
    const low = view.getUint16(host + offset, true);
    if ((low & 3) !== 3) return hart.evaluator.decode(low);
    if (offset > pageSize - 4) return undefined;
    return hart.evaluator.decode((low | (view.getUint16(host + offset + 2, true) << 16)) >>> 0);
  };
  return { page, physical, decode };
}

export const hex = (address: bigint): string => BigInt.asUintN(64, address).toString(16);

/**
 * Asks to be told when an instruction that the hart has just executed is changed.
 * @returns whether it could: not where it is no longer there
 */
export function coverCode(
  hart: Hart,
  bus: HartBus,
  address: bigint,
  { word, length }: Instruction,
  onChanged: () => void,
): boolean {
  const view = new DataView(bus.buffer);
  // Half by half, which may lie in two pages.
  for (let at = 0; at < length; at += 2) {
    const physical = hart.memory.translate(BigInt.asIntN(64, address + BigInt(at)), 2, "execute");
    const host = typeof physical === "number" ? bus.ramAt(physical, 2) : undefined;
    if (typeof physical !== "number" || host === undefined) return false;
    hart.translated.code.cover(physical, 2, host, onChanged);
    // It may have changed itself.
    if (view.getUint16(host, true) !== ((word >>> (8 * at)) & 0xffff)) return false;
  }
  return true;
}
