import type { Activity } from "../../core/index.js";
import {
  attempt,
  Errno,
  O_APPEND,
  O_CREAT,
  O_DIRECT,
  O_DSYNC,
  O_NOFOLLOW,
  O_RDONLY,
  O_SYNC,
  O_TRUNC,
  O_WRONLY,
  SEEK_SET,
} from "../../os/index.js";
import { Failure, type Command, type Invocation } from "../program/command.js";
import { concat } from "../program/encoding.js";
import { writeAll } from "../program/streams.js";

const units: Readonly<Record<string, number>> = {
  ...{ "": 1, c: 1, w: 2, b: 512, kB: 1e3, k: 1024, K: 1024, KiB: 1024, MB: 1e6, M: 2 ** 20, MiB: 2 ** 20 },
  ...{ GB: 1e9, G: 2 ** 30, GiB: 2 ** 30 },
};

function sizeOf(text: string): number {
  const [, digits = "", unit = ""] = /^(\d+)([A-Za-z]*)$/.exec(text) ?? [];
  const factor = units[unit];
  if (digits === "" || factor === undefined) throw new Failure(`invalid number: '${text}'`);
  return Number(digits) * factor;
}

/** 2097152 as "2.1 MB, 2.0 MiB": what dd shows beside the bytes, from where they are worth it. */
function human(bytes: number): string {
  const scaled = (base: number, names: readonly string[]): string => {
    let [value, at] = [bytes, -1];
    while (value >= base && at < names.length - 1) {
      value /= base;
      at++;
    }
    return at < 0 ? "" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ${names[at] ?? ""}`;
  };
  const [decimal, binary] = [scaled(1000, ["kB", "MB", "GB", "TB"]), scaled(1024, ["KiB", "MiB", "GiB", "TiB"])];
  const shown = [decimal, binary].filter((one) => one !== "").join(", ");
  return shown === "" ? "" : ` (${shown})`;
}

/** Names of open(2)'s flags, by commas. */
function openFlags(names: string, which: string): number {
  const known: Readonly<Record<string, number>> = {
    direct: O_DIRECT,
    dsync: O_DSYNC,
    sync: O_SYNC,
    append: O_APPEND,
    nofollow: O_NOFOLLOW,
  };
  return names
    .split(",")
    .filter((name) => name !== "")
    .reduce((flags, name) => {
      const flag = known[name];
      if (flag === undefined)
        throw new Failure(`invalid ${which} flag: '${name}'\nTry 'dd --help' for more information.`);
      return flags | flag;
    }, 0);
}

function* run(it: Invocation): Activity<number> {
  const { sys } = it;
  const known = ["if", "of", "bs", "ibs", "obs", "count", "skip", "seek", "conv", "status", "iflag", "oflag"];
  const given = new Map<string, string>();
  for (const operand of it.operands) {
    const [, name = "", value = ""] = /^([a-z]+)=(.*)$/s.exec(operand) ?? [];
    if (!known.includes(name))
      throw new Failure(`unrecognized operand '${operand}'\nTry 'dd --help' for more information.`);
    given.set(name, value);
  }
  const number = (name: string): number | undefined => {
    const value = given.get(name);
    return value === undefined ? undefined : sizeOf(value);
  };
  const block = number("bs") ?? number("ibs") ?? 512;
  if (block === 0) throw new Failure("invalid number: '0'");
  const outBlock = number("bs") ?? number("obs") ?? 512;
  const conversions = (given.get("conv") ?? "").split(",");
  const open = function* (path: string, flags: number, which: "input" | "output"): Activity<number> {
    const more = openFlags(given.get(which === "input" ? "iflag" : "oflag") ?? "", which);
    const fd = yield* attempt(sys.open(path, flags | more, 0o666));
    if (fd instanceof Errno) throw new Failure(`failed to open '${path}': ${fd.message}`);
    return fd;
  };
  const [source, target] = [given.get("if"), given.get("of")];
  const input = source === undefined ? 0 : yield* open(source, O_RDONLY, "input");
  const seek = (number("seek") ?? 0) * outBlock;
  const truncates = !conversions.includes("notrunc") && seek === 0;
  const flags = O_WRONLY | O_CREAT | (truncates ? O_TRUNC : 0) | (conversions.includes("append") ? O_APPEND : 0);
  const output = target === undefined ? 1 : yield* open(target, flags, "output");
  if (target !== undefined && seek > 0) yield* sys.lseek(output, seek, SEEK_SET);
  const skip = (number("skip") ?? 0) * block;
  if (skip > 0 && (yield* attempt(sys.lseek(input, skip, SEEK_SET))) instanceof Errno)
    for (let left = skip; left > 0;) {
      const bytes = yield* sys.read(input, Math.min(left, block));
      if (bytes.length === 0) break;
      left -= bytes.length;
    }
  const begun = yield* sys.clock_gettime("CLOCK_MONOTONIC");
  const counts = { whole: 0, part: 0, wholeOut: 0, partOut: 0, bytes: 0 };
  const put = function* (bytes: Uint8Array): Activity<undefined> {
    yield* writeAll(sys, output, bytes);
    if (bytes.length === outBlock) counts.wholeOut++;
    else counts.partOut++;
    counts.bytes += bytes.length;
    return undefined;
  };
  const most = number("count") ?? Infinity;
  let rest: Uint8Array = new Uint8Array(0);
  while (counts.whole + counts.part < most) {
    const bytes = yield* attempt(sys.read(input, block));
    if (bytes instanceof Errno) throw new Failure(`error reading '${source ?? "standard input"}': ${bytes.message}`);
    if (bytes.length === 0) break;
    if (bytes.length === block) counts.whole++;
    else counts.part++;
    if (given.has("bs")) {
      yield* put(bytes);
      continue;
    }
    rest = concat([rest, bytes]);
    for (; rest.length >= outBlock; rest = rest.subarray(outBlock)) yield* put(rest.subarray(0, outBlock));
  }
  if (rest.length > 0) yield* put(rest);
  if (conversions.includes("fsync")) yield* sys.fsync(output);
  else if (conversions.includes("fdatasync")) yield* sys.fdatasync(output);
  const status = given.get("status");
  if (status === "none") return 0;
  yield* it.tell(`${counts.whole}+${counts.part} records in\n${counts.wholeOut}+${counts.partOut} records out`);
  if (status === "noxfer") return 0;
  const seconds = ((yield* sys.clock_gettime("CLOCK_MONOTONIC")) - begun) / 1e9;
  const rate = human(Math.round(counts.bytes / Math.max(seconds, 1e-9))).replace(/^ \(([^,]*).*$/, "$1");
  const unit = counts.bytes === 1 ? "byte" : "bytes";
  yield* it.tell(
    `${counts.bytes} ${unit}${human(counts.bytes)} copied, ${Number(seconds.toPrecision(6))} s, ${rate === "" ? "0.0 kB" : rate}/s`,
  );
  return 0;
}

export const dd: Command = {
  name: "dd",
  usage: ["[OPERAND]..."],
  about:
    "Copy a file: if=FILE of=FILE bs=BYTES ibs=BYTES obs=BYTES count=N skip=N seek=N conv=notrunc,append,fsync,fdatasync iflag=direct oflag=direct,dsync,sync,append status=none|noxfer",
  options: [],
  run,
};
