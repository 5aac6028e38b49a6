/** A magic's line in a cell. */
export interface Command {
  readonly kind: "line" | "cell";
  /** Without its percent signs; empty where there are only those. */
  readonly name: string;
  readonly args: readonly string[];
  /** Where the name stands in the cell, in UTF-16 offsets. */
  readonly start: number;
  readonly end: number;
  /** Where its line ends. */
  readonly lineEnd: number;
  /** The cell with everything up to the end of the command's line blank. It has the cell's length and lines. */
  readonly rest: string;
}

/** @returns the magic that a cell begins with; no TypeScript begins with a percent sign */
export function firstCommand(cell: string): Command | undefined {
  const [line, percents, name] = /^\s*(%%?)([^\s%]*)[^\r\n]*/.exec(cell) ?? [];
  if (line === undefined || percents === undefined || name === undefined) return undefined;
  const start = line.indexOf("%") + percents.length;
  const end = start + name.length;
  return {
    kind: percents === "%" ? "line" : "cell",
    name,
    args: words(line.slice(end)),
    start,
    end,
    lineEnd: line.length,
    rest: line.replace(/[^\r\n]/g, " ") + cell.slice(line.length),
  };
}

/** The magics that a cell begins with. Behind a cell magic come those that its body would begin with. */
export function* leadingCommands(cell: string): Generator<Command, void> {
  for (let next = firstCommand(cell); next !== undefined; next = firstCommand(next.rest)) yield next;
}

/** Splits at white space outside quotes; an unclosed quote holds to the end. */
function words(text: string): string[] {
  const found = text.match(/(?:"[^"]*"?|'[^']*'?|[^\s"'])+/g) ?? [];
  return found.map((word) => word.replace(/"([^"]*)"?|'([^']*)'?/g, "$1$2"));
}

const name = String.raw`(%{0,2}[\p{ID_Start}$_][\p{ID_Continue}$]*(?:\.[\p{ID_Start}$_][\p{ID_Continue}$]*)*)`;
const asking = new RegExp(String.raw`^\s*(?:\?{1,2}\s*${name}|${name}\?{1,2})\s*$`, "u");

/** What a cell asks about. */
export interface Question {
  /** A name, `name.member` or a `%magic`. */
  readonly name: string;
  /** Asked with two question marks: for the source too. */
  readonly source: boolean;
}

/** @returns what a cell that is nothing but `name?` or `?name` asks about */
export function question(cell: string): Question | undefined {
  const asked = asking.exec(cell);
  const name = asked?.[1] ?? asked?.[2];
  return name === undefined ? undefined : { name, source: cell.includes("??") };
}
