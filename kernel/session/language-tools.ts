import type { LanguageService, TransformResult } from "../lang/index.js";
import type { Replies } from "../wire/index.js";
import { createNotebookLookup, type FindDeclaringCell } from "./notebook-lookup.js";

/** What the session needs of lang, made for one kernel. */
export interface LanguageTools {
  /** Remembers the session's cells. */
  readonly transform: (source: string, name: string) => TransformResult;
  readonly isComplete: (source: string) => Replies["is_complete_reply"];
  /** Starts the service the first time. */
  readonly service: () => LanguageService;
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
  const { createTransform, isComplete, startLanguageService } = await import("../lang/index.js");
  let service: LanguageService | undefined;
  return {
    transform: createTransform(),
    isComplete,
    service: () => (service ??= startLanguageService({ cwd: folder })),
    // A transform of its own, which must not take the notebook's cells for the session's.
    findDeclaringCell: createNotebookLookup({ folder, environment: process.env, transform: createTransform() }),
  };
}
