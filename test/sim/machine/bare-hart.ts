import {
  attention,
  createDecoder,
  createFloats,
  emptyTag,
  entrySize,
  evaluate,
  hartLayout,
  jumpEntries,
  rv64,
  tlbEntries,
  translateUnit,
  type Exception,
  type HartState,
  type Instruction,
  type Operator,
  type Unit,
} from "../../../sim/machine/index.js";
import { createMemory, createTable, instantiate } from "../../../sim/wasm/index.js";

/** The guest's memory begins here; what is outside doesn't exist. */
const start = 0x1000;
/** Where it lies behind the hart's state. */
const ram = hartLayout.size;
const causes = { fetch: 1, illegal: 2, breakpoint: 3, load: 5, store: 7, call: 8 } as const;

/** How a program ended, and what it left. */
export interface Ended {
  readonly x: readonly bigint[];
  readonly f: readonly bigint[];
  readonly fflags: number;
  readonly pc: bigint;
  readonly memory: string;
  readonly executed: number;
  readonly exception: Exception | undefined;
}

interface Program {
  /** Bytes from the memory's start. */
  readonly code: Uint8Array;
  readonly registers: readonly bigint[];
  readonly floats: readonly bigint[];
  /** What frm holds. */
  readonly roundingMode: number;
  /** Of memory, in bytes. */
  readonly size: number;
  /** The most instructions to execute; units stop a little before it, where the next stretch of code would go past it. */
  readonly limit: number;
}

const decode = createDecoder(rv64);

/** Memory without translation, an exception for what is outside; no CSRs: their instructions are illegal. */
class Memory {
  readonly view: DataView;
  readonly #base: number;
  readonly #size: number;
  #reserved: bigint | undefined;

  constructor(buffer: ArrayBuffer, base: number, { code, size }: Program) {
    this.view = new DataView(buffer);
    this.#base = base - start;
    this.#size = size;
    new Uint8Array(buffer, base, size).set(code);
  }

  /** The address in the buffer. */
  at(address: bigint, bytes: number): number | undefined {
    const plain = BigInt.asUintN(64, address);
    if (plain < start || plain + BigInt(bytes) > start + this.#size) return undefined;
    return Number(plain) + this.#base;
  }

  load(address: bigint, width: number, cause: number = causes.load): bigint | Exception {
    const at = this.at(address, width / 8);
    if (at === undefined) return { cause, value: address };
    let value = 0n;
    for (let i = width / 8 - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.view.getUint8(at + i));
    return BigInt.asIntN(width, value);
  }

  store(address: bigint, width: number, value: bigint): Exception | undefined {
    const at = this.at(address, width / 8);
    if (at === undefined) return { cause: causes.store, value: address };
    for (let i = 0; i < width / 8; i++) this.view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn));
    return undefined;
  }

  fetch(address: bigint): Instruction | undefined {
    const [low, high] = [0, 2].map((offset) => this.load(address + BigInt(offset), 16));
    if (typeof low !== "bigint") return undefined;
    const word = Number(BigInt.asUintN(16, low));
    if ((word & 3) !== 3) return decode(word);
    return typeof high === "bigint" ? decode((word | (Number(BigInt.asUintN(16, high)) << 16)) >>> 0) : undefined;
  }

  call(routine: string, operand: number | bigint): bigint | Exception {
    const address = BigInt(operand);
    switch (routine) {
      case "reserve":
        this.#reserved = address;
        return 0n;
      case "takeReservation": {
        const held = this.#reserved === address;
        this.#reserved = undefined;
        return held ? 1n : 0n;
      }
      case "useFloats":
      case "fenceInstructions":
        return 0n;
      case "breakpoint":
        return { cause: causes.breakpoint, value: 0n };
      case "environmentCall":
        return { cause: causes.call, value: 0n };
      default:
        return { cause: causes.illegal, value: 0n };
    }
  }

  digest(): string {
    return Buffer.from(this.view.buffer, this.#base + start, this.#size).toString("hex");
  }
}

