import type { Debugger, RanCell, RanCells } from "../debug/index.js";
import type { TransformedCell } from "../lang/index.js";
import type { Fields, Header, KernelSockets } from "../wire/index.js";
import type { LanguageTools } from "./language-tools.js";

/** What the session has to do with the debugger. */
export interface Debugging {
  /** Answers a debug_request. */
  answer(request: Fields, parent: Header): Promise<Fields>;
  /** Tells what the client sent that is going to run under this name. */
  named(name: string, text: string): void;
  /** Whether cells are run for someone to step through. */
  attached(): boolean;
  /** A cell runs next; to be waited for. */
  starting(cell: TransformedCell): Promise<void> | undefined;
  ended(name: string): void;
  /** Does what interrupts a cell, which stops nowhere meanwhile. */
  interrupting(interrupt: () => Promise<void>): Promise<void>;
  /** Lets the main thread go. */
  close(): void;
}

export interface DebuggingOptions {
  readonly broadcast: KernelSockets["broadcast"];
  readonly language: () => Promise<LanguageTools>;
  readonly interrupt: () => void;
}

/** How many cells are remembered for breakpoints in them, the latest. */
const remembered = 1000;

/** Loads the debugger with the first debug_request; till then it notes which cells ran. */
export function createDebugging({ broadcast, language, interrupt }: DebuggingOptions): Debugging {
  const ran = new Map<string, RanCell>();
  const variables = new Set<string>();
  const texts = new Map<string, string>();
  /** The client that asked last. */
  let client: Header | undefined;
  let loading: Promise<Debugger> | undefined;
  let loaded: Debugger | undefined;

  const cells: RanCells = {
    find: (name) => ran.get(name),
    all: () => ran.values(),
    variables: () => variables,
  };

  async function load(): Promise<Debugger> {
    const [{ createDebugger }, { peek, declare }] = await Promise.all([import("../debug/index.js"), language()]);
    loaded = createDebugger({
      cells,
      transform: (text) => {
        const transformed = peek(text, "cell");
        return transformed.ok ? transformed.cell : undefined;
      },
      declare: (name) => {
        variables.add(name);
        declare(`var ${name}: any;`, [name]);
      },
      publish: (event) => {
        broadcast(client, "debug_event", { ...event });
      },
      interrupt,
    });
    return loaded;
  }

  return {
    async answer(request, parent) {
      client = parent;
      const { answer } = await (loading ??= load());
      return { ...(await answer(request)) };
    },
    named(name, text) {
      texts.set(name, text);
      forgetOldest(texts);
    },
    attached: () => loaded?.attached() ?? false,
    starting(cell) {
      for (const name of cell.declares) variables.add(name);
      const text = texts.get(cell.name);
      if (text === undefined) return undefined;
      const entry = { ...cell, text };
      ran.set(cell.name, entry);
      forgetOldest(ran);
      return loaded?.attached() === true ? loaded.starting(entry) : undefined;
    },
    ended(name) {
      loaded?.ended(name);
    },
    async interrupting(stop) {
      loaded?.release(true);
      await stop();
      loaded?.release(false);
    },
    close() {
      loaded?.close();
    },
  };
}

function forgetOldest(cells: Map<string, unknown>): void {
  if (cells.size > remembered) for (const oldest of cells.keys()) return void cells.delete(oldest);
}
