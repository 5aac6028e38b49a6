import type { Diagnostic, LanguageService, Transform, TransformResult } from "../lang/index.js";
import type { Magics } from "../magics/index.js";
import type { Replies } from "../wire/index.js";
import { cellGlobals } from "./cell-globals.js";
import { createNotebookLookup, type FindDeclaringCell } from "./notebook-lookup.js";

/** What the session needs of lang, made for one kernel. */
export interface LanguageTools {
  /** Remembers the session's cells. */
  readonly transform: Transform;
  /** What a cell that hasn't run would become; the session's transform learns nothing of it. */
  readonly peek: (source: string, name: string) => TransformResult;
  readonly isComplete: (source: string) => Replies["is_complete_reply"];
  /** Starts the service the first time, and tells it of what ran since the last. */
  readonly service: () => LanguageService;
  /** A cell ran. Unchecked cells cost no more than this until someone asks for the service. */
  readonly declare: (source: string, names: readonly string[]) => void;
  /** What is wrong with the syntax of a module. */
  readonly moduleErrors: (module: string, source: string) => readonly Diagnostic[];
  /** A cell is a module from now on. @returns starts the service, and asks what is wrong with the module's types */
  readonly defineModule: (module: string, source: string) => () => Promise<readonly Diagnostic[]>;
  /** The cell that declares a name, the latest that ran. */
  readonly sourceOf: (name: string) => string | undefined;
  /** For cells that the session shall not know, nor they its. */
  readonly apart: () => LanguageTools;
  readonly magics: Magics;
  readonly findDeclaringCell: FindDeclaringCell;
}

/**
 * Loads lang at the first call: the sockets are bound and the client is greeted before that.
 * @param folder where the notebook lies
 */
export function lazyLanguageTools(folder: string): () => Promise<LanguageTools> {
  let tools: Promise<LanguageTools> | undefined;
  return () => (tools ??= load(folder));
}

async function load(folder: string): Promise<LanguageTools> {
  const [{ createTransform, isComplete, startLanguageService, transformModule }, { createMagics, builtIn }] =
    await Promise.all([import("../lang/index.js"), import("../magics/index.js")]);
  const magics = createMagics(builtIn);
  let service: LanguageService | undefined;
  /** What it hasn't been told yet. */
  let untold: ((service: LanguageService) => void)[] = [];
  const sources = new Map<string, string>();
  // One of its own, which must not take the notebook's cells for the session's.
  const lookup = createTransform();
  const peek = (source: string, name: string): TransformResult =>
    lookup(magics.typeScript(source) ?? "", name, { asWritten: true });
  const tools: LanguageTools = {
    transform: createTransform(),
    peek,
    isComplete: (source) => {
      const status = magics.isComplete(source);
      return status === undefined ? isComplete(magics.typeScript(source) ?? "") : { status };
    },
    service: () => {
      service ??= startLanguageService({ cwd: folder, globals: cellGlobals });
      for (const tell of untold) tell(service);
      untold = [];
      return service;
    },
    declare(source, names) {
      untold.push((told) => {
        told.declare(source);
      });
      for (const name of names) sources.set(name, source);
    },
    moduleErrors(module, source) {
      const transformed = transformModule(`${module}.ts`, source);
      return transformed.ok ? [] : transformed.diagnostics;
    },
    defineModule(module, source) {
      let found: Promise<readonly Diagnostic[]> | undefined;
      untold.push((told) => {
        found = told.defineModule(module, source);
      });
      return async () => {
        tools.service();
        return (await found) ?? [];
      };
    },
    sourceOf: (name) => sources.get(name),
    apart: () => ({ ...tools, transform: createTransform(), declare: () => undefined }),
    magics,
    findDeclaringCell: createNotebookLookup({
      folder,
      environment: process.env,
      transform: peek,
    }),
  };
  return tools;
}
