import type { Code, MemoryAccess } from "../../wasm/index.js";
import type { Width } from "../instructions/index.js";
import { entrySize, hartLayout, pageBits, pageSize, tlbEntries } from "../layout.js";
import type { EmitContext } from "./context.js";

const loads: Readonly<Record<Width, readonly [signed: MemoryAccess, unsigned: MemoryAccess]>> = {
  8: ["i64.load8_s", "i64.load8_u"],
  16: ["i64.load16_s", "i64.load16_u"],
  32: ["i64.load32_s", "i64.load32_u"],
  64: ["i64.load", "i64.load"],
};

const stores: Readonly<Record<Width, MemoryAccess>> = {
  8: "i64.store8",
  16: "i64.store16",
  32: "i64.store32",
  64: "i64.store",
};

export function zeroExtend(code: Code, width: Width): void {
  if (width === 64) return;
  code.i64(2n ** BigInt(width) - 1n);
  code.op("i64.and");
}

/** Compiles accesses to what lies at the local `address`: by the TLB's page, else by the host. */
export class MemoryEmitter {
  readonly #context: EmitContext;
  readonly #leaveAtFault: () => void;

  /** @param leaveAtFault what is emitted behind a call of the host */
  constructor(context: EmitContext, leaveAtFault: () => void) {
    this.#context = context;
    this.#leaveAtFault = leaveAtFault;
  }

  /** Leaves the content on the stack. */
  load(width: Width, signed: boolean): void {
    this.#load(width, signed, hartLayout.readTlb, this.#context.callees.load, this.#context.alignedOnly);
  }

  /** As `load`, sign-extended, of an address that must be aligned, where a store must be allowed too. */
  loadToStore(width: Width): void {
    this.#load(width, true, hartLayout.writeTlb, this.#context.callees.loadToStore, true);
  }

  /** Stores the local `scratch`. */
  store(width: Width): void {
    const { code, locals, callees } = this.#context;
    this.#lookUp(hartLayout.writeTlb, width, this.#context.alignedOnly);
    code.if();
    this.#hostAddress(hartLayout.writeTlb);
    code.get(locals.scratch);
    code.access(stores[width], 0);
    code.op("else");
    code.get(locals.hart);
    code.get(locals.address);
    code.i32(width);
    code.get(locals.scratch);
    code.call(callees.store);
    this.#leaveAtFault();
    code.op("end");
  }

  #load(width: Width, signed: boolean, tlb: number, slow: number, aligned: boolean): void {
    const { code, locals } = this.#context;
    this.#lookUp(tlb, width, aligned);
    code.if("i64");
    this.#hostAddress(tlb);
    code.access(loads[width][signed ? 0 : 1], 0);
    code.op("else");
    code.get(locals.hart);
    code.get(locals.address);
    code.i32(width);
    code.call(slow);
    if (!signed) zeroExtend(code, width);
    this.#leaveAtFault();
    code.op("end");
  }

  /**
   * Leaves on the stack whether the TLB has the page. The tag is made of the access's last byte and the entry chosen by
   * its first: an access across two pages finds no entry. One that has to be aligned keeps the bits in its tag that must
   * be 0, which no entry has.
   */
  #lookUp(tlb: number, width: Width, aligned: boolean): void {
    const { code, locals } = this.#context;
    code.get(locals.address);
    code.op("i32.wrap_i64");
    code.i32(pageBits - Math.log2(entrySize));
    code.op("i32.shr_u");
    code.i32((tlbEntries - 1) * entrySize);
    code.op("i32.and");
    code.get(locals.hart);
    code.op("i32.add");
    code.tee(locals.entry);
    code.access("i64.load", tlb);
    code.get(locals.address);
    if (width > 8 && !aligned) {
      code.i64(BigInt(width / 8 - 1));
      code.op("i64.add");
    }
    code.i64(BigInt(aligned ? -pageSize | (width / 8 - 1) : -pageSize));
    code.op("i64.and");
    code.get(locals.context);
    code.op("i64.or");
    code.op("i64.eq");
  }

  #hostAddress(tlb: number): void {
    const { code, locals } = this.#context;
    code.get(locals.address);
    code.op("i32.wrap_i64");
    code.get(locals.entry);
    code.access("i32.load", tlb + 8);
    code.op("i32.add");
  }
}
