import type { HistoryEntry, HistoryRequest } from "../wire/index.js";

/** What ran in this session, for a console's arrow keys and search. */
export interface History {
  add(executionCount: number, input: string): void;
  /** The latest input's result as text. */
  setOutput(executionCount: number, text: string): void;
  query(request: HistoryRequest): HistoryEntry[];
}

/** The kernel knows one session, its own. */
const session = 1;

export function createHistory(): History {
  const entries: { readonly count: number; readonly input: string; output: string | null }[] = [];
  return {
    add(count, input) {
      entries.push({ count, input, output: null });
    },
    setOutput(count, text) {
      const entry = entries.findLast((each) => each.count === count);
      if (entry !== undefined) entry.output = text;
    },
    query({ hist_access_type: access, output, session: asked, start, stop, n, pattern, unique }) {
      let found = entries;
      if (access === "range") {
        // 0 is the present session, as is its number; there are no others yet.
        found =
          asked === 0 || asked === session
            ? entries.filter(({ count }) => count >= start && (stop === undefined || count < stop))
            : [];
      }
      if (access === "search") {
        const glob = globExpression(pattern);
        found = entries.filter(({ input }) => glob.test(input));
        if (unique) found = found.filter((each, index) => found.findLastIndex((e) => e.input === each.input) === index);
      }
      if (access !== "range" && n !== undefined) found = n > 0 ? found.slice(-n) : [];
      return found.map((each) => [session, each.count, output ? [each.input, each.output] : each.input]);
    },
  };
}

/** IPython's search takes the patterns of SQLite's GLOB: `*`, `?`, `[a-z]` and `[^a-z]`. */
function globExpression(pattern: string): RegExp {
  const source = pattern.replace(/\[\^?\]?[^\]]*\]|[^]/gu, (token) => {
    if (token === "*") return "[^]*";
    if (token === "?") return "[^]";
    if (token.length > 1 && token.startsWith("[")) {
      const [, negated = "", set = ""] = /^\[(\^?)([^]*)\]$/u.exec(token) ?? [];
      return `[${negated}${set.replace(/[\\\]^[]/g, "\\$&")}]`;
    }
    return token.replace(/[\\^$.|+()[\]{}/]/g, "\\$&");
  });
  return new RegExp(`^${source}$`, "u");
}
