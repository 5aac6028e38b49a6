import { encodeUtf8, type Activity } from "../../core/index.js";
import {
  AF_INET,
  AF_UNIX,
  attempt,
  Errno,
  makedev,
  netlink,
  O_APPEND,
  O_WRONLY,
  S_IFBLK,
  SOCK_RAW,
  SOCK_STREAM,
  type Program,
  type Sys,
} from "../../os/index.js";
import type { Facts } from "./facts.js";

/** What there is of the host's, for the probe to look for: a file, a process, an address, an abstract socket that somebody listens at, a disk. */
export const landmarks = {
  file: "/etc/landmark",
  command: "landmark",
  address: "192.0.2.10",
  socket: "\0landmark",
  disk: "landmark0",
} as const;

/** The number of the first drive that a machine is given (`os/vfs/block-devices`). */
const diskNumber = makedev(259, 0);

function* code(call: Activity<unknown>): Activity<string> {
  const outcome = yield* attempt(call);
  return outcome instanceof Errno ? outcome.code : "ok";
}

/** What a process's command line begins with; nothing where it can't be read. */
function* commandOf(sys: Sys, pid: string | number): Activity<string> {
  const fd = yield* attempt(sys.open(`/proc/${pid}/cmdline`));
  if (fd instanceof Errno) return "";
  const bytes = yield* sys.read(fd, 4096);
  yield* sys.close(fd);
  return String.fromCharCode(...bytes).split("\0")[0] ?? "";
}

/** Processes in /proc besides the caller, by their command lines; where there is no /proc, one is mounted, if that may be. */
function* processes(sys: Sys): Activity<readonly string[] | undefined> {
  const list = function* (): Activity<readonly string[] | undefined> {
    const fd = yield* attempt(sys.open("/proc"));
    if (fd instanceof Errno) return undefined;
    const names = (yield* sys.getdents64(fd)).map(({ name }) => name);
    yield* sys.close(fd);
    if (!names.includes("self")) return undefined;
    const own = String(yield* sys.getpid());
    const found: string[] = [];
    for (const name of names) if (/^\d+$/.test(name) && name !== own) found.push(yield* commandOf(sys, name));
    return found;
  };
  const seen = yield* list();
  if (seen !== undefined) return seen;
  yield* attempt(sys.mkdir("/proc", 0o755));
  if ((yield* attempt(sys.mount("proc", "/proc", "proc"))) instanceof Errno) return undefined;
  const found = yield* list();
  yield* sys.umount2("/proc");
  return found;
}

/** Whether a pid is the host's process, and not one of its own that happens to have the number. */
function* signal(sys: Sys, pid: number): Activity<string> {
  if (pid === (yield* sys.getpid())) return "ESRCH";
  const sent = yield* code(sys.kill(pid, 0));
  if (sent !== "ok") return sent;
  const command = yield* commandOf(sys, pid);
  return command === "" || command === landmarks.command ? sent : "ESRCH";
}

/** The classic: a root below, and then up from where one still stands. In a child, for it changes its root. */
function* chrootOut(sys: Sys, file: string): Activity<string> {
  const [reader, writer] = yield* sys.pipe2();
  const pid = yield* sys.clone(function* (child) {
    yield* attempt(child.mkdir("/tmp", 0o777));
    yield* attempt(child.mkdir("/tmp/below", 0o755));
    const said = yield* code(
      (function* (): Activity<undefined> {
        yield* child.chroot("/tmp/below");
        for (let depth = 0; depth < 12; depth++) yield* child.chdir("..");
        yield* child.open(file.slice(1));
        return undefined;
      })(),
    );
    yield* child.write(writer, encodeUtf8(said));
  });
  yield* sys.wait4(pid);
  const said = String.fromCharCode(...(yield* sys.read(reader, 64)));
  yield* sys.close(reader);
  yield* sys.close(writer);
  return said;
}

