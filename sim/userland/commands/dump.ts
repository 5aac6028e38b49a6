import type { Activity } from "../../core/index.js";
import { decodeBase64, encodeBase64 } from "../../core/index.js";
import { Failure, type Command, type Invocation } from "../program/command.js";
import { concat, decodeBytes } from "../program/encoding.js";

const names: Readonly<Record<number, string>> = {
  0: "\\0",
  7: "\\a",
  8: "\\b",
  9: "\\t",
  10: "\\n",
  11: "\\v",
  12: "\\f",
  13: "\\r",
};
const ascii =
  "nul soh stx etx eot enq ack bel bs ht nl vt ff cr so si dle dc1 dc2 dc3 dc4 nak syn etb can em sub esc fs gs rs us sp".split(
    " ",
  );

/** How a unit of some bytes is shown, and how wide it is. */
interface Format {
  readonly size: number;
  readonly width: number;
  readonly show: (value: bigint) => string;
}

function formatOf(type: string): Format {
  const [, letter = "o", digits] = /^([acdoux])(\d*)z?$/.exec(type) ?? [];
  const size = letter === "a" || letter === "c" ? 1 : Number(digits === "" || digits === undefined ? 4 : digits);
  if (![1, 2, 4, 8].includes(size)) throw new Failure(`invalid type string '${type}'`);
  const bits = size * 8;
  switch (letter) {
    case "a":
      return {
        size,
        width: 4,
        show: (value) =>
          value === 127n ? "del" : (ascii[Number(value & 127n)] ?? String.fromCharCode(Number(value & 127n))),
      };
    case "c":
      return {
        size,
        width: 4,
        show: (value) => {
          const code = Number(value);
          return (
            names[code] ?? (code >= 32 && code < 127 ? String.fromCharCode(code) : code.toString(8).padStart(3, "0"))
          );
        },
      };
    case "x":
      return { size, width: bits / 4 + 1, show: (value) => value.toString(16).padStart(bits / 4, "0") };
    case "o": {
      const width = Math.ceil(bits / 3);
      return { size, width: width + 1, show: (value) => value.toString(8).padStart(width, "0") };
    }
    default: {
      const width = { 1: 4, 2: 6, 4: 11, 8: 21 }[size] ?? 11;
      return {
        size,
        width:
          letter === "u"
            ? ({ 1: 4, 2: 6, 4: 11, 8: 21 }[size] ?? 11)
            : width + (size === 1 ? 1 : size === 2 ? 1 : size === 4 ? 1 : 0),
        show: (value) => String(letter === "d" ? BigInt.asIntN(bits, value) : value),
      };
    }
  }
}

const shortTypes: Readonly<Record<string, string>> = { a: "a", b: "o1", c: "c", d: "u2", o: "o2", s: "d2", x: "x2" };

function* readInputs(it: Invocation): Activity<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (const path of it.operands.length === 0 ? ["-"] : it.operands) {
    const bytes = yield* it.read(path);
    if (bytes !== undefined) pieces.push(bytes);
  }
  return concat(pieces);
}

function* dump(it: Invocation): Activity<number> {
  const types = it.options.flatMap(({ name, value }) =>
    name === "t" ? [value ?? "o2"] : name in shortTypes ? [shortTypes[name] ?? "o2"] : [],
  );
  const formats = (types.length === 0 ? ["o2"] : types).map(formatOf);
  const radix = it.value("A") ?? "o";
  const address = (at: number): string =>
    radix === "n"
      ? ""
      : radix === "x"
        ? at.toString(16).padStart(6, "0")
        : radix === "d"
          ? String(at).padStart(7, "0")
          : at.toString(8).padStart(7, "0");
  const all = yield* readInputs(it);
  const from = Number(it.value("j") ?? 0);
  const bytes = all.subarray(from, from + Number(it.value("N") ?? Infinity));
  let before = "";
  let starred = false;
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const key = decodeBytes(row);
    if (key === before && row.length === 16 && !it.has("v")) {
      if (!starred) it.out.put("*\n");
      starred = true;
      continue;
    }
    before = key;
    starred = false;
    for (const [place, { size, width, show }] of formats.entries()) {
      let line = place === 0 ? address(from + at) : " ".repeat(address(0).length);
      for (let unit = 0; unit < row.length; unit += size) {
        let value = 0n;
        for (let byte = size - 1; byte >= 0; byte--) value = (value << 8n) | BigInt(row[unit + byte] ?? 0);
        line += show(value).padStart(width);
      }
      it.out.put(`${line}\n`);
    }
    yield* it.out.drain();
  }
  if (radix !== "n") it.out.put(`${address(from + bytes.length)}\n`);
  return it.status;
}

export const dumpCommands: readonly Command[] = [
  {
    name: "od",
    usage: ["[OPTION]... [FILE]..."],
    about: "Write an unambiguous representation, octal bytes by default, of FILE to standard output.",
    options: [
      {
        short: "A",
        long: "address-radix",
        argument: "RADIX",
        help: "output format for file offsets; RADIX is one of [doxn]",
      },
      { short: "j", long: "skip-bytes", argument: "BYTES", help: "skip BYTES input bytes first" },
      { short: "N", long: "read-bytes", argument: "BYTES", help: "limit dump to BYTES input bytes" },
      { short: "t", long: "format", argument: "TYPE", help: "select output format or formats" },
      { short: "v", long: "output-duplicates", help: "do not use * to mark line suppression" },
      ...Object.entries(shortTypes).map(([short, type]) => ({ short, help: `same as -t ${type}` })),
    ],
    run: dump,
  },
  {
    name: "base64",
    usage: ["[OPTION]... [FILE]"],
    about: "Base64 encode or decode FILE, or standard input, to standard output.",
    options: [
      { short: "d", long: "decode", help: "decode data" },
      { short: "i", long: "ignore-garbage", help: "when decoding, ignore non-alphabet characters" },
      { short: "w", long: "wrap", argument: "COLS", help: "wrap encoded lines after COLS character (default 76)" },
    ],
    operands: [0, 1],
    *run(it) {
      const bytes = yield* readInputs(it);
      if (!it.has("d")) {
        const columns = Number(it.value("w") ?? 76);
        const text = encodeBase64(bytes);
        const lines = columns === 0 ? [text] : (text.match(new RegExp(`.{1,${columns}}`, "g")) ?? []);
        it.out.put(lines.join("\n") + (columns === 0 || text === "" ? "" : "\n"));
        return it.status;
      }
      const text = decodeBytes(bytes).replace(it.has("i") ? /[^A-Za-z0-9+/=]/g : /\n/g, "");
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw new Failure("invalid input");
      it.out.putBytes(decodeBase64(text));
      return it.status;
    },
  },
];
