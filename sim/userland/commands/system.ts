import type { Activity } from "../../core/index.js";
import { attempt, Errno, getaddrinfo, netlink, O_RDONLY, type Program, type Sys } from "../../os/index.js";
import { Failure, program, type Command, type Invocation } from "../program/command.js";
import { decode } from "../program/encoding.js";
import { quoteName } from "../program/quoting.js";
import { readAll } from "../program/streams.js";
import { formatTime, parseTime } from "./dates.js";
import { identityCommands } from "./identity.js";
import { humanSize } from "./modes.js";
import { mountCommands } from "./mounts.js";
import { namespaceCommands } from "./namespaces.js";
import { networkCommands } from "./network/index.js";
import { processCommands } from "./processes.js";

/** A file of /proc, whole. */
function* procFile(it: Invocation, path: string): Activity<string> {
  const fd = yield* attempt(it.sys.open(path, O_RDONLY));
  if (fd instanceof Errno) throw new Failure(`cannot open ${path}: ${fd.message}`);
  const bytes = yield* readAll(it.sys, fd);
  yield* it.sys.close(fd);
  return decode(bytes);
}

function* uname(it: Invocation): Activity<number> {
  const about = yield* it.sys.uname();
  const fields: readonly (readonly [string, string])[] = [
    ["s", about.sysname],
    ["n", about.nodename],
    ["r", about.release],
    ["v", about.version],
    ["m", about.machine],
    ["p", "unknown"],
    ["i", "unknown"],
    ["o", "GNU/Linux"],
  ];
  const all = it.has("a");
  const shown = fields.filter(([letter, value]) => (all ? value !== "unknown" : it.has(letter)));
  it.out.put(`${(shown.length === 0 ? fields.slice(0, 1) : shown).map(([, value]) => value).join(" ")}\n`);
  return 0;
}

/** `hostname -i`: what the own name stands for; `-I`: what the interfaces have, lo's aside. */
function* showAddresses(it: Invocation): Activity<number> {
  if (it.has("I")) {
    const rows = yield* netlink(it.sys, { type: "RTM_GETADDR" });
    const shown = rows.filter(({ dev }) => dev !== "lo").map(({ address }) => `${address} `);
    it.out.put(`${shown.join("")}\n`);
    return 0;
  }
  const { nodename } = yield* it.sys.uname();
  const found = yield* getaddrinfo(it.sys, nodename);
  if ("code" in found) throw new Failure(found.message);
  it.out.put(`${found.join(" ")}\n`);
  return 0;
}

function* date(it: Invocation): Activity<number> {
  const now = yield* it.sys.clock_gettime("CLOCK_REALTIME");
  let time = now;
  const given = it.value("d");
  const reference = it.value("r");
  if (given !== undefined) {
    const parsed = parseTime(given, now);
    if (parsed === undefined) throw new Failure(`invalid date ${quoteName(given)}`);
    time = parsed;
  } else if (reference !== undefined) {
    const about = yield* attempt(it.sys.stat(reference));
    if (about instanceof Errno) throw new Failure(`${reference}: ${about.message}`);
    time = about.mtime;
  }
  const [operand] = it.operands;
  if (operand !== undefined && !operand.startsWith("+")) throw new Failure(`invalid date ${quoteName(operand)}`);
  const iso = it.has("I")
    ? {
        date: "%Y-%m-%d",
        hours: "%Y-%m-%dT%H%:z",
        minutes: "%Y-%m-%dT%H:%M%:z",
        seconds: "%Y-%m-%dT%H:%M:%S%:z",
        ns: "%Y-%m-%dT%H:%M:%S,%N%:z",
      }[it.value("I") ?? "date"]
    : undefined;
  const pattern = operand?.slice(1) ?? iso ?? (it.has("R") ? "%a, %d %b %Y %H:%M:%S %z" : "%a %b %e %H:%M:%S %Z %Y");
  it.out.put(`${formatTime(pattern, time)}\n`);
  return 0;
}

/** The fields of /proc/meminfo, in bytes. */
function* memory(it: Invocation): Activity<ReadonlyMap<string, number>> {
  const text = yield* procFile(it, "/proc/meminfo");
  return new Map(
    [...text.matchAll(/^(\w+):\s+(\d+) kB$/gm)].map(([, name = "", kib = ""]) => [name, Number(kib) * 1024]),
  );
}

