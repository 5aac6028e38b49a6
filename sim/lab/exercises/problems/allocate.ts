import type { Problem } from "../problem.js";

/**
 * The relocation-bounds register that the host gets while a guest runs, from the one that the guest believes in.
 * @param register the guest's: where its program begins in the guest's storage, and how many words it has
 * @param part the guest's part of the host's storage: where it begins, and how many words it has
 * @returns the host's: the same words of the same program, and no word outside of the part
 */
export type Allocate = (
  register: { readonly begin: number; readonly words: number },
  part: { readonly begin: number; readonly words: number },
) => { readonly begin: number; readonly words: number };

/** Popek and Goldberg 1974, "allocator", for a guest that has one piece of storage. */
const relocate: Allocate = (register, part) => ({
  begin: part.begin + register.begin,
  words: Math.max(0, Math.min(register.words, part.words - register.begin)),
});

const part = { begin: 24, words: 32 };

export const allocate: Problem<Allocate> = {
  title: "Write the allocator",
  statement:
    "A guest has a part of the host's storage, from part.begin on, part.words long. It set its relocation-bounds register to register.begin and register.words, counted in its own storage. Return what the host's register has to hold while the guest runs: the program's words where they really are, and none outside of the part. No program has fewer than 0 words.",
  hints: [
    "The program begins as far into the part as the guest believes that it lies in its storage.",
    "Between the program's first word and the end of the part there are part.words - register.begin words: it can't have more.",
    "Where the program begins behind the end of the part, that difference is negative: Math.max(0, …).",
  ],
  examples: [
    { about: "all of the guest's storage", args: [{ begin: 0, words: 32 }, part] },
    { about: "a program in the middle", args: [{ begin: 8, words: 10 }, part] },
    { about: "a program that claims more than there is", args: [{ begin: 20, words: 20 }, part] },
    { about: "one that begins behind the end", args: [{ begin: 40, words: 8 }, part] },
    {
      about: "another guest, at the beginning of the host",
      args: [
        { begin: 5, words: 100 },
        { begin: 0, words: 64 },
      ],
    },
  ],
  reference: relocate,
  slips: [
    {
      step: "the words end where the part does",
      solution: ({ begin, words }, { begin: base }) => ({ begin: base + begin, words }),
    },
    {
      step: "the program begins inside of the part: what lies before it counts as well",
      solution: ({ begin, words }, part) => ({ begin: part.begin + begin, words: Math.min(words, part.words) }),
    },
    {
      step: "a program has no fewer than 0 words",
      solution: ({ begin, words }, part) => ({
        begin: part.begin + begin,
        words: Math.min(words, part.words - begin),
      }),
    },
    {
      step: "where the program begins is counted from the beginning of the part",
      solution: (register, part) => ({ ...relocate(register, part), begin: register.begin }),
    },
    {
      step: "where the program begins within the part is added to where the part begins",
      solution: (register, part) => ({ ...relocate(register, part), begin: part.begin }),
    },
  ],
};
