import type { HistoryEntry, HistoryRequest } from "../wire/index.js";
import { glob } from "./glob.js";
import type { HistoryFile } from "./history-file.js";

/** What ran, for a console's arrow keys and search. */
export interface History {
  add(executionCount: number, input: string): void;
  /** An input's result as text; of this session alone, as IPython has it. */
  setOutput(executionCount: number, text: string): void;
  query(request: HistoryRequest): Promise<HistoryEntry[]>;
}

interface Entry {
  readonly session: number;
  readonly count: number;
  readonly input: string;
  readonly output?: string;
}

/** Inputs of this session that are remembered. */
const remembered = 10_000;
/** How much of a result is remembered, in UTF-16 units. */
const longestOutput = 1000;

/** @param file of earlier sessions and those of other kernels; without it there is but one */
export function createHistory(file?: HistoryFile): History {
  const own = new Map<number, { readonly input: string; output?: string }>();

  /** Every session's, oldest first. */
  async function all(session: number): Promise<Entry[]> {
    const others = (await file?.read())?.filter((each) => each.session !== session) ?? [];
    return [...others, ...mine(session)].sort((a, b) => a.session - b.session || a.count - b.count);
  }

  function mine(session: number): Entry[] {
    return Array.from(own, ([count, { input, output }]) => ({
      session,
      count,
      input,
      ...(output === undefined ? {} : { output }),
    }));
  }

  async function find(request: HistoryRequest, session: number): Promise<Entry[]> {
    const { hist_access_type: access, session: asked, start, stop = Infinity, n = Infinity, pattern, unique } = request;
    switch (access) {
      case "range": {
        const number = asked > 0 ? asked : session + asked;
        const entries = number === session ? mine(session) : await all(session);
        return entries.filter((each) => each.session === number && each.count >= start && each.count < stop);
      }
      case "tail":
        return latest(await all(session), n);
      case "search": {
        const fits = glob(pattern);
        const found = (await all(session)).filter(({ input }) => fits(input));
        return latest(unique ? lastOfEach(found) : found, n);
      }
    }
  }

  return {
    add(count, input) {
      own.set(count, { input });
      own.delete(count - remembered);
      file?.add(count, input);
    },
    setOutput(count, text) {
      const entry = own.get(count);
      if (entry === undefined) return;
      // A copy: V8's slice of a string keeps the whole of it in memory.
      entry.output = text.length <= longestOutput ? text : structuredClone(text.slice(0, longestOutput));
    },
    async query(request) {
      const found = await find(request, (await file?.session()) ?? 1);
      return found.map(({ session, count, input, output = null }) => [
        session,
        count,
        request.output ? [input, output] : input,
      ]);
    },
  };
}

function latest(entries: Entry[], n: number): Entry[] {
  return n > 0 ? entries.slice(-n) : [];
}

function lastOfEach(entries: readonly Entry[]): Entry[] {
  const byInput = new Map<string, Entry>();
  for (const each of entries) {
    byInput.delete(each.input);
    byInput.set(each.input, each);
  }
  return [...byInput.values()];
}
