import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import type { Activity } from "../../core/index.js";
import { attempt, Errno } from "../../os/index.js";
import { Failure, type Command, type Invocation } from "../program/command.js";

const chunk = 65_536;

/** What takes bytes piece by piece, and says their hash at the end. */
interface Hasher {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Hands a file's bytes over piece by piece. @returns whether it could be read; if not, that has been said */
function* each(it: Invocation, path: string, take: (bytes: Uint8Array) => void): Activity<boolean> {
  const fd = yield* it.open(path);
  if (fd === undefined) return false;
  try {
    for (;;) {
      const bytes = yield* attempt(it.sys.read(fd, chunk));
      if (bytes instanceof Errno) {
        yield* it.complain(`${path}: ${bytes.message}`);
        return false;
      }
      if (bytes.length === 0) return true;
      take(bytes);
    }
  } finally {
    yield* it.close(fd);
  }
}

/** A name in a line of sums: one with a newline or a backslash is escaped, and its line says so. */
function lineOf(sum: string, path: string, binary: boolean): string {
  const escaped = path.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `${escaped === path ? "" : "\\"}${sum} ${binary ? "*" : " "}${escaped}\n`;
}

function* hash(it: Invocation, make: () => Hasher, path: string): Activity<string | undefined> {
  const hasher = make();
  return (yield* each(it, path, (bytes) => hasher.update(bytes))) ? hex(hasher.digest()) : undefined;
}

function* show(it: Invocation, make: () => Hasher): Activity<undefined> {
  const paths = it.operands.length === 0 ? ["-"] : it.operands;
  for (const path of paths) {
    const sum = yield* hash(it, make, path);
    if (sum === undefined) continue;
    it.out.put(it.has("tag") ? `${label(it)} (${path}) = ${sum}\n` : lineOf(sum, path, it.has("b")));
  }
  return undefined;
}

const label = ({ name }: Invocation): string => name.replace("sum", "").toUpperCase();

/** --check: each line of a file of sums against the file that it names. */
function* check(it: Invocation, make: () => Hasher, length: number): Activity<undefined> {
  const paths = it.operands.length === 0 ? ["-"] : it.operands;
  for (const path of paths) {
    const text = yield* it.readText(path);
    if (text === undefined) continue;
    let [lines, bad, unreadable, mismatched] = [0, 0, 0, 0];
    for (const line of text.split("\n").filter((one) => one !== "")) {
      const [, sum, name] =
        /^([\da-fA-F]+) [ *](.+)$/.exec(line) ??
        [/^(\w+) \((.+)\) = ([\da-f]+)$/.exec(line)].flatMap((tagged) => ["", tagged?.[3], tagged?.[2]]);
      if (sum?.length !== length || name === undefined) {
        bad++;
        continue;
      }
      lines++;
      const found = yield* hash(it, make, name);
      if (found === undefined) {
        unreadable++;
        if (!it.has("status")) it.out.put(`${name}: FAILED open or read\n`);
      } else if (found !== sum.toLowerCase()) {
        mismatched++;
        if (!it.has("status")) it.out.put(`${name}: FAILED\n`);
      } else if (!it.has("status", "quiet")) it.out.put(`${name}: OK\n`);
    }
    if (lines === 0) {
      yield* it.complain(`${path === "-" ? "'standard input'" : path}: no properly formatted checksum lines found`);
      continue;
    }
    if (unreadable + mismatched > 0) it.status = 1;
    if (it.has("status")) continue;
    const many = (count: number, one: string, more: string): string => `WARNING: ${count} ${count === 1 ? one : more}`;
    if (bad > 0) yield* it.complain(many(bad, "line is improperly formatted", "lines are improperly formatted"), 0);
    if (unreadable > 0)
      yield* it.complain(many(unreadable, "listed file could not be read", "listed files could not be read"));
    if (mismatched > 0)
      yield* it.complain(many(mismatched, "computed checksum did NOT match", "computed checksums did NOT match"));
  }
  return undefined;
}

const hashers: readonly (readonly [name: string, make: () => Hasher, digits: number])[] = [
  ["md5sum", () => md5.create(), 32],
  ["sha1sum", () => sha1.create(), 40],
  ["sha256sum", () => sha256.create(), 64],
  ["sha512sum", () => sha512.create(), 128],
];

/** CRC-32 with POSIX's polynomial, most significant bit first: XCU, cksum. */
const table: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value < 0 ? 0x04c1_1db7 : 0);
  return value >>> 0;
});

function* cksum(it: Invocation): Activity<undefined> {
  for (const path of it.operands.length === 0 ? [undefined] : it.operands) {
    let [crc, length] = [0, 0];
    const add = (byte: number): void => {
      crc = ((crc << 8) ^ (table[((crc >>> 24) ^ byte) & 255] ?? 0)) >>> 0;
    };
    const read = yield* each(it, path ?? "-", (bytes) => {
      length += bytes.length;
      for (const byte of bytes) add(byte);
    });
    if (!read) continue;
    // The length follows, in as few bytes as it takes.
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) add(rest % 256);
    it.out.put(`${~crc >>> 0} ${length}${path === undefined ? "" : ` ${path}`}\n`);
  }
  return undefined;
}

export const checksumCommands: readonly Command[] = [
  ...hashers.map(([name, make, digits]): Command => ({
    name,
    usage: ["[OPTION]... [FILE]..."],
    about: `Print or check ${name.replace("sum", "").toUpperCase()} checksums.`,
    options: [
      { short: "b", long: "binary", help: "read in binary mode" },
      { short: "c", long: "check", help: "read checksums from the FILEs and check them" },
      { short: "t", long: "text", help: "read in text mode (default)" },
      { long: "tag", help: "create a BSD-style checksum" },
      { long: "quiet", help: "don't print OK for each successfully verified file" },
      { long: "status", help: "don't output anything, status code shows success" },
    ],
    run(it) {
      if (it.has("c") && it.has("tag")) throw new Failure("the --tag option is meaningless when verifying checksums");
      return it.has("c") ? check(it, make, digits) : show(it, make);
    },
  })),
  {
    name: "cksum",
    usage: ["[FILE]..."],
    about: "Print CRC checksums and byte counts of each FILE.",
    options: [],
    run: cksum,
  },
];
