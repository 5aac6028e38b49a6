import type { Activity, Nanos } from "../../core/index.js";
import { attempt, describeStatus, Errno, signalNumbers, type SignalName } from "../../os/index.js";
import { capture } from "../run.js";
import { UsageFailure, type Command, type Invocation } from "../program/command.js";
import { execInPath } from "./execution.js";
import { formatTime } from "./dates.js";

/** 5, 0.5, 2m: in nanoseconds. @throws UsageFailure */
function durationOf(text: string): Nanos {
  const [, number, unit = "s"] = /^(\d+\.?\d*|\.\d+)([smhd]?)$/.exec(text) ?? [];
  if (number === undefined) throw new UsageFailure(`invalid time interval '${text}'`);
  return Math.round(Number(number) * 1e9 * ({ s: 1, m: 60, h: 3600, d: 86_400 }[unit] ?? 1)) as Nanos;
}

function* timeout(it: Invocation): Activity<number> {
  const { sys } = it;
  const [limit = "", ...words] = it.operands;
  if (words.length === 0) {
    yield* it.tell("Try 'timeout --help' for more information.");
    return 125;
  }
  const nanos = durationOf(limit);
  const name = (it.value("s") ?? "TERM").toUpperCase().replace(/^SIG/, "");
  const known = signalNumbers[`SIG${name}` as SignalName] as number | undefined;
  const number = /^\d+$/.test(name) ? Number(name) : known;
  if (number === undefined) throw new UsageFailure(`'${it.value("s") ?? ""}': invalid signal`);
  const kill = it.value("k") === undefined ? undefined : durationOf(it.value("k") ?? "");
  let late = 0;
  yield* sys.rt_sigaction("SIGALRM", function* () {
    late++;
  });
  yield* sys.rt_sigaction("SIGCHLD", function* () {});
  const pid = yield* sys.clone((own) => execInPath(own, words, it.env, "timeout"));
  if (nanos > 0) yield* sys.alarm(nanos);
  for (let told = 0; ;) {
    const ended = yield* attempt(sys.wait4(pid));
    if (!(ended instanceof Errno) && ended !== undefined) {
      const how = describeStatus(ended.status);
      // Who was killed is followed, so that a shell tells of it.
      if (late > 0 && "signal" in how && how.signal === 9) yield* sys.kill(yield* sys.getpid(), "SIGKILL");
      if (late > 0 && !it.has("preserve-status")) return 124;
      return "exited" in how ? how.exited : 128 + how.signal;
    }
    if (late <= told) continue;
    told = late;
    yield* attempt(sys.kill(pid, told === 1 ? number : 9));
    if (told === 1 && kill !== undefined) yield* sys.alarm(kill);
  }
}

function* watch(it: Invocation): Activity<number> {
  const { sys } = it;
  const seconds = Number(it.value("n") ?? 2);
  if (!(seconds >= 0.1)) throw new UsageFailure(`failed to parse argument: '${it.value("n") ?? ""}'`);
  const command = it.operands.join(" ");
  for (;;) {
    const { output, status } = yield* capture(sys, ["/bin/sh", "-c", command]);
    const now = formatTime("%a %b %e %H:%M:%S %Y", yield* sys.clock_gettime("CLOCK_REALTIME"));
    const { nodename } = yield* sys.uname();
    const left = `Every ${seconds.toFixed(1)}s: ${command}`;
    const right = `${nodename}: ${now}`;
    // Clears the screen: ECMA-48's CUP and ED.
    it.out.put("\x1b[H\x1b[2J");
    if (!it.has("t")) it.out.put(`${left}${right.padStart(Math.max(right.length + 1, 80 - left.length))}\n\n`);
    it.out.put(output);
    yield* it.out.flush();
    if (it.has("e") && status !== 0) return 8;
    yield* sys.nanosleep(Math.round(seconds * 1e9) as Nanos);
  }
}

export const timingCommands: readonly Command[] = [
  {
    name: "timeout",
    usage: ["[OPTION] DURATION COMMAND [ARG]..."],
    about: "Start COMMAND, and kill it if still running after DURATION.",
    posix: true,
    options: [
      {
        short: "k",
        long: "kill-after",
        argument: "DURATION",
        help: "also send a KILL signal if COMMAND is still running",
      },
      { short: "s", long: "signal", argument: "SIGNAL", help: "specify the signal to be sent on timeout" },
      { long: "preserve-status", help: "exit with the same status as COMMAND" },
    ],
    usageStatus: 125,
    run: timeout,
  },
  {
    name: "watch",
    usage: ["[options] command"],
    about: "Execute a program periodically, showing output fullscreen.",
    posix: true,
    options: [
      { short: "n", long: "interval", argument: "<secs>", help: "seconds to wait between updates" },
      { short: "t", long: "no-title", help: "turn off header" },
      { short: "e", long: "errexit", help: "exit if command has a non-zero exit" },
    ],
    operands: [1, Infinity],
    run: watch,
  },
];
