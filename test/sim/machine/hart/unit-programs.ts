import { expect } from "vitest";
import type { EngineName, Program } from "../../../../sim/machine/index.js";
import { plainBoard, type PlainBoard } from "./plain-board.js";

/** Runs a program to its WFI, in units as soon as can be. */
function run(program: Program, engine: EngineName): PlainBoard {
  const board = plainBoard(4 << 20, { patience: 5, engine });
  for (const { address, bytes } of program.segments) board.bus.write(Number(address), bytes);
  expect(board.hart.run(1_000_000)).toEqual({ kind: "wait" });
  return board;
}

/**
 * What both engines make of a program, which has to be the same, and hot enough to have been executed in units: less than a share
 * of it by the evaluator.
 */
export function both(program: Program, share = 1 / 20): PlainBoard {
  const translated = run(program, "translate");
  expect(translated.hart.save()).toEqual(run(program, "evaluate").hart.save());
  expect(translated.hart.work.evaluated).toBeLessThan(translated.hart.cycles * share);
  return translated;
}

export const a = ({ hart }: PlainBoard, number: number): bigint => hart.x(10 + number);

/** Physical memory protection that lets all modes do all. */
export const open = `
  li t0, -1
  csrw pmpaddr0, t0
  li t0, 0x1f
  csrw pmpcfg0, t0
`;
/** That, and the page tables below. */
export const memory = `
  ${open}
  la t0, root
  srli t0, t0, 12
  li t1, 8 << 60
  or t0, t0, t1
  csrw satp, t0
`;
/** RAM where it is, for supervisor mode and, 1 GiB above, for user mode. */
export const tables = `
  .balign 4096
root:
  .dword 0, 0, (0x80000 << 10) | 0xcf, (0x80000 << 10) | 0xdf
  .zero 4064
`;