/** By the meanings alone. */
export function runEvaluated(program: Program): Ended {
  const memory = new Memory(new ArrayBuffer(program.size), 0, program);
  const x = BigInt64Array.from(program.registers);
  const hart: HartState = {
    x,
    pc: BigInt(start),
    load: (address, width) => memory.load(address, width),
    loadToStore: (address, width) => memory.load(address, width, causes.store),
    store: (address, width, value) => memory.store(address, width, value),
    call: (routine, address) => memory.call(routine, address),
    f: BigInt64Array.from(program.floats),
    roundingMode: program.roundingMode,
    raise(flags) {
      fflags |= flags;
    },
  };
  let fflags = 0;
  let executed = 0;
  let exception: Exception | undefined;
  while (executed < program.limit && exception === undefined) {
    const instruction = memory.fetch(hart.pc);
    if (instruction === undefined) exception = { cause: causes.illegal, value: hart.pc };
    else {
      exception = evaluate(hart, instruction);
      if (exception === undefined) executed++;
    }
  }
  return { x: [...x], f: [...hart.f], fflags, pc: hart.pc, memory: memory.digest(), executed, exception };
}

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
const bare = (value: bigint): bigint => BigInt.asUintN(64, value);
const operators: Readonly<Partial<Record<Operator, (a: bigint, b: bigint) => bigint>>> = {
  multiplyHigh: (a, b) => signed((a * b) >> 64n),
  multiplyHighUnsigned: (a, b) => signed((bare(a) * bare(b)) >> 64n),
  multiplyHighSignedUnsigned: (a, b) => signed((a * bare(b)) >> 64n),
  divide: (a, b) => (b === 0n ? -1n : signed(a / b)),
  divideUnsigned: (a, b) => (b === 0n ? -1n : signed(bare(a) / bare(b))),
  remainder: (a, b) => (b === 0n ? a : a % b),
  remainderUnsigned: (a, b) => (b === 0n ? a : signed(bare(a) % bare(b))),
};

