import type { View } from "../../../sim/core/index.js";
import {
  builtIn,
  createMagics,
  type Ending,
  type Magic,
  type MagicContext,
  type Output,
} from "../../../kernel/magics/index.js";

/** A session in which nothing runs: it keeps what magics ask of it, and answers as told. */
export interface FakeSession {
  readonly ran: string[];
  readonly shown: Output[];
  readonly presented: View[];
  readonly paged: Readonly<Record<string, unknown>>[];
  readonly assigned: { readonly name: string; readonly value: unknown; readonly type: string }[];
  /** Undefined for a cell without magics. */
  run(cell: string): Promise<Ending> | undefined;
}

export interface FakeOptions {
  /** What a plain cell shows. */
  readonly outputs?: readonly Output[];
  /** How each plain cell ends, one after the other; well without a value behind the last. */
  readonly endings?: readonly Ending[];
  readonly assignment?: Ending;
  readonly documents?: Readonly<Record<string, string>>;
  readonly magics?: readonly Magic[];
  /** What "virtlab" brings. */
  readonly brought?: readonly Omit<Magic, "run">[];
}

const ok: Ending = { status: "ok" };
export const failed: Extract<Ending, { status: "error" }> = {
  status: "error",
  ename: "Error",
  evalue: "no",
  traceback: ["no"],
};
export const printed = (text: string): Output => ({ type: "stream", name: "stdout", text });

export function fakeSession(options: FakeOptions = {}): FakeSession {
  const endings = [...(options.endings ?? [])];
  const magics = createMagics([...builtIn, ...(options.magics ?? [])]);
  const ran: string[] = [];
  const shown: Output[] = [];
  const presented: View[] = [];
  const paged: FakeSession["paged"] = [];
  const assigned: FakeSession["assigned"] = [];
  let mode = "error";
  const show = (output: Output): void => void shown.push(output);

  function context(showHere: (output: Output) => void): MagicContext {
    return {
      run(code, showBody = showHere) {
        const ending = magics.run(code, context(showBody));
        if (ending !== undefined) return ending;
        ran.push(code);
        for (const output of options.outputs ?? []) showBody(output);
        return Promise.resolve(endings.shift() ?? ok);
      },
      show: showHere,
      page: (data) => void paged.push(data),
      present(view) {
        presented.push(view);
        return Promise.resolve();
      },
      assign(name, value, type) {
        assigned.push({ name, value, type });
        return Promise.resolve(options.assignment ?? ok);
      },
      perform(spelled, args, body) {
        show({ type: "stream", name: "stdout", text: `${spelled} ${JSON.stringify(args)} ${body.trim()}\n` });
        return Promise.resolve(ok);
      },
      loadApi() {
        for (const magic of options.brought ?? []) magics.add(magic);
        return Promise.resolve(ok);
      },
      document(name, source) {
        const text = options.documents?.[source ? `${name} and its source` : name];
        return Promise.resolve(text === undefined ? undefined : { "text/plain": text });
      },
      typecheck: {
        meanings: { off: "runs unchecked", error: "does not run" },
        get: () => mode,
        set: (word) => void (mode = word),
      },
    };
  }
  return { ran, shown, presented, paged, assigned, run: (cell) => magics.run(cell, context(show)) };
}
