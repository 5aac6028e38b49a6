import { Code, type FunctionType } from "../../wasm/index.js";
import { mark } from "../dirty-pages.js";
import { entrySize, hartLayout, leafMarks, pageBits, pageSize, tlbEntries, walkEntry, walkSize } from "../layout.js";
import { leafFactor, leafShift } from "./tlb.js";
import { levels, pte, reservedHigh, tableBits } from "./walk.js";

/** What `fill` did: nothing, put the page into the TLB, told the unit to leave. */
export const filled = { not: 0, now: 1, undone: 2 } as const;

/** (hart, address's halves, width, 1 for a store) → `filled`, as the host is asked. */
export const fillType: FunctionType = { parameters: ["i32", "i32", "i32", "i32", "i32"], results: ["i32"] };
/** (hart, address, width, 1 for a store) → `filled` */
export const walkType: FunctionType = { parameters: ["i32", "i64", "i32", "i32"], results: ["i32"] };
const [hart, address, width, isStore] = [0, 1, 2, 3];

const indexBits = 9;
const entryBits = 3;
/** Where an entry has its page number, and how many bits that has. */
const numberShift = 10n;
const numberBits = 44n;
/** Of both halves of an entry. */
const wide = (high: number, low: number): bigint => (BigInt(high) << 32n) | BigInt(low);

/**
 * Puts the page of an access into the TLBs as the host's `fill` does, in the common case: the note of `WalkNotes` is of the context that
 * is entered, tables and page lie in open pages, nothing is to be marked, no permission is missing. Else it asks the host, who alone
 * knows of exceptions.
 * @param ask the host's `fill`
 */