/** By units of WebAssembly, each page translated when it is entered. */
export function runTranslated(program: Program): Ended {
  const arena = createMemory(Math.ceil((ram + program.size) / 65536));
  const memory = new Memory(arena.buffer, ram, program);
  const view = memory.view;
  const table = createTable(256);
  let exception: Exception | undefined;
  const fault = (found: Exception): bigint => {
    exception = found;
    view.setInt32(hartLayout.fault, attention.undone, true);
    return 0n;
  };
  /** Lets translated code reach a page itself from now on. */
  const fill = (tlb: number, address: bigint, width: number): void => {
    const page = Number(address & -4096n);
    // Of a page that exists whole; then an access that stays in it can't fault.
    if (memory.at(BigInt(page), 4096) === undefined || Number(address & 4095n) + width / 8 > 4096) return;
    const entry = tlb + ((page >>> 12) % tlbEntries) * entrySize;
    view.setBigInt64(entry, BigInt(page), true);
    view.setBigInt64(entry + 8, BigInt(ram - start), true);
  };
  const load = (cause: number, tlb: number) => (_: number, address: bigint, width: number) => {
    const loaded = memory.load(address, width, cause);
    if (typeof loaded !== "bigint") return fault(loaded);
    fill(tlb, address, width);
    return loaded;
  };
  const imports = {
    host: {
      memory: arena,
      units: table,
      load: load(causes.load, hartLayout.readTlb),
      loadToStore: load(causes.store, hartLayout.writeTlb),
      store(_: number, address: bigint, width: number, value: bigint) {
        const found = memory.store(address, width, value);
        if (found === undefined) fill(hartLayout.writeTlb, address, width);
        else fault(found);
      },
    },
    operator: operators,
    float: createFloats(rv64, arena),
    routine: Object.fromEntries(
      [
        ...new Set(
          rv64.rows.flatMap(({ meaning }) =>
            meaning.flatMap((effect) => (effect.kind === "call" ? [effect.routine] : [])),
          ),
        ),
      ].map((routine) => [
        routine,
        (_: number, address = 0n) => {
          const answer = memory.call(routine, address);
          return typeof answer === "bigint" ? answer : fault(answer);
        },
      ]),
    ),
  };
  for (const tlb of [hartLayout.readTlb, hartLayout.writeTlb]) {
    for (let i = 0; i < tlbEntries; i++) view.setBigInt64(tlb + i * entrySize, emptyTag, true);
  }
  for (let i = 0; i < jumpEntries; i++) view.setBigInt64(hartLayout.jumps + i * entrySize, emptyTag, true);
  program.registers.forEach((value, register) => {
    view.setBigInt64(hartLayout.x + 8 * register, value, true);
  });
  program.floats.forEach((value, register) => {
    view.setBigInt64(hartLayout.f + 8 * register, value, true);
  });
  view.setBigInt64(hartLayout.pc, BigInt(start), true);
  view.setInt32(hartLayout.frm, program.roundingMode, true);

  /** A fault that none of the functions above raised is EBREAK's, or says that there is no such rounding mode. */
  const found = (): Exception | undefined => {
    const fault = view.getInt32(hartLayout.fault, true);
    if (exception !== undefined || fault === attention.none) return exception;
    return { cause: fault === attention.breakpoint ? causes.breakpoint : causes.illegal, value: 0n };
  };

  const units = new Map<
    bigint,
    Unit & { readonly index: number; readonly run: (hart: number, block: number) => void }
  >();
  const entriesOf = new Map<bigint, Set<number>>();
  let executed = 0;
  while (executed < program.limit && exception === undefined) {
    const pc = view.getBigInt64(hartLayout.pc, true);
    const page = pc & -4096n;
    const offset = Number(pc - page);
    if (memory.fetch(pc) === undefined) {
      exception = { cause: causes.illegal, value: pc };
      break;
    }
    let unit = units.get(page);
    if (unit?.entries.has(offset) !== true) {
      const entries = entriesOf.get(page) ?? new Set();
      entriesOf.set(page, entries.add(offset));
      const index = unit?.index ?? units.size;
      const inside = (at: number): Instruction | undefined => {
        const instruction = at >= 0 && at < 4096 ? memory.fetch(page + BigInt(at)) : undefined;
        return instruction !== undefined && at + instruction.length <= 4096 ? instruction : undefined;
      };
      const made = translateUnit({ page, entries, decode: inside, calls: true, index, alignedOnly: false });
      const { run } = instantiate(made.module, imports) as { run: (hart: number, block: number) => void };
      table.set(index, run);
      unit = { ...made, index, run };
      units.set(page, unit);
    }
    const block = unit.entries.get(offset) ?? 0;
    const entry = hartLayout.jumps + Number(bare(pc >> 1n) % BigInt(jumpEntries)) * entrySize;
    view.setBigInt64(entry, pc, true);
    view.setInt32(entry + 8, unit.index, true);
    view.setInt32(entry + 12, block, true);
    const budget = BigInt(program.limit - executed);
    view.setBigInt64(hartLayout.budget, budget, true);
    unit.run(0, block);
    exception = found();
    const before = executed;
    executed += Number(budget - view.getBigInt64(hartLayout.budget, true));
    if (executed === before) break;
  }
  const file = (place: number): bigint[] =>
    Array.from({ length: 32 }, (_, register) => view.getBigInt64(place + 8 * register, true));
  const [x, f] = [file(hartLayout.x), file(hartLayout.f)];
  return {
    x,
    f,
    fflags: view.getInt32(hartLayout.fflags, true),
    pc: view.getBigInt64(hartLayout.pc, true),
    memory: memory.digest(),
    executed,
    exception,
  };
}
