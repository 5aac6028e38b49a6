import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { Gunzip } from "fflate/browser";
import { concatBytes, encodeBase64, encodeUtf8, UsageError } from "../../core/index.js";
import { textOf } from "../../net/index.js";
import { gunzip, gzip } from "../archive/gzip.js";
import { bytesOf, fileEntry, type TarEntry } from "../archive/tar/entry.js";
import { readTar } from "../archive/tar/reader.js";
import { writeTar } from "../archive/tar/writer.js";

/** A line of an index or of the database of what is installed: a letter for each field (apk-package(5)). */
export type ApkRecord = ReadonlyMap<string, string>;

/** A package as a file: what it says of itself, its scripts (".pre-install"), and its files. */
export interface ApkFile {
  readonly info: ReadonlyMap<string, readonly string[]>;
  readonly scripts: ReadonlyMap<string, string>;
  readonly files: readonly TarEntry[];
  /** The hash of its control segment: what indexes and the database know it by. */
  readonly identity: string;
}

/** "Q1" and the SHA-1 in base64: how apk writes hashes. */
export const checksum = (bytes: Uint8Array): string => `Q1${encodeBase64(sha1(bytes))}`;

export const hexOf = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Tar without the blocks that end it: segments of one package follow each other. */
const cut = (tar: Uint8Array): Uint8Array => tar.subarray(0, tar.length - ending.length);
const ending = new Uint8Array(1024);

/** A package of apk-tools 2: a gzip member with what it says of itself, and one with its files. (Signed ones have another before; ours have none.) */
export function writeApk(
  info: readonly (readonly [string, string])[],
  scripts: ReadonlyMap<string, string>,
  files: readonly TarEntry[],
  mtime: number,
): Uint8Array {
  const dense = files.map((entry) =>
    entry.type === "file" ? { ...entry, extents: [{ offset: 0, bytes: bytesOf(entry) }] } : entry,
  );
  const data = gzip(writeTar(dense));
  const lines = [...info, ["datahash", hexOf(sha256(data))] as const].map(([key, value]) => `${key} = ${value}\n`);
  const control = [
    fileEntry(".PKGINFO", encodeUtf8(lines.join("")), { mtime }),
    ...[...scripts].map(([name, text]) => fileEntry(name, encodeUtf8(text), { mode: 0o755, mtime })),
  ];
  return concatBytes([gzip(cut(writeTar(control))), data]);
}

/** Where the members of a gzip file end. @throws UsageError for what is damaged */
function members(bytes: Uint8Array): Uint8Array[] {
  const starts = [0];
  const stream = new Gunzip(() => undefined);
  stream.onmember = (offset) => {
    starts.push(offset);
  };
  try {
    stream.push(bytes, true);
  } catch {
    throw new UsageError("a package is damaged", "Get it again.");
  }
  return starts.map((start, at) => bytes.subarray(start, starts[at + 1]));
}

/** @returns undefined for what is damaged, or is no package */
export function readApk(bytes: Uint8Array): ApkFile | undefined {
  try {
    const [control, data] = members(bytes);
    if (control === undefined || data === undefined) return undefined;
    const texts = new Map(
      readTar(concatBytes([gunzip(control), ending])).map((one) => [one.name, textOf(bytesOf(one))]),
    );
    const info = new Map<string, string[]>();
    for (const line of (texts.get(".PKGINFO") ?? "").split("\n")) {
      const [, key, value = ""] = /^(\w+) = (.*)$/.exec(line) ?? [];
      if (key !== undefined) info.set(key, [...(info.get(key) ?? []), value]);
    }
    if (info.get("pkgname") === undefined || info.get("datahash")?.[0] !== hexOf(sha256(data))) return undefined;
    texts.delete(".PKGINFO");
    return { info, scripts: texts, files: readTar(gunzip(data)), identity: checksum(control) };
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** Records of lines "P:name", apart by empty lines. */
export function readRecords(text: string): ApkRecord[] {
  return text
    .split(/\n\n+/)
    .filter((block) => block.trim() !== "")
    .map(
      (block) =>
        new Map(block.split("\n").flatMap((line) => (line[1] === ":" ? [[line[0] ?? "", line.slice(2)]] : []))),
    );
}

/** The fields that an index has of a package, in its order. */
const indexFields: readonly string[] = "C P V A S I T U L o m t c D p i".split(" ");

export const recordText = (record: ApkRecord): string =>
  indexFields.flatMap((key) => (record.get(key) === undefined ? [] : [`${key}:${record.get(key) ?? ""}\n`])).join("");

/** APKINDEX.tar.gz. */
export function writeIndex(description: string, records: readonly ApkRecord[], mtime: number): Uint8Array {
  const text = records.map((record) => `${recordText(record)}\n`).join("");
  return gzip(
    writeTar([
      fileEntry("DESCRIPTION", encodeUtf8(description), { mtime }),
      fileEntry("APKINDEX", encodeUtf8(text), { mtime }),
    ]),
  );
}

/** @returns undefined for what is damaged */
export function readIndex(
  bytes: Uint8Array,
): { readonly description: string; readonly records: readonly ApkRecord[] } | undefined {
  try {
    const texts = new Map(readTar(gunzip(bytes)).map((one) => [one.name, textOf(bytesOf(one))]));
    const index = texts.get("APKINDEX");
    return index === undefined
      ? undefined
      : { description: texts.get("DESCRIPTION") ?? "", records: readRecords(index) };
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
