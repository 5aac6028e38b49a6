import { expect } from "vitest";
import type { EngineName, Hart, HartOptions, Program } from "../../../../sim/machine/index.js";
import { plainBoard, type PlainBoard } from "./plain-board.js";

export const engines: readonly EngineName[] = ["evaluate", "translate"];

export function boardWith(program: Program, options: HartOptions): PlainBoard {
  const board = plainBoard(1 << 20, { patience: 5, ...options });
  for (const { address, bytes } of program.segments) board.bus.write(Number(address), bytes);
  return board;
}

/** Runs a program to its WFI. Its RAM begins where it does. */
export function run(program: Program, options: HartOptions = {}): PlainBoard {
  const board = boardWith(program, options);
  expect(board.hart.run(100_000)).toEqual({ kind: "wait" });
  return board;
}

/** What an argument register holds. */
export const a = (hart: Hart, number: number): bigint => hart.x(10 + number);
