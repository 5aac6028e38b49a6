import { forEachChild, parse, type ParsedScript, type Statement, type SyntaxNode } from "unbash";

/** Commands that can be run, or what is wrong with the text from there on. */
export interface SyntaxUnit {
  readonly statements: readonly Statement[];
  readonly error: { readonly message: string; readonly position: number } | undefined;
}

const parsed = new Map<string, ParsedScript>();
const remembered = 200;
const longest = 4096;

/** What eval, traps and substitutions run again and again is parsed once. */
function parseText(text: string): ParsedScript {
  if (text.length > longest) return parse(text);
  let script = parsed.get(text);
  if (script === undefined) {
    script = parse(text);
    if (parsed.size >= remembered) parsed.clear();
    parsed.set(text, script);
  }
  return script;
}

/**
 * A text as units that are run one after the other. A shell reads line by line: what lies on the lines before a mistake is
 * run before it is found.
 */
export function unitsOf(text: string): readonly SyntaxUnit[] {
  const script = parseText(text);
  const [error] = script.errors ?? [];
  if (error === undefined) return [{ statements: script.commands, error: undefined }];
  const units: SyntaxUnit[] = [];
  for (let cut = text.lastIndexOf("\n", error.pos - 1); cut > 0; cut = text.lastIndexOf("\n", cut - 1)) {
    const before = parse(text.slice(0, cut + 1));
    if (before.errors !== undefined || isOpen(before)) continue;
    units.push({ statements: before.commands, error: undefined });
    break;
  }
  const atEnd = error.pos >= text.trimEnd().length;
  const word = /\S+/.exec(text.slice(error.pos))?.[0] ?? "";
  const token = /^(?:;;|[;&|()]+)/.exec(word)?.[0] ?? word.replace(/[;&|()].*$/, "");
  const message = /unterminated|quote/.test(error.message)
    ? "Unterminated quoted string"
    : atEnd
      ? "end of file unexpected"
      : `"${token}" unexpected`;
  units.push({ statements: [], error: { message, position: error.pos } });
  return units;
}

/** Whether a here-document has no end yet. */
function isOpen(script: ParsedScript): boolean {
  let open = false;
  const visit = (node: SyntaxNode): void => {
    if (node.type === "HereDoc" && node.closing === undefined) open = true;
    forEachChild(node, visit);
  };
  visit(script);
  return open;
}

/** Whether more lines may make a text right: what an interactive shell asks PS2 for. */
export function isIncomplete(text: string): boolean {
  if (/(?:^|[^\\])(?:\\\\)*\\\n?$/.test(text)) return true;
  const script = parse(text);
  const [error] = script.errors ?? [];
  if (error === undefined) return text.includes("<<") && isOpen(script);
  return error.pos >= text.trimEnd().length || /unterminated|to close|expected/.test(error.message);
}
