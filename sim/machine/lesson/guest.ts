import { UsageError } from "../../core/index.js";
import type { Hart, HartBus } from "../hart/index.js";
import type { ImageSymbol } from "../image/image.js";
import type { Instruction } from "../instructions/index.js";
import { pageSize } from "../layout.js";
import type { Place } from "../stops.js";

/** A machine as lessons see it. */
export interface LessonMachine {
  readonly name: string;
  readonly bus: HartBus;
  readonly symbols: readonly ImageSymbol[];
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
