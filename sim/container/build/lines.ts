import { UsageError } from "../../core/index.js";
import { shellWords } from "./words.js";

/** A here-document of an instruction: its lines stand below the instruction's own. */
export interface Heredoc {
  readonly name: string;
  readonly content: string;
  /** Whether variables in it are replaced: not where its name was quoted. */
  readonly expand: boolean;
}

/** An instruction as the file has it. */
export interface LogicalLine {
  /** Of its first line, counted from 1. */
  readonly line: number;
  /** Its own lines, joined where they were continued, without comments. */
  readonly text: string;
  readonly heredocs: readonly Heredoc[];
  /** The here-documents as they stand, with the lines that end them; for a shell, which reads them again. */
  readonly below: string;
}

export interface Source {
  /** "syntax", "escape", "check": what the comments at the very top say to the builder. */
  readonly directives: ReadonlyMap<string, string>;
  /** The letter that continues lines and takes a letter's meaning: "\\" or "`". */
  readonly escape: string;
  readonly lines: readonly LogicalLine[];
}

/** A mistake in a Dockerfile, in Docker's words. */
export const mistake = (line: number, what: string, hint: string): UsageError =>
  new UsageError(`dockerfile parse error on line ${line}: ${what}`, hint);

const directive = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const known = new Set(["syntax", "escape", "check"]);

function directivesOf(rows: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const row of rows) {
    const [, key = "", value = ""] = directive.exec(row) ?? [];
    const name = key.toLowerCase();
    if (!known.has(name)) break;
    if (found.has(name))
      throw mistake(found.size + 1, `only one ${name} parser directive can be used`, "Leave one of them out.");
    found.set(name, value);
  }
  return found;
}

const withHeredocs = /^(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s/i;
/** A word that begins a here-document: `<<EOF`, `<<-EOF`, `3<<"EOF"`. */
const opening = /^\d*<<(-?)([^<]+)$/;

interface Opening {
  readonly name: string;
  readonly expand: boolean;
  /** Whether tabs at the beginning of its lines are left out. */
  readonly chomp: boolean;
}

function openings(text: string, escape: string): Opening[] {
  if (!withHeredocs.test(text)) return [];
  const found: Opening[] = [];
  for (const word of shellWords(text, escape)) {
    const [, chomp, raw = ""] = opening.exec(word) ?? [];
    if (chomp === undefined) continue;
    const name = raw.replace(/["']/g, "").replaceAll(escape, "");
    if (name !== "") found.push({ name, expand: name === raw, chomp: chomp === "-" });
  }
  return found;
}

/**
 * Takes a Dockerfile apart into instructions: directives, comments, continued lines, here-documents (Dockerfile reference,
 * "Format", "Parser directives", "Here-Documents").
 * @throws UsageError with the line, for a wrong directive and a here-document without an end
 */
export function readLines(content: string): Source {
  const rows = content.replace(/^\uFEFF/, "").split(/\r?\n/);
  const directives = directivesOf(rows);
  const escape = directives.get("escape") ?? "\\";
  if (escape !== "\\" && escape !== "`")
    throw mistake([...directives.keys()].indexOf("escape") + 1, `invalid ESCAPE '${escape}'`, "Must be ` or \\.");
  const lines: LogicalLine[] = [];
  for (let at = 0; at < rows.length;) {
    const first = at;
    let text = "";
    let open = false;
    for (; at < rows.length; at++) {
      const row = rows[at] ?? "";
      // Comments, and empty lines, don't end a line that goes on.
      if (/^\s*(?:#|$)/.test(row)) {
        if (open) continue;
        if (text === "" && at === first) {
          at++;
          break;
        }
      }
      const [kept, goesOn] = continued(open ? row : row.trimStart(), escape);
      text += kept;
      open = goesOn;
      if (!open) {
        at++;
        break;
      }
    }
    text = text.trim();
    if (text === "") continue;
    const heredocs: Heredoc[] = [];
    const below: string[] = [];
    for (const { name, expand, chomp } of openings(text, escape)) {
      const own: string[] = [];
      for (;;) {
        const row = rows[at++];
        if (row === undefined)
          throw mistake(first + 1, "unterminated heredoc", `End it with a line that is "${name}" alone.`);
        below.push(row);
        const stripped = chomp ? row.replace(/^\t+/, "") : row;
        if (stripped === name) break;
        own.push(`${stripped}\n`);
      }
      heredocs.push({ name, expand, content: own.join("") });
    }
    lines.push({ line: first + 1, text, heredocs, below: below.join("\n") });
  }
  return { directives, escape, lines };
}

/** A line without the sign that continues it, and whether it had one: the escape, before blanks alone, and not escaped. */
function continued(row: string, escape: string): readonly [string, boolean] {
  const cut = row.trimEnd();
  if (!cut.endsWith(escape) || cut.endsWith(escape + escape)) return [row, false];
  return [cut.slice(0, -1), true];
}