function* free(it: Invocation): Activity<number> {
  const fields = yield* memory(it);
  const unit = it.has("b") ? 1 : it.has("m") ? 1048576 : it.has("g") ? 1073741824 : 1024;
  const show = (bytes: number): string =>
    it.has("h")
      ? humanSize(bytes).replace(/([KMGT])$/, "$1i") + (bytes < 1024 ? "B" : "")
      : String(Math.floor(bytes / unit));
  const of = (name: string): number => fields.get(name) ?? 0;
  const row = (name: string, values: readonly number[]): string =>
    `${name.padEnd(8)}${values.map((value, at) => show(value).padStart(at === 0 ? 12 : 12)).join("")}\n`;
  const [total, unused, cached] = [of("MemTotal"), of("MemFree"), of("Cached") + of("Buffers")];
  it.out.put(
    `${" ".repeat(8)}${["total", "used", "free", "shared", "buff/cache", "available"].map((name) => name.padStart(12)).join("")}\n`,
  );
  it.out.put(row("Mem:", [total, total - of("MemAvailable"), unused, of("Shmem"), cached, of("MemAvailable")]));
  it.out.put(row("Swap:", [of("SwapTotal"), of("SwapTotal") - of("SwapFree"), of("SwapFree")]));
  return 0;
}