export function walkCode(ask: number): Code {
  const code = new Code(walkType.parameters.length);
  const local = (): number => code.local("i32");
  const [note, table, at, level, low, host] = [local(), local(), local(), local(), local(), local()];
  const [entry, number, inside] = [code.local("i64"), code.local("i64"), code.local("i64")];
  const noted = (place: number): void => {
    code.get(note);
    code.access("i64.load", place);
  };
  const notedWord = (place: number): void => {
    code.get(note);
    code.access("i32.load", place);
  };

  code.block();
  const rest = code.depth;
  code.get(address);
  code.op("i32.wrap_i64");
  code.set(low);
  code.get(hart);
  code.get(hart);
  code.access("i32.load", hartLayout.privilege);
  code.i32(Math.log2(walkSize));
  code.op("i32.shl");
  code.op("i32.add");
  code.i32(hartLayout.walks);
  code.op("i32.add");
  code.tee(note);
  code.access("i32.load", walkEntry.context);
  code.get(hart);
  code.access("i32.load", hartLayout.context);
  code.op("i32.ne");
  code.branchIf(rest);
  // Misaligned ones may be across two pages, or exceptions.
  code.get(low);
  code.get(width);
  code.i32(3);
  code.op("i32.shr_u");
  code.i32(1);
  code.op("i32.sub");
  code.op("i32.and");
  code.branchIf(rest);
  // Of 39 bits, sign-extended.
  const unused = BigInt(64 - pageBits - levels * indexBits);
  code.get(address);
  code.i64(unused);
  code.op("i64.shl");
  code.i64(unused);
  code.op("i64.shr_s");
  code.get(address);
  code.op("i64.ne");
  code.branchIf(rest);

  notedWord(walkEntry.root);
  code.set(table);
  code.block();
  const leaf = code.depth;
  for (let depth = levels - 1; depth >= 0; depth--) {
    // The entry: its index, times its size.
    code.get(table);
    code.get(address);
    code.i64(BigInt(leafShift(depth) - entryBits));
    code.op("i64.shr_u");
    code.op("i32.wrap_i64");
    code.i32((2 ** indexBits - 1) << entryBits);
    code.op("i32.and");
    code.op("i32.add");
    code.access("i64.load", 0);
    code.set(entry);
    code.i32(depth);
    code.set(level);
    code.i64(2n ** BigInt(indexBits * depth) - 1n);
    code.set(inside);
    code.get(entry);
    code.i64(BigInt(pte.R | pte.X));
    code.op("i64.and");
    code.i64(0n);
    code.op("i64.ne");
    code.branchIf(leaf);
    if (depth === 0) break;
    code.get(entry);
    code.i64(wide(reservedHigh, tableBits.mask));
    code.op("i64.and");
    code.i64(BigInt(tableBits.match));
    code.op("i64.ne");
    code.branchIf(rest);
    openPage(() => {
      pageNumber();
    });
    notedWord(walkEntry.host);
    code.get(number);
    hostOffset();
    code.op("i32.add");
    code.set(table);
  }
  code.branch(rest);
  code.op("end");

  code.get(entry);
  noted(walkEntry.mask);
  code.op("i64.and");
  noted(walkEntry.match);
  code.op("i64.ne");
  code.branchIf(rest);
  pageNumber();
  code.get(inside);
  code.op("i64.and");
  code.i64(0n);
  code.op("i64.ne");
  code.branchIf(rest);
  openPage(() => {
    pageNumber();
    code.get(address);
    code.i64(BigInt(pageBits));
    code.op("i64.shr_u");
    code.get(inside);
    code.op("i64.and");
    code.op("i64.or");
  });
  notedWord(walkEntry.host);
  code.get(number);
  hostOffset();
  code.op("i32.add");
  code.set(host);

  // Where its entries are in the TLBs.
  code.get(hart);
  code.get(low);
  code.i32(pageBits - Math.log2(entrySize));
  code.op("i32.shr_u");
  code.i32((tlbEntries - 1) * entrySize);
  code.op("i32.and");
  code.op("i32.add");
  code.set(at);

  // Whether a store needs nobody to see it: W and D are there, the page is dirty and holds no code.
  code.get(entry);
  code.i64(BigInt(pte.W | pte.D));
  code.op("i64.and");
  code.i64(BigInt(pte.W | pte.D));
  code.op("i64.eq");
  mayStore();
  code.op("i32.and");
  code.if();
  fill(hartLayout.writeTlb);
  code.op("else");
  code.get(isStore);
  code.branchIf(rest);
  code.op("end");
  fill(hartLayout.readTlb);
  markLeaf();
  code.i32(filled.now);
  code.op("return");
  code.op("end");

  code.get(hart);
  code.get(low);
  code.get(address);
  code.i64(32n);
  code.op("i64.shr_u");
  code.op("i32.wrap_i64");
  code.get(width);
  code.get(isStore);
  code.call(ask);
  return code;

  /** Leaves the entry's page number. */
  function pageNumber(): void {
    code.get(entry);
    code.i64(numberShift);
    code.op("i64.shr_u");
    code.i64(2n ** numberBits - 1n);
    code.op("i64.and");
  }

  /** Counts a page from the first open one in `number`; it has to be one of them. */
  function openPage(page: () => void): void {
    page();
    noted(walkEntry.first);
    code.op("i64.sub");
    code.tee(number);
    noted(walkEntry.pages);
    code.op("i64.ge_u");
    code.branchIf(rest);
  }

  /** Of a page's number on the stack. */
  function hostOffset(): void {
    code.op("i32.wrap_i64");
    code.i32(pageBits);
    code.op("i32.shl");
  }

  function mayStore(): void {
    for (const place of [walkEntry.dirty, walkEntry.code]) {
      notedWord(place);
      code.get(number);
      code.op("i32.wrap_i64");
      code.op("i32.add");
      code.access("i32.load8_u", 0);
      code.i32(place === walkEntry.dirty ? mark.written : 0);
      code.op("i32.eq");
    }
    code.op("i32.and");
  }

  function fill(tlb: number): void {
    code.get(at);
    code.get(address);
    code.i64(BigInt(-pageSize));
    code.op("i64.and");
    code.get(hart);
    code.access("i64.load", hartLayout.context);
    code.op("i64.or");
    code.access("i64.store", tlb);
    code.get(at);
    code.get(host);
    code.get(low);
    code.i32(-pageSize);
    code.op("i32.and");
    code.op("i32.sub");
    code.access("i32.store", tlb + 8);
    code.get(at);
    code.get(level);
    code.access("i32.store", tlb + 12);
  }

  /** As `Tlb` does for the leaf that an entry came of. */
  function markLeaf(): void {
    code.get(hart);
    code.get(level);
    code.i32(leafMarks);
    code.op("i32.mul");
    code.op("i32.add");
    code.get(low);
    code.get(level);
    code.i32(indexBits);
    code.op("i32.mul");
    code.i32(pageBits);
    code.op("i32.add");
    code.op("i32.shr_u");
    code.get(address);
    code.i64(32n);
    code.op("i64.shr_u");
    code.op("i32.wrap_i64");
    code.i32(leafFactor);
    code.op("i32.mul");
    code.op("i32.add");
    code.i32(leafMarks - 1);
    code.op("i32.and");
    code.op("i32.add");
    code.i32(1);
    code.access("i32.store8", hartLayout.dataLeaves);
  }
}
