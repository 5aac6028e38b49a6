import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeUtf8, ms, type Activity } from "../../../sim/core/index.js";
import {
  AF_INET,
  AF_NETLINK,
  AF_UNIX,
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  Errno,
  MNT_DETACH,
  MS_PRIVATE,
  MS_REC,
  MSG_DONTWAIT,
  netlink,
  O_CLOEXEC,
  O_WRONLY,
  POLLIN,
  SOCK_DGRAM,
  SOCK_STREAM,
  type NetlinkRequest,
  type Sys,
} from "../../../sim/os/index.js";
import { kernel, names, play, readFile, writeFile } from "./system.js";
import { pathsOf, wildCall, type Call } from "./wild-calls.js";

const long = process.env["VIRTLAB_LONG"] === "1";
const runs = long ? 10_000 : 150;
const timeout = long ? 1_800_000 : 60_000;

const path = fc.oneof(
  fc.constantFrom(
    "/",
    "/secret",
    "/etc",
    "/etc/shadow",
    "/old",
    "/proc",
    "/proc/1/root",
    "/proc/1/cwd",
    "/proc/self/fd/0",
    "/dev",
    "..",
    "a",
    "a/b",
    "/proc/2/root/secret",
    "/sys/fs/cgroup/outside/cgroup.procs",
  ),
  pathsOf("a", "b", "etc", "proc", "self", "1", "root", "cwd", "old"),
);
const pid = fc.integer({ min: -5, max: 12 });

/** Stands for the socket that was made last. */
const last = "the last socket";
const place = fc.constantFrom(
  { address: "127.0.0.1", port: 4000 },
  { address: "10.0.0.1", port: 4000 },
  { address: "0.0.0.0", port: 4000 },
);
const unixName = fc.constantFrom("\0outside", "/run/outside.sock", "/proc/1/root/run/outside.sock");
/** What a network administrator asks for, of the namespace that the program is in, and of others. */
const administration = fc.constantFrom<NetlinkRequest>(
  { type: "RTM_DELLINK", name: "host0" },
  { type: "RTM_SETLINK", name: "lo", set: { up: true } },
  { type: "RTM_SETLINK", name: "host0", set: { up: false } },
  { type: "RTM_SETLINK", name: "d", net: { pid: 1 } },
  { type: "RTM_NEWLINK", name: "d", kind: "dummy" },
  { type: "RTM_NEWLINK", name: "e", kind: "dummy", net: { pid: 2 } },
  { type: "RTM_NEWLINK", name: "v", kind: "veth", peer: "w", peerNet: { fd: 3 } },
  { type: "RTM_NEWADDR", name: "lo", address: "10.0.0.1/24" },
  { type: "RTM_NEWROUTE", to: "default", dev: "lo" },
  { type: "NFT_MSG_NEWRULE", line: "-A INPUT -j DROP" },
);

/** A socket, and what one does with it to reach somebody. */
const reach: fc.Arbitrary<readonly Call[]> = fc.oneof(
  fc.tuple(fc.constantFrom(SOCK_STREAM, SOCK_DGRAM), place).map(([type, to]): readonly Call[] => [
    ["socket", AF_INET, type],
    ["connect", last, to],
    ["sendto", last, encodeUtf8("leak")],
  ]),
  fc.tuple(fc.constantFrom(SOCK_STREAM, SOCK_DGRAM), unixName).map(([type, to]): readonly Call[] => [
    ["socket", AF_UNIX, type],
    ["connect", last, to],
    ["sendmsg", last, { bytes: encodeUtf8("leak") }],
  ]),
  fc.array(administration, { minLength: 1, maxLength: 3 }).map((requests): readonly Call[] => [
    ["socket", AF_NETLINK, SOCK_DGRAM],
    ...requests.flatMap((request): readonly Call[] => [
      ["sendmsg", last, { netlink: request }],
      ["recvmsg", last, 0, MSG_DONTWAIT],
    ]),
  ]),
);

const program: fc.Arbitrary<readonly Call[]> = fc.oneof(
  { weight: 12, arbitrary: wildCall({ path, pid }).map((call) => [call]) },
  { weight: 1, arbitrary: fc.constant<readonly Call[]>([["reboot"]]) },
  { weight: 4, arbitrary: reach },
);

const namespaces =
  CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWUSER;

/** Sockets outside, one of each kind that somebody might reach. */
function* listen(sys: Sys): Activity<readonly number[]> {
  const names = [
    [AF_INET, SOCK_STREAM, { address: "0.0.0.0", port: 4000 }],
    [AF_INET, SOCK_DGRAM, { address: "0.0.0.0", port: 4000 }],
    [AF_UNIX, SOCK_STREAM, "\0outside"],
    [AF_UNIX, SOCK_DGRAM, "/run/outside.sock"],
  ] as const;
  const ears: number[] = [];
  for (const [family, type, address] of names) {
    const fd = yield* sys.socket(family, type | O_CLOEXEC);
    yield* sys.bind(fd, address);
    if (type === SOCK_STREAM) yield* sys.listen(fd, 8);
    ears.push(fd);
  }
  yield* sys.chmod("/run/outside.sock", 0o777);
  return ears;
}

