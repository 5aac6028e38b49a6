import { Bytes } from "./bytes.js";

export type ValueType = "i32" | "i64" | "f32" | "f64";
/** What a block leaves behind: one value or none. */
export type BlockType = ValueType | "none";

const typeCodes: Readonly<Record<BlockType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, none: 0x40 };

export const typeCode = (type: BlockType): number => typeCodes[type];

/** Instructions without an immediate, by their names (core specification, section 5.4). */
export const plain = {
  unreachable: 0x00,
  else: 0x05,
  end: 0x0b,
  return: 0x0f,
  drop: 0x1a,
  select: 0x1b,
  "i32.eqz": 0x45,
  "i32.eq": 0x46,
  "i32.ne": 0x47,
  "i32.lt_s": 0x48,
  "i32.lt_u": 0x49,
  "i32.gt_u": 0x4b,
  "i32.le_s": 0x4c,
  "i32.le_u": 0x4d,
  "i32.ge_u": 0x4f,
  "i64.eqz": 0x50,
  "i64.eq": 0x51,
  "i64.ne": 0x52,
  "i64.lt_s": 0x53,
  "i64.lt_u": 0x54,
  "i64.gt_s": 0x55,
  "i64.gt_u": 0x56,
  "i64.le_s": 0x57,
  "i64.le_u": 0x58,
  "i64.ge_s": 0x59,
  "i64.ge_u": 0x5a,
  "f64.eq": 0x61,
  "f64.ne": 0x62,
  "f64.lt": 0x63,
  "f64.gt": 0x64,
  "f64.le": 0x65,
  "f64.ge": 0x66,
  "i32.add": 0x6a,
  "i32.sub": 0x6b,
  "i32.mul": 0x6c,
  "i32.and": 0x71,
  "i32.or": 0x72,
  "i32.xor": 0x73,
  "i32.shl": 0x74,
  "i32.shr_s": 0x75,
  "i32.shr_u": 0x76,
  "i64.add": 0x7c,
  "i64.sub": 0x7d,
  "i64.mul": 0x7e,
  "i64.div_s": 0x7f,
  "i64.div_u": 0x80,
  "i64.rem_s": 0x81,
  "i64.rem_u": 0x82,
  "i64.and": 0x83,
  "i64.or": 0x84,
  "i64.xor": 0x85,
  "i64.shl": 0x86,
  "i64.shr_s": 0x87,
  "i64.shr_u": 0x88,
  "f64.abs": 0x99,
  "f64.neg": 0x9a,
  "f64.sqrt": 0x9f,
  "f64.add": 0xa0,
  "f64.sub": 0xa1,
  "f64.mul": 0xa2,
  "f64.div": 0xa3,
  "f64.min": 0xa4,
  "f64.max": 0xa5,
  "i32.wrap_i64": 0xa7,
  "i32.trunc_f64_s": 0xaa,
  "i32.trunc_f64_u": 0xab,
  "i64.extend_i32_s": 0xac,
  "i64.extend_i32_u": 0xad,
  "i64.trunc_f64_s": 0xb0,
  "i64.trunc_f64_u": 0xb1,
  "f32.convert_i64_s": 0xb4,
  "f32.convert_i64_u": 0xb5,
  "f32.demote_f64": 0xb6,
  "f64.convert_i32_s": 0xb7,
  "f64.convert_i32_u": 0xb8,
  "f64.convert_i64_s": 0xb9,
  "f64.convert_i64_u": 0xba,
  "f64.promote_f32": 0xbb,
  "i32.reinterpret_f32": 0xbc,
  "i64.reinterpret_f64": 0xbd,
  "f32.reinterpret_i32": 0xbe,
  "f64.reinterpret_i64": 0xbf,
  "i64.extend8_s": 0xc2,
  "i64.extend16_s": 0xc3,
  "i64.extend32_s": 0xc4,
} as const;

export type Plain = keyof typeof plain;

