import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_RDONLY, signalNumbers, type SignalName, type Sys } from "../../os/index.js";
import { Failure, UsageFailure, type Command, type Invocation } from "../program/command.js";
import { decode } from "../program/encoding.js";
import { users } from "../program/names.js";
import { readAll } from "../program/streams.js";
import { formatTime } from "./dates.js";

/** A process, as /proc tells of it: proc_pid_stat(5). */
export interface Listed {
  readonly pid: number;
  readonly ppid: number;
  readonly name: string;
  readonly state: string;
  readonly command: string;
  readonly uid: number;
  readonly session: number;
  readonly terminal: number;
  /** Clock ticks of 10 ms. */
  readonly ticks: number;
  readonly start: number;
  readonly nice: number;
  readonly virtual: number;
  /** In KiB. */
  readonly resident: number;
}

function* text(sys: Sys, path: string): Activity<string | undefined> {
  const fd = yield* attempt(sys.open(path, O_RDONLY));
  if (fd instanceof Errno) return undefined;
  const bytes = yield* attempt(readAll(sys, fd));
  yield* sys.close(fd);
  return bytes instanceof Errno ? undefined : decode(bytes);
}

/** Every process that /proc shows. */
export function* processes(sys: Sys): Activity<readonly Listed[]> {
  const fd = yield* attempt(sys.open("/proc", O_RDONLY));
  if (fd instanceof Errno) throw new Failure("/proc must be mounted");
  const entries = yield* sys.getdents64(fd);
  yield* sys.close(fd);
  const all: Listed[] = [];
  for (const { name } of entries) {
    if (!/^\d+$/.test(name)) continue;
    const stat = yield* text(sys, `/proc/${name}/stat`);
    const found = /^(\d+) \((.*)\) (\S) (.*)$/s.exec(stat?.trim() ?? "");
    if (found === null) continue;
    const [, pid = "", comm = "", state = "", rest = ""] = found;
    const fields = rest.split(" ").map(Number);
    const status = (yield* text(sys, `/proc/${name}/status`)) ?? "";
    const words = ((yield* text(sys, `/proc/${name}/cmdline`)) ?? "")
      .split("\0")
      .filter((word, at, list) => word !== "" || at < list.length - 1);
    const about = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
    all.push({
      pid: Number(pid),
      ppid: fields[0] ?? 0,
      name: comm,
      state,
      command: words.length === 0 ? `[${comm}]` : words.join(" "),
      uid: about("Uid"),
      session: fields[2] ?? 0,
      terminal: fields[3] ?? 0,
      ticks: (fields[10] ?? 0) + (fields[11] ?? 0),
      start: fields[18] ?? 0,
      nice: fields[15] ?? 0,
      virtual: Math.floor((fields[19] ?? 0) / 1024),
      resident: about("VmRSS"),
    });
  }
  return all.sort((a, b) => a.pid - b.pid);
}

const clock = (ticks: number, short = false): string => {
  const seconds = Math.floor(ticks / 100);
  const two = (value: number): string => String(value).padStart(2, "0");
  if (short) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
};

const terminalName = (device: number): string =>
  device === 0 ? "?" : `pts/${(device & 0xff) | ((device >> 12) & 0xfff00)}`;

interface Column {
  readonly title: string;
  readonly right: boolean;
  show(one: Listed): string;
}

function columnsOf(names: ReadonlyMap<number, string>, now: number, boot: number): Readonly<Record<string, Column>> {
  const column = (title: string, show: (one: Listed) => string | number, right = true): Column => ({
    title,
    right,
    show: (one) => String(show(one)),
  });
  const user = (one: Listed): string => names.get(one.uid) ?? String(one.uid);
  const elapsed = (one: Listed): number => Math.max(1, (now - boot) / 1e7 - one.start);
  return {
    pid: column("PID", (one) => one.pid),
    ppid: column("PPID", (one) => one.ppid),
    user: column("USER", user, false),
    uid: column("UID", (one) => one.uid),
    tty: column("TTY", (one) => terminalName(one.terminal), false),
    stat: column(
      "STAT",
      (one) => one.state + (one.nice > 0 ? "N" : one.nice < 0 ? "<" : "") + (one.session === one.pid ? "s" : ""),
      false,
    ),
    s: column("S", (one) => one.state, false),
    time: column("TIME", (one) => clock(one.ticks)),
    cputime: column("TIME", (one) => clock(one.ticks, true)),
    pcpu: column("%CPU", (one) => ((one.ticks / elapsed(one)) * 100).toFixed(1)),
    rss: column("RSS", (one) => one.resident),
    vsz: column("VSZ", (one) => one.virtual),
    ni: column("NI", (one) => one.nice),
    start: column("START", (one) => formatTime("%H:%M", boot + one.start * 1e7), false),
    comm: column("COMMAND", (one) => one.name, false),
    cmd: column("CMD", (one) => one.name, false),
    args: column("COMMAND", (one) => one.command, false),
  };
}

