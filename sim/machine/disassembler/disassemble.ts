import { withDefaults, type TableView } from "../../core/index.js";
import { createDecoder, isLong, rv64, type Decoder, type Instruction, type Isa } from "../instructions/index.js";
import { spell, type Spelling } from "./spelling.js";
import { SymbolIndex, type AddressName } from "./symbol-index.js";

export interface DisassemblerOptions {
  /** `rv64` by default. */
  readonly isa: Isa;
  /** Instructions as the table has them; by default as GNU objdump prefers them. */
  readonly plain: boolean;
  /** Names of addresses: a program's symbols, an ELF file's. */
  readonly symbols: Iterable<AddressName>;
}

const defaults: DisassemblerOptions = { isa: rv64, plain: false, symbols: [] };

/** One instruction, or bits that are none. */
export interface DisassembledLine {
  readonly address: bigint;
  /** The instruction's bits. */
  readonly word: number;
  /** In bytes. */
  readonly length: 2 | 4;
  /** `mv a0,a1` in objdump's spelling; `.4byte 0xffffffff` where there is no instruction. */
  readonly text: string;
  /** The address that it and the lui or auipc before it make up, with its name: `80001000 <table>`. */
  readonly comment: string;
}

const gp = 3;

/** Instructions by addresses, one after the other: `lui` and `auipc` are remembered for the comments. */
export class Disassembler {
  readonly #decode: Decoder;
  readonly #spelling: Spelling;
  /** Upper parts that a register holds. */
  readonly #uppers = new Map<number, bigint>();
  /** What gp holds all along, where the linker's name says so. */
  readonly #globalPointer: bigint | undefined;

  /** @throws UsageError for an option that isn't there */
  constructor(options?: Partial<DisassemblerOptions>) {
    const { isa, plain, symbols } = withDefaults("disassemble", options, defaults);
    const names = [...symbols];
    const index = new SymbolIndex(names);
    this.#globalPointer = names.find(({ name }) => name === "__global_pointer$")?.value;
    this.#decode = createDecoder(isa);
    this.#spelling = { isa, plain, symbols: index };
  }

  get symbols(): SymbolIndex {
    return this.#spelling.symbols;
  }

  /** What the bits at an address say; of a short instruction, the upper half doesn't matter. */
  line(word: number, address: bigint): DisassembledLine {
    const length = isLong(word) ? 4 : 2;
    const bits = length === 4 ? word >>> 0 : word & 0xffff;
    const instruction = this.#decode(bits);
    const line = { address, word: bits, length } as const;
    if (instruction === undefined) return { ...line, text: this.#unknown(bits, length), comment: "" };
    return { ...line, text: spell(instruction, address, this.#spelling), comment: this.#comment(instruction, address) };
  }

  #unknown(bits: number, length: 2 | 4): string {
    if (bits === 0) return this.#spelling.plain ? "c.unimp" : "unimp";
    return `.${length}byte 0x${bits.toString(16)}`;
  }

  #comment({ row, fields, length }: Instruction, address: bigint): string {
    const { rd, rs1, imm } = fields;
    if (row.name === "lui" || row.name === "auipc") {
      this.#uppers.set(rd, BigInt.asIntN(64, BigInt(imm) + (row.name === "auipc" ? address : 0n)));
      return "";
    }
    const adds = (row.name === "addi" || row.name === "addiw") && rs1 !== 0 && imm !== 0;
    if (!adds && (length === 2 || !row.format.syntax.includes("imm(rs1)"))) return "";
    const upper = rs1 === 0 ? 0n : (this.#uppers.get(rs1) ?? (rs1 === gp ? this.#globalPointer : undefined));
    if (upper === undefined) return "";
    this.#uppers.delete(rs1);
    const sum = upper + BigInt(imm);
    const target = BigInt.asUintN(64, row.name === "addiw" ? BigInt.asIntN(32, sum) : sum);
    return this.symbols.label(target);
  }
}

/** The instructions that lie in some bytes, from the first on. A last one that is cut off is shown as its bytes. */
export function disassemble(
  bytes: Uint8Array,
  address: bigint | number,
  options?: Partial<DisassemblerOptions>,
): readonly DisassembledLine[] {
  const disassembler = new Disassembler(options);
  const lines: DisassembledLine[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 2 <= bytes.length;) {
    const low = view.getUint16(at, true);
    const cut = isLong(low) && at + 4 > bytes.length;
    const word = !isLong(low) || cut ? low : view.getUint32(at, true);
    const place = BigInt(address) + BigInt(at);
    lines.push(
      cut
        ? { address: place, word: low, length: 2, text: `.2byte 0x${low.toString(16)}`, comment: "" }
        : disassembler.line(word, place),
    );
    at += lines.at(-1)?.length ?? 2;
  }
  return lines;
}

/** A source's lines, by the addresses of what they made. */
interface LineNumbers {
  readonly address: bigint;
  readonly size: number;
  readonly line: number;
}

/** Instructions as a table: address, bytes, name of the place, instruction and, where it is known, the source's line. */
export function disassemblyView(
  lines: readonly DisassembledLine[],
  from: {
    readonly symbols?: Iterable<AddressName>;
    /** An assembled program's `lines`. */
    readonly lines?: readonly LineNumbers[];
    readonly source?: string;
  } = {},
): TableView {
  const names = new SymbolIndex(from.symbols ?? []);
  const text = from.source?.split("\n") ?? [];
  const known = from.lines ?? [];
  const rows = lines.map(({ address, word, length, text: instruction, comment }) => {
    const found = names.find(address);
    const line = known.find((entry) => address >= entry.address && address < entry.address + BigInt(entry.size));
    return {
      address: BigInt.asUintN(64, address).toString(16),
      bytes: word.toString(16).padStart(2 * length, "0"),
      symbol: found === undefined ? "" : found.offset === 0n ? found.name : `+0x${found.offset.toString(16)}`,
      instruction: comment === "" ? instruction : `${instruction} # ${comment}`,
      ...(known.length === 0 ? {} : { line: line?.line ?? null }),
      ...(text.length === 0 ? {} : { source: line === undefined ? "" : (text[line.line - 1]?.trim() ?? "") }),
    };
  });
  const columns = ["address", "bytes", "symbol", "instruction", ...(known.length === 0 ? [] : ["line"])];
  return {
    as: "table",
    title: "Instructions",
    columns: [...columns, ...(text.length === 0 ? [] : ["source"])].map((key) => ({ key })),
    rows,
  };
}
