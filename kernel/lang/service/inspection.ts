import type ts from "typescript";
import { compiler } from "./compiler.js";
import type { Inspection } from "../types.js";
import type { CellFile } from "./cell-file.js";
import { plain } from "./diagnostics.js";
import { documentationOf } from "./documentation.js";

/** Signature and documentation of what stands at an offset or right before it, or of the function being called there. */
export function inspectionAt(
  service: ts.LanguageService,
  { name: file, source }: CellFile,
  offset: number,
): Inspection | undefined {
  const candidates = [offset, offset - 1].filter((at) => at >= 0 && isWord(source, at));
  for (const at of candidates) {
    const info = service.getQuickInfoAtPosition(file, at);
    // Of what it doesn't know, TypeScript says "any" without a kind.
    if (info?.displayParts === undefined || info.kind === compiler.ScriptElementKind.unknown) continue;
    return {
      signature: signature(compiler.displayPartsToString(info.displayParts)),
      ...documentationOf(info.documentation, info.tags),
    };
  }
  const help = service.getSignatureHelpItems(file, offset, undefined);
  const item = help?.items[help.selectedItemIndex];
  if (item === undefined) return undefined;
  const parameters = item.parameters.map(({ displayParts }) => compiler.displayPartsToString(displayParts));
  const separator = compiler.displayPartsToString(item.separatorDisplayParts);
  return {
    signature: plain(
      compiler.displayPartsToString(item.prefixDisplayParts) +
        parameters.join(separator) +
        compiler.displayPartsToString(item.suffixDisplayParts),
    ),
    ...documentationOf(item.documentation, item.tags),
  };
}

function isWord(source: string, at: number): boolean {
  return /^[\p{ID_Continue}$"'`]/u.test(source.slice(at, at + 2));
}

/** Without the words that say that a name is an alias, and of what. */
function signature(text: string): string {
  return plain(text.startsWith("(alias) ") ? text.slice(8).replace(/\nimport [^\n]*$/, "") : text);
}
