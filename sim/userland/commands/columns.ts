import type { Activity } from "../../core/index.js";
import { Failure, UsageFailure, type Command, type Invocation } from "../program/command.js";
import { decodeBytes, encodeBytes } from "../program/encoding.js";
import { Input, readAll } from "../program/streams.js";
import { unescape } from "../program/printf.js";

/** Parts of lines, from 1: [from, to]. */
function ranges(list: string, complement: boolean): (at: number) => boolean {
  const parts = list.split(/[, ]/).map((part): readonly [number, number] => {
    const [, from, dash, to] = /^(\d*)(-?)(\d*)$/.exec(part) ?? [];
    if (from === undefined || (from === "" && (to ?? "") === ""))
      throw new UsageFailure(`invalid field value '${part}'`);
    if (from === "0" || (dash === "" && to === "0")) throw new UsageFailure("fields are numbered from 1");
    const first = from === "" ? 1 : Number(from);
    const last = dash === "" ? first : to === "" || to === undefined ? Infinity : Number(to);
    if (last < first) throw new UsageFailure("invalid decreasing range");
    return [first, last];
  });
  return (at) => parts.some(([from, to]) => at >= from && at <= to) !== complement;
}

export const cut: Command = {
  name: "cut",
  usage: ["OPTION... [FILE]..."],
  about: "Print selected parts of lines from each FILE to standard output.",
  options: [
    { short: "b", long: "bytes", argument: "LIST", help: "select only these bytes" },
    { short: "c", long: "characters", argument: "LIST", help: "select only these characters" },
    { short: "d", long: "delimiter", argument: "DELIM", help: "use DELIM instead of TAB for field delimiter" },
    { short: "f", long: "fields", argument: "LIST", help: "select only these fields" },
    { short: "n", help: "(ignored)" },
    { long: "complement", help: "complement the set of selected bytes, characters or fields" },
    { short: "s", long: "only-delimited", help: "do not print lines not containing delimiters" },
    { long: "output-delimiter", argument: "STRING", help: "use STRING as the output delimiter" },
  ],
  *run(it) {
    const kind = it.last("b", "c", "f");
    if (kind === undefined) throw new UsageFailure("you must specify a list of bytes, characters, or fields");
    const delimiter = it.value("d") ?? "\t";
    if (delimiter.length > 1) throw new UsageFailure("the delimiter must be a single character");
    if (it.value("d") !== undefined && kind !== "f")
      throw new UsageFailure("an input delimiter may be specified only when operating on fields");
    const chosen = ranges(it.value(kind) ?? "", it.has("complement"));
    const joiner = it.value("output-delimiter") ?? (kind === "f" ? delimiter : "");
    for (const path of it.operands.length === 0 ? ["-"] : it.operands) {
      const fd = yield* it.open(path);
      if (fd === undefined) continue;
      const input = new Input(it.sys, fd);
      for (;;) {
        const bytes = yield* input.lineBytes();
        if (bytes === undefined) break;
        const line = decodeBytes(bytes).replace(/\n$/, "");
        const pieces = kind === "f" ? line.split(delimiter) : Array.from(line);
        if (kind === "f" && pieces.length === 1) {
          if (!it.has("s")) it.out.putBytes(encodeBytes(`${line}\n`));
        } else it.out.putBytes(encodeBytes(`${pieces.filter((_, at) => chosen(at + 1)).join(joiner)}\n`));
        yield* it.out.drain();
      }
      yield* it.close(fd);
    }
    return it.status;
  },
};

