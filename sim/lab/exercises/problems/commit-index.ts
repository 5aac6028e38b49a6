import type { Problem } from "../problem.js";

/**
 * Up to which entry a Raft leader may commit.
 * @param stored for each server, the leader too, the index of the last entry that it has on disk
 * @param terms the term of each entry of the leader's log: that of entry 1 at index 1 (index 0 is the empty log's)
 * @param term the leader's own term
 * @param committed up to where it has committed so far
 * @returns the largest index that a majority stores, where the entry there is of the leader's term; else `committed`
 */
export type CommitIndex = (
  stored: readonly number[],
  terms: readonly number[],
  term: number,
  committed: number,
) => number;

const descending = (stored: readonly number[]): number[] => [...stored].sort((a, b) => b - a);

/** Ongaro and Ousterhout 2014, figure 2, "rules for servers: leaders", and section 5.4.2. */
const commit: CommitIndex = (stored, terms, term, committed) => {
  const index = descending(stored)[Math.floor(stored.length / 2)] ?? 0;
  return index > committed && terms[index] === term ? index : committed;
};

/** The rule with another place in the row of servers. */
const at =
  (place: (servers: number) => number): CommitIndex =>
  (stored, terms, term, committed) => {
    const index = descending(stored)[place(stored.length)] ?? 0;
    return index > committed && terms[index] === term ? index : committed;
  };

const log = [0, 1, 1, 2, 3, 3, 3];

export const commitIndex: Problem<CommitIndex> = {
  title: "Write the leader's rule",
  statement:
    "stored[i] is the index of the last entry that server i has on its disk (the leader is one of the servers), terms[k] the term of the leader's entry k (terms[0] is 0), term the leader's own term, committed the index up to which it has committed. Return up to where it may commit now: the largest index that a majority of the servers stores, if the entry there is of the leader's own term; otherwise committed, since an entry of an earlier term may still be replaced.",
  hints: [
    "Sort the indices, the largest first. Which place in the row has a majority before it or at it?",
    "Of five servers three are a majority: the third in the row. In general that is place Math.floor(n / 2), counted from 0.",
    "The rule of the term comes last: terms[index] === term, or nothing new is committed. And nothing is ever taken back.",
  ],
  examples: [
    { about: "all have all of it", args: [[6, 6, 6], log, 3, 3] },
    { about: "one of three is slow", args: [[6, 6, 2], log, 3, 3] },
    { about: "the leader alone has the last entries", args: [[6, 4, 4, 3, 1], log, 3, 3] },
    { about: "four servers", args: [[6, 5, 4, 3], log, 3, 3] },
    { about: "a majority has an entry of an earlier term", args: [[6, 3, 3, 1, 1], log, 3, 2] },
    { about: "nothing is taken back", args: [[6, 2, 2], log, 3, 4] },
    { about: "one server", args: [[6], log, 3, 4] },
  ],
  reference: commit,
  slips: [
    { step: "a majority is enough: it needn't be everybody", solution: at((servers) => servers - 1) },
    { step: "a majority is needed: not the leader alone", solution: at(() => 0) },
    {
      step: "a majority is more than half: two of four are none",
      solution: at((servers) => Math.ceil(servers / 2) - 1),
    },
    {
      step: "an entry of an earlier term is not committed by counting",
      solution: (stored, _terms, _term, committed) =>
        Math.max(committed, descending(stored)[Math.floor(stored.length / 2)] ?? 0),
    },
    {
      step: "what is committed stays so",
      solution: (stored, terms, term, committed) => {
        const index = descending(stored)[Math.floor(stored.length / 2)] ?? 0;
        return terms[index] === term || index < committed ? index : committed;
      },
    },
  ],
};
