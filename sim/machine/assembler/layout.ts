import { invariant } from "../../core/index.js";
import { formats } from "../instructions/index.js";
import { positionNow } from "./expression.js";
import { constantNow } from "./expression.js";
import type { Branch, Fragment, Section } from "./fragment.js";
import { Mistake } from "./problem.js";

/** How far forms reach in either direction, in bytes. */
const reach = { shortJump: 2048, shortBranch: 256, branch: 4096 } as const;

/**
 * Gives each fragment of a section its beginning and size: branches as short as they can be, in the forms and to the reaches
 * of GNU as. Sizes start at the shortest and only grow, so this ends.
 */
export function layOut(section: Section, report: (mistake: Mistake) => void): void {
  const { fragments } = section;
  for (const fragment of fragments) {
    if (fragment.kind === "bytes") fragment.size = fragment.bytes.length;
    if (fragment.kind === "branch") fragment.size = fragment.short === undefined ? 4 : 2;
  }
  place(section);
  for (let changed = true; changed;) {
    changed = false;
    for (const fragment of fragments) {
      if (fragment.kind !== "branch") continue;
      const size = branchSize(fragment, section);
      if (size <= fragment.size) continue;
      fragment.size = size;
      changed = true;
    }
    place(section);
  }
  for (const fragment of fragments) {
    if (fragment.kind !== "until" || fragment.size >= 0) continue;
    report(new Mistake(fragment.place, ".org goes back", "Give an address behind what is there."));
    fragment.size = 0;
  }
}

/** Beginnings, and the sizes that depend on them. */
function place(section: Section): void {
  let at = 0;
  for (const fragment of section.fragments) {
    fragment.start = at;
    if (fragment.kind === "align") {
      const gap = (fragment.boundary - (at % fragment.boundary)) % fragment.boundary;
      fragment.size = gap > fragment.limit ? 0 : gap;
    }
    if (fragment.kind === "until") fragment.size = untilTarget(fragment, section) - at;
    at += fragment.size;
  }
  section.size = at;
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

function branchSize({ row, late, start, short }: Branch, section: Section): number {
  const jump = row.format === formats.J;
  const { expression } = late;
  const weak = expression.kind === "symbol" && expression.symbol.binding === "weak";
  const target = weak ? undefined : positionNow(expression);
  if (target?.at.section !== section) return jump ? 4 : 8;
  const distance = target.at.fragment.start + target.at.offset + Number(target.plus) - start;
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
