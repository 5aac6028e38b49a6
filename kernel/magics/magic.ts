import type { View } from "../../sim/core/index.js";
import type { MimeBundle } from "../display/index.js";

/** A command to the kernel. */
export interface Magic {
  /** Without its percent signs. */
  readonly name: string;
  readonly kind: "line" | "cell";
  /** What stands behind the name: `[n]`. Empty where it takes nothing. */
  readonly usage: string;
  /** One sentence. */
  readonly help: string;
  /** What a cell magic's body is written in; TypeScript where absent. */
  readonly language?: string;
  /**
   * @param args the words behind the name; quotes, single or double, hold one together
   * @param body a cell magic's: the cell with its magic lines blank, so that every place in it is the cell's; empty for
   * a line magic
   * @returns how the cell ended; undefined where it ended well without a value
   * @throws UsageError, which becomes the cell's error
   */
  run(context: MagicContext, args: readonly string[], body: string): Promise<Ending | undefined>;
}

/** What a magic can do to the session it runs in. */
export interface MagicContext {
  /**
   * Runs code as if it were the cell: magics in it too, types checked as the session is set, its names for later cells.
   * @param show takes the outputs, also those that come after the end; they are shown at the cell where it is absent
   */
  run(code: string, show?: (output: Output) => void): Promise<Ending>;
  show(output: Output): void;
  /** Shows what isn't the cell's output but help beside it: in a front end's pager. */
  page(data: MimeBundle): void;
  /** Shows a view at the cell. */
  present(view: View): Promise<void>;
  /**
   * Gives later cells a variable.
   * @param value JSON
   * @param type what TypeScript takes it for
   */
  assign(name: string, value: unknown, type: string): Promise<Ending>;
  /** Has a magic carried out that the cells brought. @param spelled with its percent signs */
  perform(spelled: string, args: readonly string[], body: string): Promise<Ending>;
  /** Loads what cells import as "virtlab", if no cell has: it brings magics. */
  loadApi(): Promise<Ending>;
  /**
   * @param source the cell that declares the name as well
   * @returns signature and documentation of a name or of `name.member`, undefined where nothing is known
   */
  document(name: string, source: boolean): Promise<MimeBundle | undefined>;
  readonly typecheck: Setting;
}

/** Something of the session that a magic shows and changes. */
interface Setting {
  /** The words it can be set to, and what each means, in the words "a cell with type errors …". */
  readonly meanings: Readonly<Record<string, string>>;
  get(): string;
  /** @param word one of `meanings` */
  set(word: string): void;
}

/** What a cell shows. */
export type Output =
  | { readonly type: "stream"; readonly name: "stdout" | "stderr"; readonly text: string }
  | {
      readonly type: "display";
      readonly data: MimeBundle;
      readonly metadata: MimeBundle;
      readonly displayId?: string;
      /** It takes the place of what was shown under its id. */
      readonly update: boolean;
    }
  /** With `wait`, the old output stays until the next one comes. */
  | { readonly type: "clear"; readonly wait: boolean }
  /** An error after the cell's end. */
  | { readonly type: "error"; readonly ename: string; readonly evalue: string; readonly traceback: readonly string[] };

/** How a cell ended. */
export type Ending =
  | {
      readonly status: "ok";
      /** The last expression's value. */
      readonly result?: MimeBundle;
      /** How long its code ran, without type check and compilation; absent where no code of a cell ran. */
      readonly milliseconds?: number;
    }
  | {
      readonly status: "error";
      readonly ename: string;
      readonly evalue: string;
      readonly traceback: readonly string[];
    };
