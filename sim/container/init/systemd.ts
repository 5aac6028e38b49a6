import { encodeUtf8, type Activity, type Nanos } from "../../core/index.js";
import { attempt, Errno, POLLIN, PR_SET_NAME, WNOHANG, type Program, type Sys } from "../../os/index.js";
import { answer, listenForRequests, takeRequest } from "../runtime/control.js";
import { listDirectory, makeDirectories } from "../runtime/files.js";
import { unitName } from "./library.js";
import { Manager, type Standing } from "./manager.js";
import { serviceGroup } from "./service.js";

/** Where systemctl asks. */
export const privateSocket = "/run/systemd/private";
/** What pid 1 ends with: nspawn and LXC start a container again for the second (as they do for reboot(2)'s signal). */
export const rebootStatus = 133;

/** Real-time signals by which a container is asked to end, systemd(1): SIGRTMIN+3 to +6 for halt, poweroff, reboot, kexec. */
const halt = 37;
const poweroff = 38;
const reboot = 39;
const signals = ["SIGCHLD", "SIGTERM", "SIGINT", "SIGPWR", halt, poweroff, reboot] as const;

/**
 * Pid 1 of a system container: reads unit files, starts default.target with all that it wants in order, takes in orphans, starts
 * services again, answers systemctl, and stops everything in the opposite order when it is asked to end. Writes what it does to its
 * standard output, the console.
 */
export const systemd: Program<Sys> = {
  name: "systemd",
  memory: 11_000_000,
  *main(sys) {
    if ((yield* sys.getpid()) !== 1) {
      yield* attempt(sys.write(2, encodeUtf8("Trying to run as user instance, but only a system's pid 1 is here.\n")));
      return 1;
    }
    yield* sys.prctl(PR_SET_NAME, "systemd");
    yield* sys.rt_sigprocmask("SIG_BLOCK", [...signals]);
    const arriving = yield* sys.signalfd4(-1, [...signals]);
    const say = function* (line: string): Activity<undefined> {
      yield* attempt(sys.write(1, encodeUtf8(`${line}\n`)));
      return undefined;
    };
    yield* serviceGroup.init(sys);
    yield* makeDirectories(sys, "/run/systemd");
    const listener = yield* listenForRequests(sys, privateSocket);
    const manager = new Manager(sys, say);
    const waiting: { readonly fd: number; readonly name: string }[] = [];
    let status = 0;
    yield* manager.load();
    const { nodename } = yield* sys.uname();
    yield* say(`Welcome to ${nodename}!`);
    if (!(yield* manager.start("default.target"))) yield* say("Failed to load unit default.target: there is none.");
    while (!manager.empty) {
      const due = manager.due;
      const now = yield* sys.clock_gettime("CLOCK_MONOTONIC");
      const polled = [arriving, listener].map((fd) => ({ fd, events: POLLIN }));
      const ready = yield* sys.poll(polled, due === undefined ? undefined : (Math.max(0, due - now) as Nanos));
      for (const { fd } of ready) {
        if (fd === listener) {
          const asked = yield* takeRequest(sys, listener);
          status = yield* serve(sys, manager, asked, waiting, status);
          continue;
        }
        const [signal = 0] = yield* sys.read(arriving, 128);
        if (signal === 17) yield* reap(sys, manager);
        else {
          if (signal === reboot) status = rebootStatus;
          yield* manager.leave();
        }
      }
      yield* manager.tick((yield* sys.clock_gettime("CLOCK_MONOTONIC")) as Nanos);
      for (const { fd, name } of waiting.splice(0)) {
        if (manager.pending(name)) waiting.push({ fd, name });
        else yield* answer(sys, fd, outcome(manager, name));
      }
    }
    yield* say("Reached target System Shutdown.");
    yield* endOthers(sys);
    return status;
  },
};

/** Takes in every child that has ended. */
function* reap(sys: Sys, manager: Manager): Activity<undefined> {
  for (;;) {
    const waited = yield* attempt(sys.wait4(-1, WNOHANG));
    if (waited instanceof Errno || waited === undefined) return undefined;
    yield* manager.reaped(waited.pid, waited.status);
  }
}

/** Whoever is left besides pid 1 is killed: what was attached, or has left its service's group. */
function* endOthers(sys: Sys): Activity<undefined> {
  yield* attempt(sys.kill(-1, "SIGKILL"));
  const names = yield* attempt(listDirectory(sys, "/proc"));
  if (names instanceof Errno) return undefined;
  while (!((yield* attempt(sys.wait4(-1))) instanceof Errno));
  return undefined;
}

/** What systemctl prints where a job didn't end well; nothing where it did. */
function outcome(manager: Manager, name: string): string {
  const { state, result } = manager.standings.get(name) ?? { state: "failed", result: "none" };
  return state === "failed" ? `Job for ${name} failed: ${result}.\nSee "systemctl status ${name}" for details.\n` : "";
}

/** A request of systemctl. One that brings a job about is answered when that is done. */
function* serve(
  sys: Sys,
  manager: Manager,
  { words, fd }: { readonly words: readonly string[]; readonly fd: number },
  waiting: { readonly fd: number; readonly name: string }[],
  status: number,
): Activity<number> {
  const [verb = "", ...operands] = words;
  const name = unitName(operands[0] ?? "");
  const standing = manager.standings.get(name);
  switch (verb) {
    case "list-units":
      yield* answer(sys, fd, [...manager.standings.values()].map(rowOf).join(""));
      return status;
    case "status":
    case "is-active":
      yield* answer(sys, fd, standing === undefined ? `absent\n` : describe(standing));
      return status;
    case "daemon-reload":
      yield* manager.load();
      yield* answer(sys, fd, "");
      return status;
    case "poweroff":
    case "halt":
    case "reboot":
      yield* answer(sys, fd, "");
      yield* manager.leave();
      return verb === "reboot" ? rebootStatus : 0;
    case "start":
    case "stop":
      if (standing === undefined) {
        yield* answer(sys, fd, `Failed to ${verb} ${name}: Unit ${name} not found.\n`);
        return status;
      }
      if (verb === "start") {
        // What an administrator asks for isn't counted with what failed before.
        standing.starts = [];
        yield* manager.start(name);
      } else yield* manager.stop([name]);
      waiting.push({ fd, name });
      return status;
    default:
      yield* answer(sys, fd, `Unknown command verb ${verb}.\n`);
      return status;
  }
}

const subState = ({ state, pid, unit }: Standing): string =>
  state === "active" ? (unit.service === undefined ? "active" : pid === undefined ? "exited" : "running") : state;

/** A line for `list-units`, with blanks for tabs in no field but the last. */
const rowOf = (one: Standing): string =>
  [one.unit.name, "loaded", one.state, subState(one), one.unit.description].join("\t") + "\n";

function describe(one: Standing): string {
  const { unit, state, pid, ended, restarts, result } = one;
  const how =
    ended === undefined
      ? ""
      : "exited" in ended
        ? `code=exited, status=${ended.exited}`
        : `code=killed, signal=${ended.signal}`;
  return [
    state,
    `${unit.name} - ${unit.description}`,
    `     Active: ${state} (${subState(one)})${state === "failed" ? ` (Result: ${result})` : ""}`,
    ...(how === "" ? [] : [`    Process: (${how})`]),
    ...(pid === undefined ? [] : [`   Main PID: ${pid}`]),
    ...(restarts === 0 ? [] : [`   Restarts: ${restarts}`]),
    "",
  ].join("\n");
}