const aliases: Readonly<Record<string, string>> = {
  command: "args",
  ucmd: "comm",
  "%cpu": "pcpu",
  tname: "tty",
  tt: "tty",
  state: "s",
  nice: "ni",
  cmdline: "args",
};

function* list(it: Invocation): Activity<number> {
  const bsd = it.operands.join("");
  if (/[^auxwef]/.test(bsd)) throw new UsageFailure(`unsupported option (BSD syntax): ${bsd}`);
  const everyone = it.has("e", "A") || (bsd.includes("a") && bsd.includes("x"));
  const me = yield* it.sys.getpid();
  const mine = yield* it.sys.geteuid();
  const all = yield* processes(it.sys);
  const own = all.find(({ pid }) => pid === me);
  const pids = it.values("p").flatMap((one) => one.split(",").map(Number));
  const named = it.values("C").flatMap((one) => one.split(","));
  const chosen = all.filter((one) => {
    if (pids.length > 0) return pids.includes(one.pid);
    if (named.length > 0) return named.includes(one.name);
    if (everyone) return true;
    if (bsd.includes("x")) return one.uid === mine;
    if (bsd.includes("a")) return one.terminal !== 0;
    return one.uid === mine && one.terminal === (own?.terminal ?? 0);
  });
  const names = new Map((yield* users(it.sys)).map(({ uid, name }) => [uid, name]));
  const now = yield* it.sys.clock_gettime("CLOCK_REALTIME");
  const boot = Number(/^btime (\d+)$/m.exec((yield* text(it.sys, "/proc/stat")) ?? "")?.[1] ?? 0) * 1e9;
  const columns = columnsOf(names, now, boot);
  const formats = it.values("o").flatMap((one) => one.split(/[ ,]/));
  const wanted =
    formats.length > 0
      ? formats
      : bsd.includes("u")
        ? ["user", "pid", "pcpu", "vsz", "rss", "tty", "stat", "start", "cputime", "args"]
        : it.has("f")
          ? ["user", "pid", "ppid", "start", "tty", "time", "args"]
          : bsd !== ""
            ? ["pid", "tty", "stat", "cputime", "args"]
            : ["pid", "tty", "time", "cmd"];
  const shown = wanted.map((text): Column => {
    const [name = "", title] = text.split("=");
    const column = columns[aliases[name] ?? name];
    if (column === undefined) throw new Failure(`error: unknown user-defined format specifier "${name}"`);
    return title === undefined ? column : { ...column, title };
  });
  const cells = chosen.map((one) => shown.map((column) => column.show(one)));
  const widths = shown.map(({ title }, at) =>
    Math.max(title.length, at === 0 && title === "PID" ? 7 : 0, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `${row.map((cell, at) => (at === row.length - 1 ? cell : shown[at]?.right === true ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join(" ")}\n`;
  if (!it.has("no-headers") && shown.some(({ title }) => title !== ""))
    it.out.put(line(shown.map(({ title }) => title)));
  for (const row of cells) it.out.put(line(row));
  return chosen.length === 0 ? 1 : 0;
}

function signalOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const name = `SIG${text.toUpperCase().replace(/^SIG/, "")}`;
  const number = signalNumbers[name as SignalName] as number | undefined;
  if (number === undefined) throw new Failure(`unknown signal ${text}`);
  return number;
}

/** -9 and -TERM as -s. */
const signalForm = (words: readonly string[]): readonly string[] => {
  const [first = "", ...rest] = words;
  return /^-(?:\d+|[A-Z]{2,}\w*)$/.test(first) ? ["-s", first.slice(1), ...rest] : words;
};

function* kill(it: Invocation): Activity<number> {
  if (it.has("l")) {
    it.out.put(
      `${Object.keys(signalNumbers)
        .map((name) => name.slice(3))
        .join(" ")}\n`,
    );
    return 0;
  }
  if (it.operands.length === 0) throw new UsageFailure("not enough arguments");
  const signal = signalOf(it.value("s") ?? "TERM");
  for (const operand of it.operands) {
    if (!/^-?\d+$/.test(operand)) throw new Failure(`failed to parse argument: '${operand}'`);
    const failure = yield* attempt(it.sys.kill(Number(operand), signal));
    if (failure instanceof Errno) yield* it.complain(`(${operand}) - ${failure.message}`);
  }
  return it.status;
}

function* killNamed(it: Invocation): Activity<number> {
  const signal = signalOf(it.value("s") ?? "TERM");
  const me = yield* it.sys.getpid();
  const all = (yield* processes(it.sys)).filter(({ pid }) => pid !== me);
  const isPattern = it.name === "pkill" || it.name === "pgrep";
  let any = false;
  for (const name of it.operands) {
    const found = all.filter((one) =>
      isPattern ? new RegExp(name).test(it.has("f") ? one.command : one.name) : one.name === name,
    );
    if (found.length === 0 && it.name === "killall" && !it.has("q")) yield* it.tell(`${name}: no process found`);
    for (const { pid, name: comm } of found) {
      any = true;
      if (it.name === "pgrep" || it.name === "pidof")
        it.out.put(it.name === "pidof" ? `${pid} ` : `${pid}${it.has("l") ? ` ${comm}` : ""}\n`);
      else {
        const failure = yield* attempt(it.sys.kill(pid, signal));
        if (failure instanceof Errno) yield* it.complain(`${name}(${pid}): ${failure.message}`);
      }
    }
  }
  if (it.name === "pidof" && any) it.out.put("\n");
  return any ? 0 : 1;
}

export const processCommands: readonly Command[] = [
  {
    name: "ps",
    usage: ["[options]"],
    about: "Report a snapshot of the current processes.",
    options: [
      { short: "A", help: "all processes" },
      { short: "e", help: "all processes" },
      { short: "f", help: "full format" },
      { short: "C", argument: "<command>", help: "command name" },
      { short: "o", long: "format", argument: "<format>", help: "user-defined format" },
      { short: "p", long: "pid", argument: "<PID>", help: "process id" },
      { long: "no-headers", help: "do not print header at all" },
    ],
    run: list,
  },
  {
    name: "kill",
    usage: ["[options] <pid> [...]"],
    about: "Send a signal to processes.",
    options: [
      { short: "s", long: "signal", argument: "<signal>", help: "specify the <signal> to be sent" },
      { short: "l", long: "list", help: "list all signal names" },
    ],
    rewrite: (words) => {
      const given = signalForm(words);
      const at = given.findIndex((word, place) => place > 1 && /^-\d+$/.test(word));
      return at < 0 ? given : [...given.slice(0, at), "--", ...given.slice(at)];
    },
    run: kill,
  },
  ...(["killall", "pkill", "pgrep", "pidof"] as const).map((name): Command => ({
    name,
    usage: [name === "pidof" ? "[program...]" : "[OPTION]... NAME..."],
    about: {
      killall: "Kill processes by name.",
      pkill: "Signal processes based on name.",
      pgrep: "Look up processes based on name.",
      pidof: "Find the process ID of a running program.",
    }[name],
    options: [
      { short: "s", long: "signal", argument: "SIGNAL", help: "send this signal instead of SIGTERM" },
      { short: "f", long: "full", help: "match against full argument lists" },
      { short: "l", help: "list process name also" },
      { short: "q", long: "quiet", help: "don't print complaints" },
    ],
    rewrite: signalForm,
    operands: [1, Infinity],
    run: killNamed,
  })),
];
