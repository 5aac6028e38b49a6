import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_DIRECTORY, O_RDONLY, type DeviceRule, type Sys } from "../../os/index.js";
import type { Resources } from "../bundle/spec.js";
import { listDirectory, makeDirectories, readText, readTextIfThere, writeText } from "./files.js";

const top = "/sys/fs/cgroup";

/** Where a group's files are. */
export const cgroupDirectory = (path: string): string => `${top}${path}`;

/**
 * cpu.shares of version 1 as a weight of version 2: a curve through (2, 1), (1024, 100) and (262144, 10000), as runc has it
 * since 1.3.2 (the straight line before gave 1024 shares a weight of 39).
 */
export function weightOfShares(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const l = Math.log2(shares);
  const weight = 10 ** ((l * l + 125 * l) / 612 - 7 / 34);
  // Engines may differ in the last bits of logarithms and powers: those must not decide.
  return Math.ceil(Math.round(weight * 1e6) / 1e6);
}

const limit = (value: number): string => (value < 0 ? "max" : String(value));

/**
 * The files of version 2 that a configuration's resources stand for (config-linux.md; crun's and runc's conversion).
 * Swap is left out: the simulated kernel has none.
 */
export function cgroupFilesOf({ memory, cpu, pids, blockIO, unified }: Resources): [file: string, text: string][] {
  const files: [string, string][] = [];
  if (cpu?.shares !== undefined && cpu.shares !== 0) files.push(["cpu.weight", String(weightOfShares(cpu.shares))]);
  if (cpu?.quota !== undefined || cpu?.period !== undefined) {
    const quota = (cpu.quota ?? 0) > 0 ? String(cpu.quota) : "max";
    files.push(["cpu.max", `${quota} ${cpu.period ?? 100_000}`]);
  }
  if (memory?.limit !== undefined && memory.limit !== 0) files.push(["memory.max", limit(memory.limit)]);
  if (memory?.reservation !== undefined && memory.reservation !== 0)
    files.push(["memory.low", limit(memory.reservation)]);
  if (cpu?.cpus !== undefined && cpu.cpus !== "") files.push(["cpuset.cpus", cpu.cpus]);
  if (cpu?.mems !== undefined && cpu.mems !== "") files.push(["cpuset.mems", cpu.mems]);
  // From 10 to 1000 to 1 to 10000: ConvertBlkIOToIOWeightValue() in runc.
  if (blockIO?.weight !== undefined && blockIO.weight !== 0)
    files.push(["io.weight", String(1 + Math.floor(((blockIO.weight - 10) * 9999) / 990))]);
  for (const [key, devices] of [
    ["rbps", blockIO?.throttleReadBpsDevice],
    ["wbps", blockIO?.throttleWriteBpsDevice],
    ["riops", blockIO?.throttleReadIOPSDevice],
    ["wiops", blockIO?.throttleWriteIOPSDevice],
  ] as const)
    for (const { major, minor, rate } of devices ?? []) files.push(["io.max", `${major}:${minor} ${key}=${rate}`]);
  if (pids !== undefined && pids.limit !== 0) files.push(["pids.max", limit(pids.limit)]);
  for (const [file, text] of Object.entries(unified ?? {})) files.push([file, text]);
  return files;
}

/** Makes a group with every controller that is there, handed down from the top. */
export function* makeCgroup(sys: Sys, path: string): Activity<undefined> {
  const controllers = (yield* readText(sys, `${top}/cgroup.controllers`)).trim();
  const handDown = controllers
    .split(/\s+/)
    .filter((name) => name !== "")
    .map((name) => `+${name}`)
    .join(" ");
  const parts = path.split("/").filter((part) => part !== "");
  for (let depth = 0; depth < parts.length; depth++) {
    const at = `${top}${parts
      .slice(0, depth)
      .map((part) => `/${part}`)
      .join("")}`;
    if (handDown !== "") yield* writeText(sys, `${at}/cgroup.subtree_control`, handDown);
    yield* makeDirectories(sys, `${at}/${parts[depth] ?? ""}`);
  }
  return undefined;
}