function* describeNetwork(sys: Sys): Activity<string> {
  const links = yield* netlink(sys, { type: "RTM_GETLINK" });
  const routes = yield* netlink(sys, { type: "RTM_GETROUTE" });
  const rules = yield* netlink(sys, { type: "NFT_MSG_NEWRULE", line: "-S" });
  return JSON.stringify([links.map(({ name: link, up, addresses }) => [link, up, addresses]), routes, rules]);
}

/** A container by hand, as an unprivileged runtime makes one: every namespace, a root of its own, ids from 100,000 on. */
function* contain(sys: Sys, steps: readonly (readonly unknown[])[], seen: Set<string>): Activity<number> {
  const ready = yield* sys.pipe2();
  const pid = yield* sys.clone(
    function* (child) {
      yield* child.read(ready[0], 1);
      // Nothing of the outside stays open: what was, a container could use.
      yield* child.close_range(0, 1000);
      yield* child.setresgid(0, 0, 0);
      yield* child.setresuid(0, 0, 0);
      yield* child.mount("", "/", undefined, MS_REC | MS_PRIVATE);
      yield* child.mount("none", "/mnt", "tmpfs");
      for (const name of ["proc", "old", "etc", "a"]) yield* child.mkdir(`/mnt/${name}`);
      yield* child.mount("proc", "/mnt/proc", "proc");
      yield* child.pivot_root("/mnt", "/mnt/old");
      yield* child.umount2("/old", MNT_DETACH);
      yield* child.chdir("/");
      let opened = -1;
      for (const [call, ...args] of steps) {
        try {
          const result = yield* child.call(String(call), ...args.map((one) => (one === last ? opened : one)));
          if (call === "socket") opened = Number(result);
          if (typeof result === "string") seen.add(result);
        } catch (error) {
          if (!(error instanceof Errno)) throw error;
        }
      }
      for (const entry of yield* names(child, "/")) seen.add(entry);
    },
    { flags: namespaces },
  );
  for (const file of ["uid_map", "gid_map"]) yield* writeFile(sys, `/proc/${pid}/${file}`, "0 100000 65536");
  yield* sys.write(ready[1], encodeUtf8("x"));
  return pid;
}

test("a container by hand sees its own root, and runs what it is given", () => {
  const seen = new Set<string>();
  play(function* (sys) {
    yield* contain(sys, [["getcwd"], ["readlink", "/proc/self"], ["mkdir", "/made"]], seen);
    yield* sys.nanosleep(ms(500));
  });
  expect([...seen].sort()).toEqual(["/", "1", "a", "etc", "made", "old", "proc"]);
});

test("whatever a program in a container tries, what is outside stays as it is", { timeout }, () => {
  fc.assert(
    fc.property(fc.array(program, { minLength: 1, maxLength: 25 }), (parts) => {
      const steps = parts.flat();
      const on = kernel();
      const seen = new Set<string>();
      const outside = play(function* (sys) {
        yield* writeFile(sys, "/secret", "kept", 0o600);
        yield* writeFile(sys, "/etc/shadow", "kept", 0o600);
        yield* sys.mkdir("/sys/fs/cgroup/outside");
        const witness = yield* sys.clone(function* (child) {
          yield* child.pause();
        });
        yield* netlink(sys, { type: "RTM_NEWLINK", name: "host0", kind: "dummy" });
        yield* netlink(sys, { type: "RTM_NEWADDR", name: "host0", address: "10.0.0.1/24" });
        yield* netlink(sys, { type: "RTM_SETLINK", name: "host0", set: { up: true } });
        const ears = yield* listen(sys);
        const network = yield* describeNetwork(sys);
        const mounts = yield* readFile(sys, "/proc/self/mountinfo");
        yield* contain(sys, steps, seen);
        yield* sys.nanosleep(ms(500));
        return {
          secret: yield* readFile(sys, "/secret"),
          shadow: yield* readFile(sys, "/etc/shadow"),
          mode: (yield* sys.stat("/secret")).mode & 0o7777,
          names: yield* names(sys, "/"),
          etc: yield* names(sys, "/etc"),
          host: (yield* sys.uname()).nodename,
          witness: /State:\t(.)/.exec(yield* readFile(sys, `/proc/${witness}/status`))?.[1],
          nice: yield* sys.getpriority(witness),
          mounts: (yield* readFile(sys, "/proc/self/mountinfo")) === mounts,
          group: yield* readFile(sys, "/sys/fs/cgroup/outside/cgroup.procs"),
          network: (yield* describeNetwork(sys)) === network,
          heard: (yield* sys.poll(
            ears.map((fd) => ({ fd, events: POLLIN })),
            ms(0),
          )).length,
        };
      }, on);
      expect(outside).toEqual({
        secret: "kept",
        shadow: "kept",
        mode: 0o600,
        names: [
          "bin",
          "dev",
          "etc",
          "home",
          "lib",
          "mnt",
          "opt",
          "proc",
          "root",
          "run",
          "sbin",
          "secret",
          "srv",
          "sys",
          "tmp",
          "usr",
          "var",
        ],
        etc: ["shadow"],
        host: "linux",
        witness: "S",
        nice: 0,
        mounts: true,
        group: "",
        network: true,
        heard: 0,
      });
      expect(on.panicked).toBeUndefined();
      // Names of the outside's root that the container has none of.
      for (const name of ["sbin", "srv", "bin"]) expect(seen.has(name)).toBe(false);
    }),
    { numRuns: runs, seed: 7 },
  );
});

