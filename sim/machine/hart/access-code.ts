import { Code, WasmModule, type FunctionType, type MemoryAccess } from "../../wasm/index.js";
import { entrySize, hartLayout, pageBits, tlbEntries } from "../layout.js";
import { filled, fillType, walkCode, walkType } from "./walk-code.js";

const loadType: FunctionType = { parameters: ["i32", "i64", "i32"], results: ["i64"] };
const storeType: FunctionType = { parameters: ["i32", "i64", "i32", "i64"], results: [] };

const widths: readonly (readonly [width: number, load: MemoryAccess, store: MemoryAccess])[] = [
  [64, "i64.load", "i64.store"],
  [32, "i64.load32_s", "i64.store32"],
  [16, "i64.load16_s", "i64.store16"],
  [8, "i64.load8_s", "i64.store8"],
];

/**
 * Loads and stores of pages that a TLB does not have, as units call them: page tables are walked here, or the host is asked, in numbers
 * that cost nothing to hand over, to put the page there; then the access is made. What is not so simple is left to the host's `load`
 * and `store`.
 *
 *     load(hart, address, width) → the sign-extended content
 *     store(hart, address, width, value)
 *
 * They import `host.fill(hart, address's halves, width, 1 for a store) → filled`.
 */
export function buildAccesses(): Uint8Array<ArrayBuffer> {
  const module = new WasmModule();
  module.importMemory("host", "memory");
  const ask = module.importFunction("host", "fill", fillType);
  const load = module.importFunction("host", "load", loadType);
  const store = module.importFunction("host", "store", storeType);
  const fill = module.function(walkType, walkCode(ask));
  module.function(loadType, accessCode("load", fill, load), "load");
  module.function(storeType, accessCode("store", fill, store), "store");
  return module.encode();
}

function accessCode(kind: "load" | "store", fill: number, slow: number): Code {
  const isLoad = kind === "load";
  const { parameters } = isLoad ? loadType : storeType;
  const code = new Code(parameters.length);
  const [hart, address, width, value] = [0, 1, 2, 3];
  const [outcome, host] = [code.local("i32"), code.local("i32")];
  const tlb = isLoad ? hartLayout.readTlb : hartLayout.writeTlb;

  code.get(hart);
  code.get(address);
  code.get(width);
  code.i32(isLoad ? 0 : 1);
  code.call(fill);
  code.tee(outcome);
  code.i32(filled.now);
  code.op("i32.ne");
  code.if();
  code.get(outcome);
  code.op("i32.eqz");
  code.if();
  parameters.forEach((_, parameter) => {
    code.get(parameter);
  });
  code.call(slow);
  code.op("return");
  code.op("end");
  // The unit leaves.
  if (isLoad) code.i64(0n);
  code.op("return");
  code.op("end");

  code.get(address);
  code.op("i32.wrap_i64");
  code.i32(pageBits - Math.log2(entrySize));
  code.op("i32.shr_u");
  code.i32((tlbEntries - 1) * entrySize);
  code.op("i32.and");
  code.get(hart);
  code.op("i32.add");
  code.access("i32.load", tlb + 8);
  code.get(address);
  code.op("i32.wrap_i64");
  code.op("i32.add");
  code.set(host);
  for (const [bits, read, write] of widths) {
    code.get(width);
    code.i32(bits);
    code.op("i32.eq");
    code.if();
    code.get(host);
    if (!isLoad) code.get(value);
    code.access(isLoad ? read : write, 0);
    code.op("return");
    code.op("end");
  }
  code.op("unreachable");
  return code;
}