/** @throws Errno EINVAL, EBUSY as the kernel says */
export function* limitCgroup(sys: Sys, path: string, resources: Resources): Activity<undefined> {
  for (const [file, text] of cgroupFilesOf(resources)) yield* writeText(sys, `${top}${path}/${file}`, text);
  if (resources.devices === undefined) return undefined;
  const program = resources.devices.map(({ type = "a", access = "rwm", ...rule }): DeviceRule => ({
    ...{ ...rule, type, access },
  }));
  const group = yield* sys.open(`${top}${path}`, O_RDONLY | O_DIRECTORY);
  yield* sys.bpf("BPF_PROG_ATTACH", { target_fd: group, program });
  return yield* sys.close(group);
}

/** Removes a group and those below. */
export function* removeCgroup(sys: Sys, path: string): Activity<undefined> {
  const directory = cgroupDirectory(path);
  const names = yield* attempt(listDirectory(sys, directory));
  if (names instanceof Errno) return undefined;
  for (const name of names) {
    const { mode } = yield* sys.lstat(`${directory}/${name}`);
    if ((mode & 0o170000) === 0o040000) yield* removeCgroup(sys, `${path}/${name}`);
  }
  return yield* sys.rmdir(directory);
}

/** What `runc events --stats` gives, from the group's files: times in microseconds, memory in bytes. */
export interface ContainerStats {
  readonly cpu: { readonly usage: number; readonly periods: number; readonly throttled: number };
  readonly memory: {
    readonly usage: number;
    readonly inactiveFile: number;
    readonly limit: number;
    readonly peak: number;
    readonly oomKills: number;
  };
  readonly pids: { readonly current: number; readonly limit: number };
  /** By disk: bytes read and written. */
  readonly io: readonly {
    readonly major: number;
    readonly minor: number;
    readonly read: number;
    readonly written: number;
  }[];
}

export function* statsOf(sys: Sys, path: string): Activity<ContainerStats> {
  const directory = cgroupDirectory(path);
  const values = function* (file: string): Activity<ReadonlyMap<string, number>> {
    const text = (yield* readTextIfThere(sys, `${directory}/${file}`)) ?? "";
    return new Map(
      text.split("\n").map((line): [string, number] => [line.split(" ")[0] ?? "", Number(line.split(" ")[1])]),
    );
  };
  const one = function* (file: string): Activity<number> {
    const text = ((yield* readTextIfThere(sys, `${directory}/${file}`)) ?? "0").trim();
    return text === "max" ? Infinity : Number(text);
  };
  const cpu = yield* values("cpu.stat");
  const events = yield* values("memory.events");
  const memory = yield* values("memory.stat");
  const io = (yield* readTextIfThere(sys, `${directory}/io.stat`)) ?? "";
  return {
    cpu: {
      usage: cpu.get("usage_usec") ?? 0,
      periods: cpu.get("nr_periods") ?? 0,
      throttled: cpu.get("nr_throttled") ?? 0,
    },
    memory: {
      usage: yield* one("memory.current"),
      inactiveFile: memory.get("inactive_file") ?? 0,
      limit: yield* one("memory.max"),
      peak: yield* one("memory.peak"),
      oomKills: events.get("oom_kill") ?? 0,
    },
    pids: { current: yield* one("pids.current"), limit: yield* one("pids.max") },
    io: [...io.matchAll(/^(\d+):(\d+) rbytes=(\d+) wbytes=(\d+)/gm)].map(([, ...numbers]) => {
      const [major = 0, minor = 0, read = 0, written = 0] = numbers.map(Number);
      return { major, minor, read, written };
    }),
  };
}

/** Pids in a group and below, as the caller sees them. */
export function* processesOf(sys: Sys, path: string): Activity<number[]> {
  const text = yield* readText(sys, `${cgroupDirectory(path)}/cgroup.procs`);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}