/** What both file systems of the next test are asked. */
const entry = fc.constantFrom("a", "b", "d", "d/x", "d/y", "d/e", "n", "n/z");
const step = fc.oneof(
  fc.tuple(fc.constantFrom("mkdir", "rmdir", "unlink", "read", "list", "mode"), entry),
  fc.tuple(fc.constant("write"), entry, fc.constantFrom("1", "22", "333")),
  fc.tuple(fc.constant("append"), entry, fc.constantFrom("4", "55")),
  fc.tuple(fc.constant("symlink"), fc.constantFrom("a", "d", "../a"), entry),
  fc.tuple(fc.constant("chmod"), entry, fc.constantFrom("384", "493")),
  fc.tuple(fc.constant("rename"), fc.constantFrom("a", "b", "d/x", "n/z"), fc.constantFrom("a", "b", "d/x", "n/z")),
);

function* ask(sys: Sys, [call = "", first, second = ""]: readonly string[]): Activity<unknown> {
  const at = first ?? "";
  switch (call) {
    case "read":
      return yield* readFile(sys, at);
    case "list":
      return yield* names(sys, at);
    case "mode":
      return (yield* sys.lstat(at)).mode;
    case "write":
      return yield* writeFile(sys, at, second);
    case "append": {
      const fd = yield* sys.open(at, O_WRONLY | 0o2000);
      return yield* sys.write(fd, encodeUtf8(second));
    }
    case "chmod":
      return yield* sys.chmod(at, Number(second));
    default:
      return yield* sys.call(call, ...(second === "" ? [at] : [at, second]));
  }
}

test(
  "an overlay shows what one file system would after the same calls, and its lower layer never changes",
  { timeout },
  () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
        const fill = function* (sys: Sys, root: string): Activity<undefined> {
          yield* writeFile(sys, `${root}/a`, "lower a");
          yield* sys.mkdir(`${root}/d`);
          yield* writeFile(sys, `${root}/d/x`, "lower x");
          yield* sys.mkdir(`${root}/d/e`);
          yield* sys.symlink("d", `${root}/b`);
          return undefined;
        };
        const run = function* (sys: Sys): Activity<unknown[]> {
          const log: unknown[] = [];
          for (const one of [...steps, ["list", "."], ["list", "d"], ["read", "a"], ["read", "d/x"]]) {
            try {
              log.push([...one, (yield* ask(sys, one)) ?? "ok"]);
            } catch (error) {
              if (!(error instanceof Errno)) throw error;
              log.push([...one, error.code]);
            }
          }
          return log;
        };
        const [plain, overlay, lower] = play(function* (sys) {
          yield* sys.mount("none", "/srv", "tmpfs");
          for (const one of ["plain", "l", "u", "w"]) yield* sys.mkdir(`/srv/${one}`);
          yield* fill(sys, "/srv/plain");
          yield* fill(sys, "/srv/l");
          yield* sys.mount("overlay", "/mnt", "overlay", 0, "lowerdir=/srv/l,upperdir=/srv/u,workdir=/srv/w");
          yield* sys.chdir("/srv/plain");
          const one = yield* run(sys);
          yield* sys.chdir("/mnt");
          const other = yield* run(sys);
          return [
            one,
            other,
            [yield* names(sys, "/srv/l"), yield* readFile(sys, "/srv/l/a"), yield* readFile(sys, "/srv/l/d/x")],
          ];
        });
        expect(overlay).toEqual(plain);
        expect(lower).toEqual([["a", "b", "d"], "lower a", "lower x"]);
      }),
      { numRuns: runs, seed: 11 },
    );
  },
);