const classOf: Readonly<Record<string, (code: number) => boolean>> = {
  alnum: (code) => /[0-9A-Za-z]/.test(String.fromCharCode(code)),
  alpha: (code) => /[A-Za-z]/.test(String.fromCharCode(code)),
  blank: (code) => code === 32 || code === 9,
  cntrl: (code) => code < 32 || code === 127,
  digit: (code) => code >= 48 && code <= 57,
  graph: (code) => code > 32 && code < 127,
  lower: (code) => code >= 97 && code <= 122,
  print: (code) => code >= 32 && code < 127,
  punct: (code) => /[!-/:-@[-`{-~]/.test(String.fromCharCode(code)),
  space: (code) => code === 32 || (code >= 9 && code <= 13),
  upper: (code) => code >= 65 && code <= 90,
  xdigit: (code) => /[0-9A-Fa-f]/.test(String.fromCharCode(code)),
};

/** The characters of a set of tr(1), in order. @param fill how long the other set is: what [x*] fills up to */
function setOf(text: string, fill: number): string {
  const plain = unescape(text, "\\ooo").text;
  let set = "";
  for (let at = 0; at < plain.length;) {
    const named = /^\[:(\w+):\]/.exec(plain.slice(at));
    if (named !== null) {
      const member = classOf[named[1] ?? ""];
      if (member === undefined) throw new Failure(`invalid character class '${named[1] ?? ""}'`);
      for (let code = 0; code < 256; code++) if (member(code)) set += String.fromCharCode(code);
      at += named[0].length;
      continue;
    }
    const repeated = /^\[(.)\*(\d*)\]/s.exec(plain.slice(at));
    if (repeated !== null) {
      const times = repeated[2] === "" || repeated[2] === "0" ? Math.max(0, fill - set.length) : Number(repeated[2]);
      set += (repeated[1] ?? "").repeat(times);
      at += repeated[0].length;
      continue;
    }
    const first = plain.charCodeAt(at);
    if (plain[at + 1] === "-" && at + 2 < plain.length) {
      const last = plain.charCodeAt(at + 2);
      if (last < first)
        throw new Failure(`range-endpoints of '${plain.slice(at, at + 3)}' are in reverse collating sequence order`);
      for (let code = first; code <= last; code++) set += String.fromCharCode(code);
      at += 3;
    } else {
      set += plain[at] ?? "";
      at++;
    }
  }
  return set;
}

function* translated(it: Invocation): Activity<number> {
  const [deletes, squeezes] = [it.has("d"), it.has("s")];
  const [first = "", second] = it.operands;
  if (!deletes && !squeezes && second === undefined)
    throw new UsageFailure(`missing operand after '${first}'\nTwo strings must be given when translating.`);
  let from = setOf(first, 0);
  if (it.has("c", "C")) {
    const kept = from;
    from = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
      .filter((one) => !kept.includes(one))
      .join("");
  }
  let to = second === undefined ? "" : setOf(second, from.length);
  const translates = !deletes && second !== undefined;
  if (translates && to === "") throw new Failure("when not truncating set1, string2 must be non-empty");
  if (translates && to.length < from.length && !it.has("t")) to = to.padEnd(from.length, to.at(-1));
  const map = new Map<string, string>();
  // Later ones of the same character count, as in GNU's table.
  for (const [at, one] of Array.from(from).entries()) if (translates && at < to.length) map.set(one, to[at] ?? one);
  const gone = deletes ? new Set(from) : undefined;
  const squeezed = new Set(squeezes ? (second === undefined ? from : to) : "");
  let before = "";
  const bytes = yield* readAll(it.sys, 0);
  let out = "";
  for (const one of decodeBytes(bytes)) {
    if (gone?.has(one) === true) continue;
    const now = map.get(one) ?? one;
    if (now === before && squeezed.has(now)) continue;
    out += now;
    before = now;
  }
  it.out.putBytes(encodeBytes(out));
  return 0;
}

export const translateCharacters: Command = {
  name: "tr",
  usage: ["[OPTION]... STRING1 [STRING2]"],
  about: "Translate, squeeze, and/or delete characters from standard input, writing to standard output.",
  options: [
    { short: "c", long: "complement", help: "use the complement of STRING1" },
    { short: "C", help: "use the complement of STRING1" },
    { short: "d", long: "delete", help: "delete characters in STRING1, do not translate" },
    { short: "s", long: "squeeze-repeats", help: "replace each sequence of a repeated character by a single one" },
    { short: "t", long: "truncate-set1", help: "first truncate STRING1 to length of STRING2" },
  ],
  operands: [1, 2],
  posix: true,
  run: translated,
};
