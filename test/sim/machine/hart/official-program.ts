import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readElf } from "../../../../sim/machine/image/elf.js";
import { rv64, type HartOptions, type Isa } from "../../../../sim/machine/index.js";
import { plainBoard, ramBase, type PlainBoard } from "./plain-board.js";

const most = 10_000_000;

/** The names of the folder's files; none where no folder is named. */
export function namesIn(folder: string): readonly string[] {
  return folder === "" || !existsSync(folder) ? [] : readdirSync(folder).sort();
}

/** A program that ran until it wrote to `tohost`, as RISC-V's official tests do at their end. */
export interface Ended {
  readonly board: PlainBoard;
  /** 0 where it came to no end. */
  readonly reported: bigint;
  /** The address of a symbol. */
  readonly address: (symbol: string) => number;
}

/** Runs an official test's ELF file. */
export function runOfficial(path: string, options: HartOptions, isa: Isa = rv64): Ended {
  const { segments, symbols, entry } = readElf("test", readFileSync(path));
  const address = (symbol: string): number => {
    const found = symbols.find(({ name }) => name === symbol);
    if (found === undefined) throw new Error(`${path} has no symbol ${symbol}`);
    return Number(BigInt.asUintN(64, found.address));
  };
  const end = Math.max(...segments.map((segment) => segment.address + segment.size));
  const board = plainBoard(Math.max(4 * 2 ** 20, end - ramBase), { ...options, patience: 20 }, isa);
  for (const segment of segments) board.bus.write(segment.address, segment.bytes);
  board.hart.pc = entry;
  const tohost = address("tohost");
  while (board.hart.cycles < most && board.bus.read64(tohost) === 0n) board.hart.run(2000);
  return { board, reported: board.bus.read64(tohost), address };
}