function* uptime(it: Invocation): Activity<number> {
  const seconds = Math.floor(Number((yield* procFile(it, "/proc/uptime")).split(" ")[0]));
  const [days, hours, minutes] = [
    Math.floor(seconds / 86400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (it.has("p")) {
    const parts = [
      [days, "day"],
      [hours, "hour"],
      [minutes, "minute"],
    ]
      .filter(([count]) => count !== 0)
      .map(([count, name]) => `${String(count)} ${String(name)}${count === 1 ? "" : "s"}`);
    it.out.put(`up ${parts.length === 0 ? "0 minutes" : parts.join(", ")}\n`);
    return 0;
  }
  const now = formatTime("%H:%M:%S", yield* it.sys.clock_gettime("CLOCK_REALTIME"));
  const up = `${days > 0 ? `${days} day${days === 1 ? "" : "s"}, ` : ""}${hours > 0 ? `${String(hours).padStart(2)}:${String(minutes).padStart(2, "0")}` : `${minutes} min`}`;
  it.out.put(` ${now} up ${up},  0 users,  load average: 0.00, 0.00, 0.00\n`);
  return 0;
}

const commands: readonly Command[] = [
  {
    name: "uname",
    usage: ["[OPTION]..."],
    about: "Print certain system information.  With no OPTION, same as -s.",
    options: [
      { short: "a", long: "all", help: "print all information" },
      { short: "s", long: "kernel-name", help: "print the kernel name" },
      { short: "n", long: "nodename", help: "print the network node hostname" },
      { short: "r", long: "kernel-release", help: "print the kernel release" },
      { short: "v", long: "kernel-version", help: "print the kernel version" },
      { short: "m", long: "machine", help: "print the machine hardware name" },
      { short: "p", long: "processor", help: "print the processor type" },
      { short: "i", long: "hardware-platform", help: "print the hardware platform" },
      { short: "o", long: "operating-system", help: "print the operating system" },
    ],
    operands: [0, 0],
    run: uname,
  },
  {
    name: "hostname",
    usage: ["[-s|-f|-i|-I] [NAME]"],
    about: "Show or set the system's host name.",
    options: [
      { short: "s", long: "short", help: "short host name" },
      { short: "f", long: "fqdn", help: "long host name" },
      { short: "i", long: "ip-address", help: "addresses for the host name" },
      { short: "I", long: "all-ip-addresses", help: "all addresses for the host" },
    ],
    *run(it) {
      const [name] = it.operands;
      if (it.has("i", "I")) return yield* showAddresses(it);
      if (name === undefined) {
        const { nodename } = yield* it.sys.uname();
        it.out.put(`${it.has("s") ? nodename.replace(/\..*$/, "") : nodename}\n`);
        return 0;
      }
      const failure = yield* attempt(it.sys.sethostname(name));
      if (failure instanceof Errno) throw new Failure("you must be root to change the host name");
      return 0;
    },
  },
  {
    name: "date",
    usage: ["[OPTION]... [+FORMAT]"],
    about: "Display date and time in the given FORMAT. The time zone is UTC.",
    options: [
      { short: "d", long: "date", argument: "STRING", help: "display time described by STRING, not 'now'" },
      { short: "I", long: "iso-8601", argument: "FMT", optional: true, help: "output date/time in ISO 8601 format" },
      { short: "r", long: "reference", argument: "FILE", help: "display the last modification time of FILE" },
      { short: "R", long: "rfc-email", help: "output date and time in RFC 5322 format" },
      { short: "u", long: "utc", help: "print Coordinated Universal Time (UTC)" },
    ],
    operands: [0, 1],
    run: date,
  },
  {
    name: "pwd",
    usage: ["[OPTION]..."],
    about: "Print the full filename of the current working directory.",
    options: [
      { short: "L", long: "logical", help: "use PWD from environment, even if it contains symlinks" },
      { short: "P", long: "physical", help: "avoid all symlinks" },
    ],
    *run(it) {
      const kept = it.variable("PWD");
      it.out.put(`${it.last("L", "P") === "L" && kept?.startsWith("/") === true ? kept : yield* it.sys.getcwd()}\n`);
      return 0;
    },
  },
  {
    name: "nproc",
    usage: ["[OPTION]..."],
    about: "Print the number of processing units available to the current process.",
    options: [{ long: "all", help: "print the number of installed processors" }],
    *run(it) {
      const installed = [...(yield* procFile(it, "/proc/cpuinfo")).matchAll(/^processor/gm)].length;
      it.out.put(`${it.has("all") ? installed : (yield* it.sys.sched_getaffinity()).length}\n`);
      return 0;
    },
  },
  {
    name: "free",
    usage: ["[options]"],
    about: "Display amount of free and used memory in the system.",
    options: [
      { short: "b", long: "bytes", help: "show output in bytes" },
      { short: "k", long: "kibi", help: "show output in kibibytes" },
      { short: "m", long: "mebi", help: "show output in mebibytes" },
      { short: "g", long: "gibi", help: "show output in gibibytes" },
      { short: "h", long: "human", help: "show human-readable output" },
    ],
    run: free,
  },
  {
    name: "uptime",
    usage: ["[options]"],
    about: "Tell how long the system has been running.",
    options: [{ short: "p", long: "pretty", help: "show uptime in pretty format" }],
    run: uptime,
  },
  {
    name: "which",
    usage: ["[-a] args"],
    about: "Locate a command.",
    options: [{ short: "a", help: "print all matching pathnames of each argument" }],
    usageStatus: 2,
    *run(it) {
      let status = it.operands.length === 0 ? 1 : 0;
      for (const name of it.operands) {
        let found = false;
        const directories = name.includes("/") ? [""] : (it.variable("PATH") ?? "").split(":");
        for (const directory of directories) {
          const path = directory === "" ? name : `${directory}/${name}`;
          const about = yield* attempt(it.sys.stat(path));
          if (
            about instanceof Errno ||
            (about.mode & 0o170000) !== 0o100000 ||
            (yield* attempt(it.sys.access(path, 1))) instanceof Errno
          )
            continue;
          it.out.put(`${path}\n`);
          found = true;
          if (!it.has("a")) break;
        }
        if (!found) status = 1;
      }
      return status;
    },
  },
  {
    name: "sync",
    usage: ["[OPTION] [FILE]..."],
    about: "Synchronize cached writes to persistent storage.",
    options: [],
    *run(it) {
      if (it.operands.length === 0) yield* it.sys.sync();
      for (const path of it.operands) {
        const fd = yield* it.open(path, (one, why) => `error opening ${quoteName(one)}: ${why}`);
        if (fd === undefined) continue;
        yield* it.sys.fsync(fd);
        yield* it.close(fd);
      }
      return it.status;
    },
  },
  {
    name: "mkfifo",
    usage: ["[OPTION]... NAME..."],
    about: "Create named pipes (FIFOs) with the given NAMEs.",
    options: [],
    operands: [1, Infinity],
    *run(it) {
      for (const path of it.operands) {
        const failure = yield* attempt(it.sys.mknod(path, 0o010666));
        if (failure instanceof Errno) yield* it.complain(`cannot create fifo ${quoteName(path)}: ${failure.message}`);
      }
      return it.status;
    },
  },
  {
    name: "mktemp",
    usage: ["[OPTION]... [TEMPLATE]"],
    about: "Create a temporary file or directory, safely, and print its name.",
    options: [
      { short: "d", long: "directory", help: "create a directory, not a file" },
      { short: "p", long: "tmpdir", argument: "DIR", optional: true, help: "interpret TEMPLATE relative to DIR" },
      { short: "u", long: "dry-run", help: "do not create anything; merely print a name" },
    ],
    operands: [0, 1],
    *run(it) {
      const template = it.operands[0] ?? "tmp.XXXXXXXXXX";
      const holes = /X{3,}$/.exec(template)?.[0];
      if (holes === undefined) throw new Failure(`too few X's in template ${quoteName(template)}`);
      const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
      const random = yield* it.sys.getrandom(holes.length);
      const name =
        template.slice(0, -holes.length) + [...random].map((byte) => letters[byte % letters.length] ?? "a").join("");
      const directory = it.value("p") ?? it.variable("TMPDIR") ?? "/tmp";
      const path = it.operands.length === 0 || it.has("p") ? `${directory}/${name}` : name;
      if (!it.has("u")) {
        const made = yield* attempt(it.has("d") ? it.sys.mkdir(path, 0o700) : it.sys.open(path, 0o302, 0o600));
        if (made instanceof Errno)
          throw new Failure(
            `failed to create ${it.has("d") ? "directory" : "file"} via template ${quoteName(template)}: ${made.message}`,
          );
      }
      it.out.put(`${path}\n`);
      return 0;
    },
  },
  ...identityCommands,
  ...mountCommands,
  ...namespaceCommands,
  ...networkCommands,
  ...processCommands,
];

export const systemCommands: readonly Program<Sys>[] = commands.map(program);
