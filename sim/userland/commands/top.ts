import type { Activity, Nanos } from "../../core/index.js";
import { attempt, Errno, O_RDONLY, POLLIN, type Sys } from "../../os/index.js";
import { UsageFailure, type Command, type Invocation } from "../program/command.js";
import { decode } from "../program/encoding.js";
import { users } from "../program/names.js";
import { readAll } from "../program/streams.js";
import { formatTime } from "./dates.js";
import { processes, type Listed } from "./processes.js";

function* text(sys: Sys, path: string): Activity<string> {
  const fd = yield* attempt(sys.open(path, O_RDONLY));
  if (fd instanceof Errno) return "";
  const bytes = yield* readAll(sys, fd);
  yield* sys.close(fd);
  return decode(bytes);
}

/** When it was looked, and what each process had had of CPUs by then, in ticks of 10 ms. */
interface Sample {
  readonly at: number;
  readonly ticks: ReadonlyMap<number, number>;
}

/** TIME+: minutes, seconds and hundredths. */
const timeOf = (ticks: number): string =>
  `${Math.floor(ticks / 6000)}:${String(Math.floor(ticks / 100) % 60).padStart(2, "0")}.${String(ticks % 100).padStart(2, "0")}`;

function* show(it: Invocation, before: Sample | undefined): Activity<Sample> {
  const { sys } = it;
  const all = yield* processes(sys);
  const names = new Map((yield* users(sys)).map(({ uid, name }) => [uid, name]));
  const now = yield* sys.clock_gettime("CLOCK_REALTIME");
  const up = Number((yield* text(sys, "/proc/uptime")).split(" ")[0]);
  const memory = yield* text(sys, "/proc/meminfo");
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(memory)?.[1] ?? 0);
  const mib = (value: number): string => (value / 1024).toFixed(1).padStart(8);
  const [total, free] = [kib("MemTotal"), kib("MemFree")];
  // Of the time since the last look; at the first one, since each began.
  const share = (one: Listed): number => {
    const seconds = before === undefined ? up - one.start / 100 : (now - before.at) / 1e9;
    return ((one.ticks - (before?.ticks.get(one.pid) ?? 0)) / Math.max(seconds, 0.01)) * 1;
  };
  const rows = all
    .map((one) => ({ one, cpu: Math.min(share(one), 9999) }))
    .sort((a, b) => b.cpu - a.cpu || a.one.pid - b.one.pid);
  const count = (...letters: readonly string[]): string =>
    String(all.filter(({ state }) => letters.includes(state)).length).padStart(3);
  const hours = `${String(Math.floor(up / 3600)).padStart(2)}:${String(Math.floor(up / 60) % 60).padStart(2, "0")}`;
  if (!it.has("b")) it.out.put("\x1b[H\x1b[2J");
  it.out.put(`top - ${formatTime("%H:%M:%S", now)} up ${up < 3600 ? `${Math.floor(up / 60)} min` : hours}\n`);
  it.out.put(
    `Tasks: ${String(all.length).padStart(3)} total, ${count("R")} running, ${count("S", "I", "D")} sleeping, ${count("T")} stopped, ${count("Z")} zombie\n`,
  );
  it.out.put(`MiB Mem : ${mib(total)} total, ${mib(free)} free, ${mib(total - free)} used\n\n`);
  it.out.put("    PID USER      PR  NI    VIRT    RES S  %CPU  %MEM     TIME+ COMMAND\n");
  for (const { one, cpu } of rows) {
    const user = (names.get(one.uid) ?? String(one.uid)).slice(0, 8).padEnd(8);
    const wide = (value: number | string, width: number): string => String(value).padStart(width);
    const sizes = `${wide(one.virtual, 7)} ${wide(one.resident, 6)}`;
    const shares = `${wide(cpu.toFixed(1), 5)} ${wide(((one.resident / total) * 100).toFixed(1), 5)}`;
    it.out.put(
      `${wide(one.pid, 7)} ${user} ${wide(20 + one.nice, 3)} ${wide(one.nice, 3)} ${sizes} ${one.state} ${shares} ${wide(timeOf(one.ticks), 9)} ${one.name}\n`,
    );
  }
  yield* it.out.flush();
  return { at: now, ticks: new Map(all.map(({ pid, ticks }) => [pid, ticks])) };
}

function* run(it: Invocation): Activity<number> {
  const { sys } = it;
  const delay = Number(it.value("d") ?? 3);
  const turns = Number(it.value("n") ?? Infinity);
  if (!(delay > 0)) throw new UsageFailure(`bad delay interval '${it.value("d") ?? ""}'`);
  if (!(turns >= 1)) throw new UsageFailure(`bad iterations argument '${it.value("n") ?? ""}'`);
  let sample: Sample | undefined;
  for (let turn = 1; ; turn++) {
    sample = yield* show(it, sample);
    if (turn >= turns) return 0;
    if (it.has("b")) {
      yield* sys.nanosleep(Math.round(delay * 1e9) as Nanos);
      it.out.put("\n");
      continue;
    }
    // A line with q at a terminal ends it; others show at once.
    const asked = yield* sys.poll([{ fd: 0, events: POLLIN }], Math.round(delay * 1e9) as Nanos);
    if (asked.length === 0) continue;
    const keys = yield* sys.read(0, 64);
    if (keys.length === 0 || keys.includes(113)) return 0;
  }
}

/** top: tasks by what they have of CPUs. A terminal stays in lines: `q` takes Enter behind it. */
export const top: Command = {
  name: "top",
  usage: ["[-b] [-d secs] [-n max]"],
  about: "Display processes.",
  options: [
    { short: "b", help: "batch mode" },
    { short: "d", argument: "secs", help: "seconds between updates" },
    { short: "n", argument: "max", help: "number of updates" },
  ],
  run,
};