/** How many of 40 children there can be at once. */
function* children(sys: Sys): Activity<number> {
  const pids: number[] = [];
  for (let count = 0; count < 40; count++) {
    const pid = yield* attempt(
      sys.clone(function* (child) {
        yield* child.pause();
      }),
    );
    if (pid instanceof Errno) break;
    pids.push(pid);
  }
  for (const pid of pids) {
    yield* sys.kill(pid, "SIGKILL");
    yield* sys.wait4(pid);
  }
  return pids.length;
}

function* facts(sys: Sys, pid: number): Activity<Facts> {
  const { file, address, socket } = landmarks;
  const seen = yield* processes(sys);
  const addresses = yield* attempt(netlink(sys, { type: "RTM_GETADDR" }));
  return {
    release: (yield* sys.uname()).release,
    ...(seen !== undefined && { processes: seen.length, seesHost: seen.includes(landmarks.command) }),
    signal: yield* signal(sys, pid),
    read: yield* code(sys.open(file)),
    change: yield* code(
      (function* (): Activity<undefined> {
        const fd = yield* sys.open(file, O_WRONLY | O_APPEND);
        yield* sys.write(fd, encodeUtf8("changed\n"));
        return yield* sys.close(fd);
      })(),
    ),
    chrootOut: yield* chrootOut(sys, file),
    hostname: (yield* sys.uname()).nodename,
    rename: yield* code(sys.sethostname("renamed")),
    ...(!(addresses instanceof Errno) && {
      addresses: addresses.filter(({ scope }) => scope !== "host").map((one) => one.address),
    }),
    bindHost: yield* code(
      (function* (): Activity<undefined> {
        const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
        return yield* sys.bind(fd, { address, port: 2222 });
      })(),
    ),
    rawSocket: yield* code(sys.socket(AF_INET, SOCK_RAW, 1)),
    uid: yield* sys.getuid(),
    ipc: yield* code(
      (function* (): Activity<undefined> {
        const fd = yield* sys.socket(AF_UNIX, SOCK_STREAM);
        return yield* sys.connect(fd, socket);
      })(),
    ),
    children: yield* children(sys),
    device: yield* code(readDisk(sys)),
    mount: yield* code(sys.mount("none", "/tmp", "tmpfs")),
    setting: yield* code(setForwarding(sys)),
    clock: (yield* sys.capget()).effective.has("SYS_TIME") ? "ok" : "EPERM",
  };
}

/** By a node of its own: whoever may make one needs no /dev of the host's. */
function* readDisk(sys: Sys): Activity<Uint8Array> {
  yield* sys.mknod("/tmp/disk", S_IFBLK | 0o600, diskNumber);
  const fd = yield* sys.open("/tmp/disk");
  const bytes = yield* sys.read(fd, 512);
  yield* sys.close(fd);
  return bytes;
}

export const settingFile = "/proc/sys/net/ipv4/ip_forward";

/** Turns a setting of the kernel over; where there is no /proc, one is mounted for it. */
function* setForwarding(sys: Sys): Activity<undefined> {
  const absent = (yield* attempt(sys.stat(settingFile))) instanceof Errno;
  if (absent) yield* sys.mount("proc", "/proc", "proc");
  try {
    const fd = yield* sys.open(settingFile, O_WRONLY);
    yield* sys.write(fd, encodeUtf8("1"));
    return yield* sys.close(fd);
  } finally {
    if (absent) yield* sys.umount2("/proc");
  }
}

/** The application: tries everything and prints what came of it, as JSON. */
export const linuxProbe: Program<Sys> = {
  name: "probe",
  *main(sys, argv) {
    // Whoever watches the kernel knows by this call who is asking.
    yield* attempt(sys.call("probe"));
    yield* sys.write(1, encodeUtf8(`${JSON.stringify(yield* facts(sys, Number(argv[1])))}\n`));
    return 0;
  },
};
