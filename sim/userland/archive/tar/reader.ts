import { textOf } from "../../../net/index.js";
import type { EntryType, Extent, TarEntry } from "./entry.js";
import { blockSize, checksumOf, damaged, readField, readNumber, roundUp } from "./header.js";

const types: Readonly<Record<string, EntryType>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
};

/** The most entries that an archive may have. */
const mostEntries = 1_000_000;

type Records = ReadonlyMap<string, Uint8Array>;

/** Extended header records: "LENGTH KEY=VALUE\n", values of any bytes. */
function readRecords(bytes: Uint8Array): Map<string, Uint8Array> {
  const records = new Map<string, Uint8Array>();
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(32, at);
    const digits = blank < 0 || blank - at > 10 ? "" : textOf(bytes.subarray(at, blank));
    const end = at + Number(digits);
    const equals = bytes.indexOf(61, blank);
    if (!/^\d+$/.test(digits) || end > bytes.length || equals < 0 || equals >= end || bytes[end - 1] !== 10)
      throw damaged("an extended header is not made of records");
    records.set(textOf(bytes.subarray(blank + 1, equals)), bytes.slice(equals + 1, end - 1));
    at = end;
  }
  return records;
}

function numberOf(records: Records, key: string): number | undefined {
  const value = records.get(key);
  if (value === undefined) return undefined;
  const number = Number(textOf(value));
  if (!(number >= 0) || number > Number.MAX_SAFE_INTEGER) throw damaged(`its record ${key} is no number`);
  return Math.floor(number);
}

const wordOf = (records: Records, key: string): string | undefined => {
  const value = records.get(key);
  return value === undefined ? undefined : textOf(value);
};

const untilZero = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return textOf(end < 0 ? bytes : bytes.subarray(0, end));
};

/** The extents of GNU tar's sparse format 1.0: decimal lines fill whole blocks before the data. */
function readSparse(data: Uint8Array, realSize: number): Extent[] {
  let at = 0;
  const line = (): number => {
    const end = data.indexOf(10, at);
    const digits = end < 0 || end - at > 16 ? "" : textOf(data.subarray(at, end));
    if (!/^\d+$/.test(digits)) throw damaged("its sparse map holds no numbers");
    at = end + 1;
    return Number(digits);
  };
  const count = line();
  if (count > data.length) throw damaged("its sparse map is longer than the file");
  const map = Array.from({ length: count }, () => ({ offset: line(), length: line() }));
  at = roundUp(at);
  const extents: Extent[] = [];
  let end = 0;
  for (const { offset, length } of map) {
    if (offset < end || offset + length > realSize || at + length > data.length)
      throw damaged("its sparse map doesn't fit the file");
    if (length > 0) extents.push({ offset, bytes: data.subarray(at, at + length) });
    at += length;
    end = offset + length;
  }
  return extents;
}

function nameOf(header: Uint8Array, long: string | undefined, records: Records): string {
  const given = wordOf(records, "GNU.sparse.name") ?? wordOf(records, "path") ?? long;
  if (given !== undefined) return given;
  const name = textOf(readField(header, "name"));
  // GNU's own format has other things where ustar has its prefix.
  const prefix = textOf(header.subarray(257, 263)) === "ustar\0" ? textOf(readField(header, "prefix")) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function xattrsOf(records: Records): Map<string, Uint8Array> | undefined {
  const found = new Map<string, Uint8Array>();
  const prefix = "SCHILY.xattr.";
  for (const [key, value] of records) if (key.startsWith(prefix)) found.set(key.slice(prefix.length), value);
  return found.size === 0 ? undefined : found;
}

/**
 * The entries of a tar archive: ustar, pax, and GNU's long names and sparse format 1.0. Contents are parts of `bytes`, not
 * copies. Nothing is said of whether names are harmless: who unpacks looks at that.
 * @throws UsageError for what is damaged, or of a kind that isn't read
 */
export function readTar(bytes: Uint8Array): TarEntry[] {
  const entries: TarEntry[] = [];
  let global: Records = new Map();
  let own: Records = new Map();
  let longName: string | undefined;
  let longTarget: string | undefined;
  for (let at = 0; at + blockSize <= bytes.length;) {
    const header = bytes.subarray(at, at + blockSize);
    at += blockSize;
    if (header.every((byte) => byte === 0)) return entries;
    if (checksumOf(header) !== readNumber(header, "checksum")) throw damaged("a header's checksum is wrong");
    const flag = String.fromCharCode(header[156] ?? 0);
    const records: Records = new Map([...global, ...own]);
    const isMeta = "xgLK".includes(flag);
    const size = (isMeta ? undefined : numberOf(records, "size")) ?? readNumber(header, "size");
    const type = types[flag];
    const hasData = isMeta || type === "file" || type === undefined;
    if (hasData && at + size > bytes.length) throw damaged("it ends in the middle of a file");
    const data = hasData ? bytes.subarray(at, at + size) : bytes.subarray(at, at);
    at += hasData ? roundUp(size) : 0;
    if (flag === "x") own = readRecords(data);
    else if (flag === "g") global = readRecords(data);
    else if (flag === "L") longName = untilZero(data);
    else if (flag === "K") longTarget = untilZero(data);
    else {
      if (type === undefined) throw damaged(`it has an entry of type "${flag}", which is not read here`);
      entries.push(entryOf(header, type, data, records, longName, longTarget));
      if (entries.length > mostEntries) throw damaged(`it has more than ${mostEntries} entries`);
      own = new Map();
      longName = longTarget = undefined;
    }
  }
  throw damaged("its end is missing");
}

function entryOf(
  header: Uint8Array,
  type: EntryType,
  data: Uint8Array,
  records: Records,
  longName: string | undefined,
  longTarget: string | undefined,
): TarEntry {
  const whole = nameOf(header, longName, records);
  // An old archive's directory is a file whose name ends so.
  const kind = type === "file" && whole.endsWith("/") ? "directory" : type;
  const realSize = numberOf(records, "GNU.sparse.realsize");
  if (records.has("GNU.sparse.major") !== (realSize !== undefined) || records.has("GNU.sparse.map"))
    throw damaged("it has a sparse file of an old format");
  const xattrs = xattrsOf(records);
  const dense = data.length === 0 ? [] : [{ offset: 0, bytes: data }];
  return {
    name: whole.replace(/(?<=.)\/+$/, ""),
    type: kind,
    mode: readNumber(header, "mode") & 0o7777,
    uid: numberOf(records, "uid") ?? readNumber(header, "uid"),
    gid: numberOf(records, "gid") ?? readNumber(header, "gid"),
    mtime: numberOf(records, "mtime") ?? readNumber(header, "mtime"),
    size: kind === "file" ? (realSize ?? data.length) : 0,
    extents: kind !== "file" ? [] : realSize === undefined ? dense : readSparse(data, realSize),
    ...((kind === "symlink" || kind === "hardlink") && {
      target: wordOf(records, "linkpath") ?? longTarget ?? textOf(readField(header, "target")),
    }),
    ...((kind === "character" || kind === "block") && {
      major: readNumber(header, "major"),
      minor: readNumber(header, "minor"),
    }),
    ...(xattrs !== undefined && { xattrs }),
  };
}
