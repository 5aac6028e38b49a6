import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { encodeUtf8, type Activity } from "../../../sim/core/index.js";
import {
  AF_INET,
  AF_UNIX,
  CLONE_NEWNET,
  E,
  Errno,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  netlink,
  O_APPEND,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_TRUNC,
  O_WRONLY,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  type NetworkAddress,
  type Sys,
} from "../../../sim/os/index.js";
import { names, play, readFile, text } from "./system.js";

/** The same steps on a real Linux and here: what they did there is in linux.json, written by record.py. */
type Step = readonly [call: string, ...args: readonly (string | number)[]];
interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
}
interface Recorded {
  readonly kernel: string;
  readonly results: Readonly<Record<string, readonly unknown[]>>;
}

const folder = new URL("recorded/", import.meta.url).pathname;
const load = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
const cases = load(join(folder, "cases.json")) as readonly Case[];
const linux = load(join(folder, "linux.json")) as Recorded;

function* put(sys: Sys, path: string, content: string, flags: number): Activity<undefined> {
  const fd = yield* sys.open(path, O_WRONLY | flags, 0o666);
  yield* sys.write(fd, encodeUtf8(content));
  yield* sys.close(fd);
  return undefined;
}

/** "127.0.0.1:80", "@abstract" or a path, as a system call takes it. */
function place(text: string): NetworkAddress | string {
  const [address = "", port] = text.split(":");
  if (port !== undefined) return { address, port: Number(port) };
  return text.startsWith("@") ? `\0${text.slice(1)}` : text;
}

const shown = (address: NetworkAddress | string | undefined): string =>
  typeof address === "object" ? `${address.address}:${address.port}` : (address ?? "").replace("\0", "@");

const types: Readonly<Record<string, number>> = { STREAM: SOCK_STREAM, DGRAM: SOCK_DGRAM, SEQPACKET: SOCK_SEQPACKET };

/** A step about sockets, which have names here; undefined where it is about something else. */
function socketStep(
  sys: Sys,
  [call, ...args]: Step,
  sockets: Map<string, number>,
): (() => Activity<unknown>) | undefined {
  const [first = "", second = "", third = ""] = args.map(String);
  const fd = sockets.get(first) ?? -1;
  const calls: Record<string, () => Activity<unknown>> = {
    net: () => sys.unshare(CLONE_NEWNET),
    loup: () => netlink(sys, { type: "RTM_SETLINK", name: "lo", set: { up: true } }),
    *socket() {
      sockets.set(first, yield* sys.socket(second === "INET" ? AF_INET : AF_UNIX, types[third] ?? 0));
    },
    *pair() {
      const [one, other] = yield* sys.socketpair(AF_UNIX, types[third] ?? 0);
      sockets.set(first, one).set(second, other);
    },
    reuse: () => sys.setsockopt(fd, 1, "SO_REUSEADDR", 1),
    bind: () => sys.bind(fd, place(second)),
    listen: () => sys.listen(fd, 4),
    connect: () => sys.connect(fd, place(second)),
    *accept() {
      sockets.set(second, yield* sys.accept4(fd));
    },
    send: () => sys.sendto(fd, encodeUtf8(second), undefined, MSG_NOSIGNAL),
    sendto: () => sys.sendto(fd, encodeUtf8(second), place(third)),
    *recv() {
      return text((yield* sys.recvfrom(fd, Number(second))).bytes);
    },
    *poll() {
      return text((yield* sys.recvfrom(fd, Number(second), MSG_DONTWAIT)).bytes);
    },
    *from() {
      return shown((yield* sys.recvfrom(fd, 99)).from);
    },
    shut: () => sys.shutdown(fd, Number(second)),
    *sockname() {
      return shown(yield* sys.getsockname(fd));
    },
    close: () => sys.close(fd),
  };
  return calls[call];
}