/** Memory instructions with the exponent of their natural alignment. */
export const memory = {
  "i32.load": [0x28, 2],
  "i32.load8_u": [0x2d, 0],
  "i32.load16_u": [0x2f, 1],
  "i64.load": [0x29, 3],
  "i64.load8_s": [0x30, 0],
  "i64.load8_u": [0x31, 0],
  "i64.load16_s": [0x32, 1],
  "i64.load16_u": [0x33, 1],
  "i64.load32_s": [0x34, 2],
  "i64.load32_u": [0x35, 2],
  "i32.store": [0x36, 2],
  "i64.store": [0x37, 3],
  "i32.store8": [0x3a, 0],
  "i64.store8": [0x3c, 0],
  "i64.store16": [0x3d, 1],
  "i64.store32": [0x3e, 2],
} as const;

export type MemoryAccess = keyof typeof memory;

/** The body of one function, written from first instruction to last. Locals are numbered, parameters first. */
export class Code {
  readonly #bytes = new Bytes();
  readonly #locals: ValueType[] = [];
  readonly #parameters: number;
  /** How many blocks, loops and ifs are open: a label is what this is inside of what it names. */
  depth = 0;

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  /** How many bytes of instructions there are. */
  get position(): number {
    return this.#bytes.length;
  }

  /** A new local's number. */
  local(type: ValueType): number {
    return this.#parameters + this.#locals.push(type) - 1;
  }

  op(name: Plain): void {
    this.#bytes.byte(plain[name]);
    if (name === "end") this.depth--;
  }

  i32(value: number): void {
    this.#bytes.byte(0x41);
    this.#bytes.signed(value | 0);
  }

  i64(value: bigint): void {
    this.#bytes.byte(0x42);
    this.#bytes.signed64(BigInt.asIntN(64, value));
  }

  f64(value: number): void {
    this.#bytes.byte(0x44);
    this.#bytes.float64(value);
  }

  get(local: number): void {
    this.#bytes.byte(0x20);
    this.#bytes.unsigned(local);
  }

  set(local: number): void {
    this.#bytes.byte(0x21);
    this.#bytes.unsigned(local);
  }

  tee(local: number): void {
    this.#bytes.byte(0x22);
    this.#bytes.unsigned(local);
  }

  /** A load or store at a constant offset from the address on the stack. */
  access(name: MemoryAccess, offset: number): void {
    const [opcode, align] = memory[name];
    this.#bytes.byte(opcode);
    this.#bytes.unsigned(align);
    this.#bytes.unsigned(offset);
  }

  block(type: BlockType = "none"): void {
    this.#open(0x02, type);
  }

  loop(type: BlockType = "none"): void {
    this.#open(0x03, type);
  }

  if(type: BlockType = "none"): void {
    this.#open(0x04, type);
  }

  /** To the end of the block, or the start of the loop, that made `depth` what the label says. */
  branch(label: number): void {
    this.#bytes.byte(0x0c);
    this.#bytes.unsigned(this.depth - label);
  }

  branchIf(label: number): void {
    this.#bytes.byte(0x0d);
    this.#bytes.unsigned(this.depth - label);
  }

  /** @param labels for 0, 1, 2, …; the last is for all others */
  branchTable(labels: readonly number[]): void {
    this.#bytes.byte(0x0e);
    this.#bytes.unsigned(labels.length - 1);
    for (const label of labels) this.#bytes.unsigned(this.depth - label);
  }

  call(index: number): void {
    this.#bytes.byte(0x10);
    this.#bytes.unsigned(index);
  }

  /** Leaves this function for the one that the table has at the index on the stack. */
  returnCallIndirect(type: number, table = 0): void {
    this.#bytes.byte(0x13);
    this.#bytes.unsigned(type);
    this.#bytes.unsigned(table);
  }

  /** Locals, instructions and the closing `end`, as the code section has them. */
  finish(): Uint8Array {
    const body = new Bytes();
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    body.unsigned(runs.length);
    for (const { type, count } of runs) {
      body.unsigned(count);
      body.byte(typeCode(type));
    }
    body.append(this.#bytes.view);
    body.byte(plain.end);
    return body.view;
  }

  #open(opcode: number, type: BlockType): void {
    this.#bytes.byte(opcode);
    this.#bytes.byte(typeCode(type));
    this.depth++;
  }
}
