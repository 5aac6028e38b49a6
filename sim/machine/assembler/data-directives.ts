import type { State } from "./state.js";
import { constant, count, each, placed, stringBytes } from "./arguments.js";
import type { Cursor } from "./cursor.js";
import type { Directive } from "./directive.js";
import { constantNow, parseExpression, positionNow } from "./expression.js";
import { little } from "./little.js";
import { Mistake } from "./problem.js";

/** Numbers of `bits` bits, the lowest byte first. */
const numbers =
  (width: 8 | 16 | 32 | 64): Directive =>
  (state, cursor) => {
    each(cursor, () => {
      const { value: expression, place } = placed(cursor, () => parseExpression(cursor, state));
      const { bytes, fixups } = state.sections.current.bytes();
      fixups.push({ kind: "data", at: bytes.length, width, late: { expression, place, modifier: undefined } });
      bytes.push(...new Array<number>(width / 8).fill(0));
    });
  };

const floats =
  (bytes: 4 | 8): Directive =>
  (state, cursor) => {
    const { text, at } = cursor.rest();
    for (const word of text.split(",")) {
      const number = word.trim().replace(/^0[fdFD]/, "");
      const value = /^[-+]?inf(inity)?$/i.test(number)
        ? Number(number.replace(/inf(inity)?/i, "Infinity"))
        : Number(number);
      if (number === "" || (Number.isNaN(value) && !/^nan$/i.test(number))) {
        const place = { statement: cursor.statement, at: at + text.indexOf(word), length: Math.max(1, word.length) };
        throw new Mistake(place, `"${word.trim()}" is no number`, "Write it as 1.5e-3.");
      }
      const view = new DataView(new ArrayBuffer(bytes));
      if (bytes === 4) view.setFloat32(0, value, true);
      else view.setFloat64(0, value, true);
      state.sections.current.bytes().bytes.push(...new Uint8Array(view.buffer));
    }
  };

const strings =
  (end: readonly number[]): Directive =>
  ({ sections }, cursor) => {
    each(cursor, () => {
      sections.current.bytes().bytes.push(...stringBytes(cursor), ...end);
    });
  };

/** As often as that. */
function repeat({ sections }: State, times: number, pattern: readonly number[]): void {
  sections.current.fragments.push({ kind: "fill", pattern, start: 0, size: times * pattern.length });
}

/** `.space bytes, fill`. */
const space: Directive = (state, cursor) => {
  const bytes = count(state, cursor);
  const fill = cursor.accept(",") ? constant(state, cursor).value : 0n;
  cursor.end("It takes a size and a fill.");
  repeat(state, bytes, [Number(fill & 255n)]);
};

/** `.fill times, size, value`: of the value, GNU as takes the lowest four bytes. */
const fill: Directive = (state, cursor) => {
  const times = count(state, cursor);
  const size = cursor.accept(",") ? count(state, cursor) : 1;
  const value = cursor.accept(",") ? constant(state, cursor).value : 0n;
  cursor.end("It takes how often, a size of up to 8 bytes, and a value.");
  const width = Math.min(8, size);
  repeat(state, times, little(value, Math.min(4, width)).concat(new Array<number>(Math.max(0, width - 4)).fill(0)));
};

/** Goes on at a place of this section, ahead: `.org` and `. =`. */
export function goOn(state: State, cursor: Cursor): void {
  const { value: target, place } = placed(cursor, () => parseExpression(cursor, state));
  const byte = cursor.accept(",") ? constant(state, cursor).value : 0n;
  cursor.end("It takes a place in the section, and a fill.");
  const { current } = state.sections;
  const here = constantNow(target) !== undefined || positionNow(target)?.at.section === current;
  if (!here)
    throw new Mistake(place, "this is no place in this section", "Write a distance from its beginning, or . + bytes.");
  current.fragments.push({ kind: "until", target, fill: Number(byte & 255n), place, start: 0, size: 0 });
}

/** Numbers in groups of seven bits (DWARF 5, section 7.6). */
const leb =
  (signed: boolean): Directive =>
  (state, cursor) => {
    each(cursor, () => {
      let { value } = constant(state, cursor);
      if (!signed) value = BigInt.asUintN(64, value);
      const { bytes } = state.sections.current.bytes();
      for (;;) {
        const low = Number(value & 127n);
        value >>= 7n;
        const done = signed ? value === (low < 64 ? 0n : -1n) : value === 0n;
        bytes.push(done ? low : low | 128);
        if (done) return;
      }
    });
  };

/** `.insn length, bits` and `.insn bits`: an instruction by its bits. */
const insn: Directive = (state: State, cursor: Cursor) => {
  let { value, place } = constant(state, cursor);
  const length = cursor.accept(",") ? value : undefined;
  if (length !== undefined) ({ value, place } = constant(state, cursor));
  cursor.end("It takes the bits, or a length and the bits.");
  const bytes = (value & 3n) === 3n ? 4 : 2;
  if ((length !== undefined && length !== BigInt(bytes)) || value >= 1n << BigInt(8 * bytes) || value < 0n) {
    throw new Mistake(
      place,
      "an instruction of this length can't have these bits",
      "Bits that end in 11 are 4 bytes, others 2.",
    );
  }
  state.sections.current.bytes().bytes.push(...little(value, bytes));
};

export const dataDirectives: Readonly<Record<string, Directive>> = {
  ".byte": numbers(8),
  ".2byte": numbers(16),
  ".half": numbers(16),
  ".hword": numbers(16),
  ".short": numbers(16),
  ".4byte": numbers(32),
  ".word": numbers(32),
  ".int": numbers(32),
  ".long": numbers(32),
  ".8byte": numbers(64),
  ".dword": numbers(64),
  ".quad": numbers(64),
  ".float": floats(4),
  ".single": floats(4),
  ".double": floats(8),
  ".ascii": strings([]),
  ".asciz": strings([0]),
  ".string": strings([0]),
  ".space": space,
  ".skip": space,
  ".zero": space,
  ".fill": fill,
  ".org": goOn,
  ".uleb128": leb(false),
  ".sleb128": leb(true),
  ".insn": insn,
};
