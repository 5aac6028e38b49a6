import type { State } from "./state.js";
import { constant, count } from "./arguments.js";
import type { Cursor, Token } from "./cursor.js";
import type { Directive } from "./directive.js";
import type { Section } from "./model.js";
import { Mistake } from "./problem.js";
import { sectionFlags } from "./sections.js";

const enter =
  (name: string): Directive =>
  ({ sections }, cursor) => {
    cursor.end(`Write "${name}" alone, or .section ${name}.NAME.`);
    sections.enter(sections.named(name));
  };

/** `.section name, "flags", @type`. */
function section({ sections }: State, cursor: Cursor): Section {
  const first = cursor.take();
  if (first.kind !== "name" && first.kind !== "string")
    throw new Mistake(first.place, "a section's name is missing", "Write it.");
  let name = first.kind === "string" ? first.text.slice(1, -1) : first.text;
  // Names of sections may hold signs that other names may not.
  while (cursor.peek().text === "-" || (name.endsWith("-") && cursor.peek().kind === "name"))
    name += cursor.take().text;
  if (!cursor.accept(",")) return sections.named(name);
  const letters = cursor.take();
  if (letters.kind !== "string")
    throw new Mistake(letters.place, "the section's flags are missing", 'Write them as "aw".');
  let type = "";
  if (cursor.accept(",")) {
    if (!cursor.accept("@")) cursor.accept("%");
    type = cursor.name("the section's type").text;
  }
  // What follows (entry size, group) says how linkers may merge it.
  cursor.rest();
  return sections.named(name, sectionFlags(letters.text.slice(1, -1), type, letters.place));
}

/** Fills up to a boundary: `.balign bytes, fill, most`. */
function align(
  { sections, short }: State,
  boundary: number,
  width: number,
  fill: bigint | undefined,
  limit: number,
): void {
  const { current } = sections;
  current.alignment = Math.max(current.alignment, boundary);
  const nops = current.flags.executable && fill === undefined;
  // Instructions are at such places anyway.
  if (boundary === 1 || (nops && boundary <= (short ? 2 : 4))) return;
  const pattern = Array.from({ length: width }, (_, i) => Number(((fill ?? 0n) >> BigInt(8 * i)) & 255n));
  current.fragments.push({ kind: "align", boundary, limit, fill: nops ? "nops" : pattern, short, start: 0, size: 0 });
}

const aligning =
  (unit: "bytes" | "power", width = 1): Directive =>
  (state, cursor) => {
    const { value, place } = cursor.done
      ? { value: unit === "bytes" ? 1n : 0n, place: cursor.peek().place }
      : constant(state, cursor);
    const power = unit === "power";
    if (value < 0n || value > (power ? 20n : 2n ** 20n) || (!power && (value & (value - 1n)) !== 0n)) {
      const hint = power
        ? "Write 0 to 20: .align 3 aligns to 8 bytes."
        : "Write 1, 2, 4, 8, … bytes; .align takes the exponent.";
      throw new Mistake(place, `nothing can be aligned to ${value}`, hint);
    }
    let fill: bigint | undefined;
    let limit = Number.POSITIVE_INFINITY;
    if (cursor.accept(",") && !cursor.done && cursor.peek().text !== ",") fill = constant(state, cursor).value;
    if (cursor.accept(",")) limit = count(state, cursor);
    cursor.end("It takes a boundary, a fill and the most bytes to fill.");
    align(state, power ? 2 ** Number(value) : Math.max(1, Number(value)), width, fill, limit);
  };

/** `.option`: whether instructions may be short; what only matters to linkers is accepted. */
function option(state: State, cursor: Cursor, word: Token): void {
  const { text, place } = cursor.name("an option");
  switch (text) {
    case "rvc":
    case "norvc":
      state.short = text === "rvc";
      break;
    case "push":
      state.shortBefore.push(state.short);
      break;
    case "pop": {
      const before = state.shortBefore.pop();
      if (before === undefined) throw new Mistake(place, "nothing was pushed", "Write .option push before it.");
      state.short = before;
      break;
    }
    case "arch":
      for (const [, sign] of cursor.rest().text.matchAll(/([-+])c\b/g)) state.short = sign === "+";
      break;
    case "relax":
    case "norelax":
    case "pic":
    case "nopic":
    case "csr-check":
      break;
    default:
      throw new Mistake(
        place,
        `there is no option "${text}"`,
        `${word.text} takes rvc, norvc, push, pop, relax or norelax.`,
      );
  }
  cursor.end("Write one option.");
}

export const sectionDirectives: Readonly<Record<string, Directive>> = {
  ".text": enter(".text"),
  ".data": enter(".data"),
  ".bss": enter(".bss"),
  ".rodata": enter(".rodata"),
  ".section": (state, cursor) => {
    state.sections.enter(section(state, cursor));
  },
  ".pushsection": (state, cursor) => {
    state.sections.push(section(state, cursor));
  },
  ".popsection": ({ sections }, _, { place }) => {
    if (!sections.pop()) throw new Mistake(place, "no section was pushed", "Write .pushsection before it.");
  },
  ".previous": ({ sections }) => {
    sections.previous();
  },
  ".align": aligning("power"),
  ".p2align": aligning("power"),
  ".p2alignw": aligning("power", 2),
  ".p2alignl": aligning("power", 4),
  ".balign": aligning("bytes"),
  ".balignw": aligning("bytes", 2),
  ".balignl": aligning("bytes", 4),
  ".option": option,
};
