import type { Code, MemoryAccess } from "../../wasm/index.js";
import type { Width } from "../instructions/index.js";
import { entrySize, hartLayout, pageBits, pageSize, tlbEntries } from "../layout.js";
import type { EmitContext } from "./context.js";
import type { LastPage } from "./loop-pages.js";
import type { Site } from "./site.js";

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
  readonly #site: Pick<Site, "lastPage" | "miss">;
  readonly #leaveAtFault: () => void;

  /** @param leaveAtFault what is emitted behind a call of the host */
  constructor(context: EmitContext, site: Pick<Site, "lastPage" | "miss">, leaveAtFault: () => void) {
    this.#context = context;
    this.#site = site;
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
    const { code, locals, callees, alignedOnly } = this.#context;
    const last = this.#site.lastPage;
    const slow = (): void => {
      code.get(locals.hart);
      code.get(locals.address);
      code.i32(width);
      code.get(locals.scratch);
      code.call(callees.store);
      this.#leaveAtFault();
    };
    const fast = (): void => {
      code.get(locals.scratch);
      code.access(stores[width], 0);
    };
    if (last === undefined) {
      this.#lookUp(hartLayout.writeTlb, width, alignedOnly);
      code.if();
      this.#hostAddress(hartLayout.writeTlb);
      fast();
      code.op("else");
      slow();
      code.op("end");
    } else this.#byLastPage(last, hartLayout.writeTlb, width, fast, slow);
  }

  /** Leaves the content in the local `to`. */
  loadInto(to: number, width: Width, signed: boolean): void {
    const { code } = this.#context;
    const last = this.#site.lastPage;
    if (last === undefined) {
      this.load(width, signed);
      code.set(to);
      return;
    }
    const fast = (): void => {
      code.access(loads[width][signed ? 0 : 1], 0);
      code.set(to);
    };
    const slow = (): void => {
      this.#slowLoad(width, signed, this.#context.callees.load);
      code.set(to);
    };
    this.#byLastPage(last, hartLayout.readTlb, width, fast, slow);
  }

  /** @param fast finds the host's address on the stack */
  #byLastPage(last: LastPage, tlb: number, width: Width, fast: () => void, slow: () => void): void {
    const { code, locals } = this.#context;
    code.block();
    const done = code.depth;
    code.block();
    const found = code.depth;
    code.get(locals.address);
    // Misaligned ones, which may be across two pages, are left to the TLB.
    code.i64(BigInt(-pageSize | (width / 8 - 1)));
    code.op("i64.and");
    code.get(last.page);
    code.op("i64.eq");
    code.branchIf(found);
    this.#lookUp(tlb, width, this.#context.alignedOnly);
    code.if();
    code.get(locals.address);
    code.i64(BigInt(-pageSize));
    code.op("i64.and");
    code.set(last.page);
    code.get(locals.entry);
    code.access("i32.load", tlb + 8);
    code.set(last.distance);
    code.branch(found);
    code.op("end");
    if (this.#site.miss === undefined) {
      slow();
      code.branch(done);
    } else this.#site.miss();
    code.op("end");
    code.get(locals.address);
    code.op("i32.wrap_i64");
    code.get(last.distance);
    code.op("i32.add");
    fast();
    code.op("end");
  }

  #load(width: Width, signed: boolean, tlb: number, slow: number, aligned: boolean): void {
    const { code } = this.#context;
    this.#lookUp(tlb, width, aligned);
    code.if("i64");
    this.#hostAddress(tlb);
    code.access(loads[width][signed ? 0 : 1], 0);
    code.op("else");
    this.#slowLoad(width, signed, slow);
    code.op("end");
  }

  #slowLoad(width: Width, signed: boolean, slow: number): void {
    const { code, locals } = this.#context;
    code.get(locals.hart);
    code.get(locals.address);
    code.i32(width);
    code.call(slow);
    if (!signed) zeroExtend(code, width);
    this.#leaveAtFault();
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
