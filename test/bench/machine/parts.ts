import type { HartOptions } from "../../../sim/machine/index.js";
import { plainBoard, ramBase, type PlainBoard } from "../../sim/machine/hart/plain-board.js";
import { bytesOf, type Guest } from "./guests.js";

/** Seconds of the processor in user mode, all threads of the process together. */
export function userSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user / 1e6;
}

/** One hart with a compiled guest in its memory. The guest switches it off by `off`. */
export interface LoneHart {
  readonly board: PlainBoard;
  /** Executes so many instructions, or up to the end. @returns how many it executed */
  run(instructions: number): number;
}

/** Where ELF has its segments: e_phoff, e_phnum; p_offset, p_paddr, p_filesz of each (System V ABI, "Program Header"). */
function load({ bus }: PlainBoard, elf: Uint8Array): void {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.length);
  const headers = Number(view.getBigUint64(32, true));
  for (let header = headers; header < headers + 56 * view.getUint16(56, true); header += 56) {
    const [offset, address, size] = [8, 24, 32].map((at) => Number(view.getBigUint64(header + at, true)));
    if (offset === undefined || address === undefined || size === undefined || address < ramBase) continue;
    bus.write(address, elf.subarray(offset, offset + size));
  }
}

/** A hart without a machine around it, which runs by the options. */
export function loneHart({ program }: Guest, options: HartOptions): LoneHart {
  const board = plainBoard(64 * 2 ** 20, options);
  const { hart, bus } = board;
  let ended = false;
  bus.devices.push(
    { start: 0x1000_0000, size: 8, load: () => 0n, store: () => undefined },
    {
      start: 0x10_0000,
      size: 4,
      load: () => 0n,
      store() {
        ended = true;
        hart.pause();
      },
    },
  );
  load(board, bytesOf(program));
  return {
    board,
    run(instructions) {
      const from = hart.cycles;
      while (!ended && hart.cycles - from < instructions) hart.run(instructions - (hart.cycles - from));
      return hart.cycles - from;
    },
  };
}
