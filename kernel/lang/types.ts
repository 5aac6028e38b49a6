/** What the language room promises to the session and the executor; every value is plain data that crosses threads. */

/** A remark on a cell's source. Lines and columns count from 1, columns in UTF-16 units. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  /** "TS2322" from the checker; absent from the parser. */
  readonly code?: string;
  readonly message: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** For an unknown name, the name: the kernel looks for the cell that declares it. */
  readonly unknownName?: string;
}

/** A cell ready to run: a script for `vm.Script` in the kernel's own context. */
export interface TransformedCell {
  /** The name that stack frames carry. */
  readonly name: string;
  readonly source: string;
  readonly code: string;
  /** Generated line and column → the cell's; opaque, for `originalPosition`. */
  readonly positions: string;
  /** Names that the cell declares at its top level and later cells see. */
  readonly declares: readonly string[];
}

export type TransformResult =
  | { readonly ok: true; readonly cell: TransformedCell }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

export interface Completions {
  /** The span of the source that a match replaces, in UTF-16 offsets. */
  readonly start: number;
  readonly end: number;
  readonly matches: readonly Completion[];
}

export interface Completion {
  readonly text: string;
  readonly kind: string;
  /** Of a function or method among the first matches: "(a: number, b?: number): number", its first overload's. */
  readonly signature?: string;
}

export interface Inspection {
  readonly signature: string;
  /** A doc comment's words, in Markdown as comments are. */
  readonly documentation: string;
  /** What its tags say, by kind ("Parameters", "Returns", "Example", "@tag" for one that is not known). */
  readonly sections?: readonly { readonly heading: string; readonly remarks: readonly Remark[] }[];
}

/** What a tag of a doc comment says: of which parameter, where it names one, and in what words. */
export interface Remark {
  readonly of?: string;
  readonly words: string;
}

/** Types, completion and documentation over everything that ran so far; it lives in a thread of its own. */
export interface LanguageService {
  /** Checks a cell against all that was declared before it; it changes nothing. */
  check(source: string): Promise<readonly Diagnostic[]>;
  /**
   * Cells import this text as `./module` from now on, whatever is on the disk. An error in it is theirs as well.
   * @param module without an extension
   * @returns what is wrong with it now
   */
  defineModule(module: string, source: string): Promise<readonly Diagnostic[]>;
  /** The cell ran: from now on its declarations are what later cells are checked against. */
  declare(source: string): void;
  complete(source: string, offset: number): Promise<Completions>;
  inspect(source: string, offset: number): Promise<Inspection | undefined>;
  /** Resolves when the first check will be quick. */
  readonly ready: Promise<void>;
  /** Forgets every cell and module. */
  reset(): void;
  stop(): Promise<void>;
}