/** One step, as record.py has it. */
function* perform(sys: Sys, one: Step, sockets: Map<string, number>): Activity<unknown> {
  const [call, ...args] = one;
  const [first = "", second = "", third = ""] = args.map(String);
  const ofSockets = socketStep(sys, one, sockets);
  if (ofSockets !== undefined) return yield* ofSockets();
  switch (call) {
    case "write":
      return yield* put(sys, first, second, O_CREAT | O_TRUNC);
    case "append":
      return yield* put(sys, first, second, O_APPEND);
    case "openexcl":
      return yield* put(sys, first, "", O_CREAT | O_EXCL);
    case "nofollow":
      return yield* sys.close(yield* sys.open(first, O_NOFOLLOW));
    case "read":
      return yield* readFile(sys, first);
    case "list":
      return yield* names(sys, first);
    case "stat":
      return (yield* sys.stat(first)).mode & 0o170000;
    case "lstat":
      return (yield* sys.lstat(first)).mode & 0o170000;
    case "mode":
      return (yield* sys.stat(first)).mode;
    case "lmode":
      return (yield* sys.lstat(first)).mode;
    case "nlink":
      return (yield* sys.stat(first)).nlink;
    case "size":
      return (yield* sys.stat(first)).size;
    case "owner": {
      const { uid, gid } = yield* sys.stat(first);
      return [uid, gid];
    }
    case "umask":
      yield* sys.umask(Number(first));
      return undefined;
    case "getxattr":
      return text(yield* sys.getxattr(first, second));
    case "getcwd": {
      const path = yield* sys.getcwd();
      // What glibc makes of "(unreachable)".
      if (!path.startsWith("/")) throw E.ENOENT;
      return path;
    }
    case "tail":
      return (yield* sys.getcwd()).split("/").at(-1);
    case "mount":
      return yield* sys.mount(first, second, third === "" ? undefined : third, Number(args[3]), String(args[4]));
    case "umount":
      return yield* sys.umount2(first, Number(second));
    case "setuid":
      return yield* sys.setresuid(Number(first), Number(first), Number(first));
    default:
      return yield* sys.call(call, ...args);
  }
}

function replay({ steps }: Case): unknown[] {
  return play(function* (sys) {
    yield* sys.mount("none", "/mnt", "tmpfs", 0, "mode=755");
    yield* sys.chdir("/mnt");
    const results: unknown[] = [];
    const sockets = new Map<string, number>();
    for (const step of steps) {
      try {
        results.push((yield* perform(sys, step, sockets)) ?? "ok");
      } catch (error) {
        if (!(error instanceof Errno)) throw error;
        results.push(error.code);
      }
    }
    return results;
  });
}

/** Each step beside its outcome, so that a difference names the step. Python calls EOPNOTSUPP by its other name. */
const beside = (steps: readonly Step[], results: readonly unknown[]): string[] =>
  steps.map((step, place) => {
    const result = results[place] === "ENOTSUP" ? "EOPNOTSUPP" : results[place];
    return `${place} ${step.join(" ")} → ${JSON.stringify(result)}`;
  });

describe(`as ${linux.kernel}`, () => {
  test.each(cases)("$name", (one) => {
    expect(beside(one.steps, replay(one))).toEqual(beside(one.steps, linux.results[one.name] ?? []));
  });
});

/** Why this machine can't say itself. */
function lacking(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "it takes root on a Linux";
  try {
    execFileSync("unshare", ["-m", "true"], { stdio: "ignore" });
    execFileSync("python3", ["--version"], { stdio: "ignore" });
    const known = readFileSync("/proc/filesystems", "utf8");
    return known.includes("overlay") ? undefined : "its kernel has no overlayfs";
  } catch {
    return "unshare -m or python3 doesn't work here";
  }
}

const why = lacking();
test.skipIf(why !== undefined)(
  `this machine's own kernel agrees${why === undefined ? "" : ` (skipped: ${why})`}`,
  () => {
    const place = mkdtempSync(join(tmpdir(), "virtlab-recorded-"));
    try {
      const file = join(place, "linux.json");
      execFileSync("python3", [join(folder, "record.py"), file]);
      expect((load(file) as Recorded).results).toEqual(linux.results);
    } finally {
      rmSync(place, { recursive: true });
    }
  },
);
