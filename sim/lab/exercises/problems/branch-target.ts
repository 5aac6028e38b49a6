import type { Problem } from "../problem.js";

/**
 * Where a branch leads to when it is taken.
 * @param word the branch's 32 bits, from 0 to 2^32 − 1
 * @param pc the branch's own address
 * @returns the address of the instruction that it names
 */
export type BranchTarget = (word: number, pc: number) => number;

/** Bits `high` to `low` of a word. */
const bits = (word: number, high: number, low: number): number => (word >>> low) & (2 ** (high - low + 1) - 1);

/** The offset's bits as format B has them (unprivileged ISA, "Immediate Encoding Variants"), the sign apart. */
const unsignedOffset = (word: number): number =>
  bits(word, 7, 7) * 2 ** 11 + bits(word, 30, 25) * 2 ** 5 + bits(word, 11, 8) * 2;

const target: BranchTarget = (word, pc) => pc + unsignedOffset(word) - bits(word, 31, 31) * 2 ** 12;

export const branchTarget: Problem<BranchTarget> = {
  title: "Decode a branch",
  statement:
    "A branch of 32 bits says how far away its target is, counted from its own address. The offset has 13 bits: bit 12, its sign, is bit 31 of the word; bit 11 is bit 7; bits 10 to 5 are bits 30 to 25; bits 4 to 1 are bits 11 to 8; bit 0 is always 0. Return the address of the target.",
  hints: [
    "(word >>> low) & mask takes a piece out of the word; multiply it by what its lowest bit is worth.",
    "Bit 7 is worth 2048, bits 30 to 25 are worth 32 each step, bits 11 to 8 are worth 2 each step.",
    "The sign is worth −4096: what is left of a backward branch is a large number that it takes back.",
  ],
  // As `as` encodes beq a0, a1 with these offsets.
  examples: [
    { about: "eight bytes forward", args: [0x00b50463, 0x80000000] },
    { about: "eight bytes back", args: [0xfeb50ce3, 0x80000010] },
    { about: "so far forward that bit 11 is needed", args: [0x00b500e3, 0x80000000] },
    { about: "as far back as it goes", args: [0x80b50063, 0x80002000] },
    { about: "itself", args: [0x00b50063, 0x80000004] },
  ],
  reference: target,
  slips: [
    { step: "bit 31 is the sign: it is worth −4096", solution: (word, pc) => pc + unsignedOffset(word) },
    {
      step: "bit 11 of the offset is the word's bit 7",
      solution: (word, pc) => target((word & ~0x80) >>> 0, pc),
    },
    { step: "the offset counts from the branch's own address", solution: (word, pc) => target(word, pc) - pc },
    {
      step: "bit 0 is left out of the word: the lowest bit that is there is worth 2",
      solution: (word, pc) => pc + (target(word, 0) >> 1),
    },
    {
      step: "the offset counts from the branch's own address, not from the next instruction's",
      solution: (word, pc) => target(word, pc + 4),
    },
  ],
};
