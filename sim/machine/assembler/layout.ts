import { invariant } from "../../core/index.js";
import { formats } from "../instructions/index.js";
import { constantNow, positionNow } from "./expression.js";
import type { Branch, Fragment, Section } from "./model.js";
import { Mistake } from "./problem.js";

/** How far forms reach in either direction, in bytes. */
const reach = { shortJump: 2048, shortBranch: 256, branch: 4096 } as const;

/**
 * Gives each fragment of a section its beginning and size, in the forms, to the reaches and in the order of GNU as: a first
 * guess that takes what lies ahead for far back, then passes in which branches ahead still see old places, until nothing
 * changes. So a branch may keep a long form where the short one would do, as it does there. Should the passes not settle,
 * sizes only grow from then on.
 */
export function layOut(section: Section, report: (mistake: Mistake) => void): void {
  const { fragments } = section;
  // The last instruction of a code section ends where the next section may begin.
  if (section.flags.executable && fragments.length > 0) {
    const { alignment: boundary } = section;
    fragments.push({ kind: "align", boundary, limit: Infinity, fill: "nops", short: true, start: 0, size: 0 });
  }
  let changed = pass(section, false);
  for (let passes = 0; changed; passes++) changed = pass(section, passes > fragments.length);
  for (const fragment of fragments) {
    if (fragment.kind !== "until" || untilTarget(fragment, section) >= fragment.start) continue;
    report(new Mistake(fragment.place, "this goes back", "Give an address behind what is there."));
  }
}

/** Puts every fragment behind the one before and sizes it. @returns whether anything moved or changed */
function pass(section: Section, onlyGrow: boolean): boolean {
  let at = 0;
  let changed = false;
  for (const fragment of section.fragments) {
    const size = sizeOf(fragment, at, section);
    const kept = onlyGrow && fragment.kind === "branch" ? Math.max(size, fragment.size) : size;
    changed ||= fragment.start !== at || fragment.size !== kept;
    fragment.start = at;
    fragment.size = kept;
    at += kept;
  }
  section.size = at;
  return changed;
}

function sizeOf(fragment: Fragment, at: number, section: Section): number {
  switch (fragment.kind) {
    case "bytes":
      return fragment.bytes.length;
    case "fill":
      return fragment.size;
    case "align": {
      const gap = (fragment.boundary - (at % fragment.boundary)) % fragment.boundary;
      return gap > fragment.limit ? 0 : gap;
    }
    case "until":
      return Math.max(0, untilTarget(fragment, section) - at);
    case "branch":
      return branchSize(fragment, at, section);
  }
}

function untilTarget(fragment: Extract<Fragment, { kind: "until" }>, section: Section): number {
  const position = positionNow(fragment.target);
  if (position?.at.section === section) {
    return position.at.fragment.start + position.at.offset + Number(position.plus);
  }
  const number = constantNow(fragment.target);
  invariant(number !== undefined, ".org was accepted with a target that isn't known");
  return Number(number);
}

function branchSize({ row, late, short }: Branch, at: number, section: Section): number {
  const jump = row.format === formats.J;
  const { expression } = late;
  const weak = expression.kind === "symbol" && expression.symbol.binding === "weak";
  const target = weak ? undefined : positionNow(expression);
  if (target?.at.section !== section) return jump ? 4 : 8;
  const distance = target.at.fragment.start + target.at.offset + Number(target.plus) - at;
  const within = (limit: number): boolean => distance >= -limit && distance < limit;
  if (short !== undefined && within(jump ? reach.shortJump : reach.shortBranch)) return 2;
  if (jump || within(reach.branch)) return 4;
  return short === undefined ? 8 : 6;
}

/** Where the sections that are part of the program lie: in the order code, constants, data, zeros, one after the other. */
export function putInPlace(
  sections: readonly Section[],
  origin: bigint,
  fixed: ReadonlyMap<string, bigint>,
): readonly Section[] {
  const order = ({ flags }: Section): number => (flags.executable ? 0 : !flags.writable ? 1 : flags.empty ? 3 : 2);
  const placed = sections
    .filter(({ flags, size, name }) => flags.allocated && (size > 0 || fixed.has(name)))
    .sort((a, b) => order(a) - order(b));
  let at = origin;
  for (const section of placed) {
    at = fixed.get(section.name) ?? at;
    const step = BigInt(section.alignment);
    section.address = ((at + step - 1n) / step) * step;
    at = section.address + BigInt(section.size);
  }
  // Labels of sections without content have addresses, too.
  for (const section of sections) if (!placed.includes(section) && section.flags.allocated) section.address = at;
  return placed;
}
