import { describe, expect, test } from "vitest";
import { encodeUtf8, ms, UsageError, type Activity } from "../../../sim/core/index.js";
import { defaultSpec, type ProcessSpec } from "../../../sim/container/index.js";
import { attempt, describeStatus, Errno, type Sys } from "../../../sim/os/index.js";
import { names, play, readFile, text, writeFile } from "../os/system.js";
import { bundle, machine, runtime, type Change } from "./containers.js";

/** Sleeps until it is ended. */
function* forever(sys: Sys): Activity<undefined> {
  for (;;) yield* sys.pause();
}

/** Lets a host task do something with a container that sleeps. */
const withContainer = <T>(body: (sys: Sys, pid: number) => Activity<T>, change?: Change): T =>
  play(function* (sys) {
    const path = yield* bundle(sys, "c", change);
    const { pid } = yield* runtime.create(sys, "c", path);
    return yield* body(sys, pid);
  }, machine(forever));

/** The message of the error that an activity ends with. */
function* failure(calls: Activity<unknown>): Activity<string> {
  try {
    yield* calls;
    return "none";
  } catch (error) {
    if (error instanceof UsageError || error instanceof Errno) return error.message;
    throw error;
  }
}

const processSpec = (more: Partial<ProcessSpec> = {}): ProcessSpec => ({
  ...defaultSpec({ args: ["/bin/sleep"] }).process,
  ...more,
});

describe("a container's life", () => {
  test("created, running, paused, stopped, gone; each step only from where it may be", () => {
    const seen = withContainer(function* (sys, pid) {
      const states: unknown[] = [];
      const note = function* (): Activity<undefined> {
        const { status, pid: own } = yield* runtime.state(sys, "c");
        states.push([status, own === pid]);
        return undefined;
      };
      yield* note();
      states.push(yield* failure(runtime.exec(sys, "c", processSpec())));
      yield* runtime.start(sys, "c");
      yield* note();
      states.push(yield* failure(runtime.start(sys, "c")), yield* failure(runtime.delete(sys, "c")));
      yield* runtime.pause(sys, "c");
      yield* note();
      states.push(yield* failure(runtime.pause(sys, "c")));
      yield* runtime.resume(sys, "c");
      yield* note();
      yield* runtime.kill(sys, "c", "SIGKILL");
      const { status = -1 } = (yield* sys.wait4(pid)) ?? {};
      states.push(describeStatus(status));
      yield* note();
      states.push(yield* failure(runtime.kill(sys, "c")));
      states.push(yield* runtime.list(sys));
      yield* runtime.delete(sys, "c");
      states.push(yield* runtime.list(sys), yield* failure(runtime.state(sys, "c")));
      states.push(yield* names(sys, "/run/runc"), (yield* names(sys, "/sys/fs/cgroup")).includes("c"));
      return states;
    });
    expect(seen).toEqual([
      ["created", true],
      "cannot exec in a created container",
      ["running", true],
      "cannot start a container that is running",
      "cannot delete container c that is not stopped: running",
      ["paused", true],
      "container c is paused, not running",
      ["running", true],
      { signal: 9 },
      ["stopped", false],
      "container not running",
      ["c"],
      [],
      "container does not exist: c",
      [],
      false,
    ]);
  });

  test("a pid 1 without a handler hears no SIGTERM, and is deleted by force", () => {
    const seen = withContainer(function* (sys) {
      yield* runtime.start(sys, "c");
      yield* runtime.kill(sys, "c", "SIGTERM");
      yield* sys.nanosleep(ms(10));
      const { status } = yield* runtime.state(sys, "c");
      yield* runtime.delete(sys, "c", true);
      return [status, yield* runtime.list(sys)];
    });
    expect(seen).toEqual(["running", []]);
  });

  test("what runs doesn't count while it is frozen", () => {
    const seen = play(
      function* (sys) {
        const { pid } = yield* runtime.create(sys, "c", yield* bundle(sys, "c"));
        yield* runtime.start(sys, "c");
        yield* sys.nanosleep(ms(50));
        yield* runtime.pause(sys, "c");
        const before = (yield* runtime.stats(sys, "c")).cpu.usage;
        yield* sys.nanosleep(ms(50));
        const after = (yield* runtime.stats(sys, "c")).cpu.usage;
        yield* runtime.resume(sys, "c");
        yield* sys.nanosleep(ms(50));
        const later = (yield* runtime.stats(sys, "c")).cpu.usage;
        yield* runtime.kill(sys, "c", "SIGKILL");
        yield* sys.wait4(pid);
        return [before > 10_000, after - before < 1000, later - after > 10_000];
      },
      machine(function* (sys) {
        for (;;) yield* sys.compute(ms(1));
      }),
    );
    expect(seen).toEqual([true, true, true]);
  });

  test("exec is in all of its namespaces, its group and its limits, and gives its status", () => {
    const seen: unknown[] = [];
    const ended = play(
      function* (sys) {
        const spec: Change = (one) => ({ ...one, hostname: "box", process: { ...one.process, args: ["/bin/sleep"] } });
        const path = yield* bundle(sys, "c", spec);
        const { pid } = yield* runtime.create(sys, "c", path);
        yield* runtime.start(sys, "c");
        const { pid: more } = yield* runtime.exec(sys, "c", processSpec({ args: ["probe"], env: ["PATH=/bin"] }));
        const { status = -1 } = (yield* sys.wait4(more)) ?? {};
        const missing = yield* failure(runtime.exec(sys, "c", processSpec({ args: ["none"], env: ["PATH=/bin"] })));
        yield* runtime.kill(sys, "c", "SIGKILL");
        yield* sys.wait4(pid);
        return [describeStatus(status), missing];
      },
      machine(function* (sys) {
        seen.push(
          yield* sys.getpid(),
          yield* sys.getppid(),
          (yield* sys.uname()).nodename,
          (yield* names(sys, "/proc")).filter((name) => /^\d+$/.test(name)),
          (yield* readFile(sys, "/proc/self/cgroup")).trim(),
          (yield* sys.capget()).effective.names().length,
          (yield* names(sys, "/proc/self/fd")).length,
        );
        return 42;
      }),
    );
    expect(ended).toEqual([{ exited: 42 }, 'exec: "none": executable file not found in $PATH']);
    // The listing's own descriptor is there too; pid 1 of a pid namespace isn't its parent: that is outside.
    expect(seen.slice(1)).toEqual([0, "box", ["1", String(seen[0])], "0::/", 14, expect.any(Number)]);
  });

  test("a process that takes more memory than its limit is killed, and its group tells", () => {
    let ended: unknown;
    const seen = play(
      function* (sys) {
        const path = yield* bundle(sys, "c", (spec) => ({
          ...spec,
          linux: { ...spec.linux, resources: { memory: { limit: 8 * 2 ** 20 } } },
        }));
        const { pid } = yield* runtime.create(sys, "c", path);
        yield* runtime.start(sys, "c");
        yield* sys.wait4(pid);
        const { memory } = yield* runtime.stats(sys, "c");
        return [ended, memory.oomKills, memory.limit];
      },
      machine(function* (sys) {
        yield* sys.clone(function* (child) {
          const address = yield* child.mmap(64 * 2 ** 20);
          for (let size = 2 ** 20; size <= 64 * 2 ** 20; size += 2 ** 20) yield* child.touch(address, size);
        });
        ended = describeStatus((yield* sys.wait4())?.status ?? -1);
      }),
    );
    expect(seen).toEqual([{ signal: 9 }, 1, 8 * 2 ** 20]);
  });

  test("two containers share nothing that one of them could see", () => {
    const seen: string[][] = [];
    const pids = play(
      function* (sys) {
        const started: number[] = [];
        for (const id of ["c", "d"]) {
          const { pid } = yield* runtime.create(sys, id, yield* bundle(sys, id));
          started.push(pid);
          yield* runtime.start(sys, id);
        }
        yield* sys.nanosleep(ms(20));
        const inside = [yield* runtime.processes(sys, "c"), yield* runtime.processes(sys, "d")];
        for (const id of ["c", "d"]) yield* runtime.delete(sys, id, true);
        return [started, inside];
      },
      machine(function* (sys) {
        seen.push((yield* names(sys, "/proc")).filter((name) => /^\d+$/.test(name)));
        yield* forever(sys);
      }),
    );
    expect(seen).toEqual([["1"], ["1"]]);
    expect(pids[1]).toEqual(pids[0]?.map((pid) => [pid]));
  });
});

describe("a container that can't be made", () => {
  test.each<[string, Change, string]>([
    [
      "an unknown program",
      (spec) => ({ ...spec, process: { ...spec.process, args: ["/bin/none"] } }),
      'exec: "/bin/none"',
    ],
    [
      "no directory to be in",
      (spec) => ({ ...spec, process: { ...spec.process, cwd: "/none" } }),
      'chdir to cwd ("/none")',
    ],
    ["no root", (spec) => ({ ...spec, root: { path: "none" } }), "rootfs (/srv/c/none) does not exist"],
    [
      "a hook that fails",
      (spec) => ({ ...spec, hooks: { createRuntime: [{ path: "/srv/c/rootfs/bin/hook" }] } }),
      "the hook /srv/c/rootfs/bin/hook ended with status 1",
    ],
  ])("%s: says so, and leaves nothing", (_what, change, message) => {
    const seen = play(
      function* (sys) {
        const said = yield* failure(runtime.create(sys, "c", yield* bundle(sys, "c", change)));
        const children = yield* attempt(sys.wait4(-1));
        return [said, yield* runtime.list(sys), (yield* names(sys, "/sys/fs/cgroup")).includes("c"), children];
      },
      withHook(function* () {
        return 1;
      }),
    );
    expect(seen[0]).toContain(message);
    expect(seen.slice(1, 3)).toEqual([[], false]);
    expect(seen[3]).toMatchObject({ code: "ECHILD" });
  });

  test("a link in the image leads no mount out of it", () => {
    const seen = play(function* (sys) {
      yield* writeFile(sys, "/etc/secret", "secret");
      const path = yield* bundle(sys, "c", (spec) => ({
        ...spec,
        mounts: [{ destination: "/evil/etc", type: "tmpfs", source: "tmpfs" }, ...spec.mounts],
      }));
      yield* sys.symlink("/", `${path}/rootfs/evil`);
      yield* runtime.create(sys, "c", path);
      yield* runtime.delete(sys, "c", true);
      return yield* readFile(sys, "/etc/secret");
    }, machine(forever));
    expect(seen).toBe("secret");
  });
});

/** A machine with a program `hook` beside the others. */
function withHook(hook: (sys: Sys) => Activity<number>): ReturnType<typeof machine> {
  const made = machine(forever);
  made.install({ name: "hook", main: (sys) => hook(sys) });
  return made;
}

test("hooks run in their order, where they belong, with the state on their standard input", () => {
  const order: unknown[] = [];
  const host = withHook(function* (sys) {
    const state = JSON.parse(text(yield* sys.read(0, 4096))) as { id: string; status: string };
    const inside = (yield* names(sys, "/")).includes("work");
    order.push([(yield* readFile(sys, "/proc/self/cmdline")).split("\0")[1], state.status, inside]);
    return 0;
  });
  const outside = (name: string): object[] => [{ path: "/srv/c/rootfs/bin/hook", args: ["hook", name] }];
  const within = (name: string): object[] => [{ path: "/bin/hook", args: ["hook", name] }];
  play(function* (sys) {
    const path = yield* bundle(sys, "c");
    const spec = JSON.parse(yield* readFile(sys, `${path}/config.json`)) as object;
    const hooks = {
      createRuntime: outside("createRuntime"),
      createContainer: outside("createContainer"),
      startContainer: within("startContainer"),
      poststart: outside("poststart"),
      poststop: outside("poststop"),
    };
    yield* writeFile(sys, `${path}/config.json`, JSON.stringify({ ...spec, hooks }));
    yield* runtime.create(sys, "c", path);
    order.push("created");
    yield* runtime.start(sys, "c");
    yield* sys.nanosleep(ms(20));
    yield* runtime.delete(sys, "c", true);
  }, host);
  const named = order.map((one) => (Array.isArray(one) ? String(one[0]) : one));
  expect([...named].sort()).toEqual([
    "createContainer",
    "createRuntime",
    "created",
    "poststart",
    "poststop",
    "startContainer",
  ]);
  expect(named.slice(0, 3)).toEqual(["createRuntime", "createContainer", "created"]);
  expect(named.at(-1)).toBe("poststop");
  expect(order).toContainEqual(["startContainer", "created", true]);
  expect(order).toContainEqual(["createRuntime", "creating", false]);
  expect(order).toContainEqual(["poststop", "stopped", false]);
});

test("with a terminal the process has it as its own, and the runtime its master", () => {
  const seen = play(
    function* (sys) {
      const path = yield* bundle(sys, "c", (spec) => ({ ...spec, process: { ...spec.process, terminal: true } }));
      const { pid, terminal = -1 } = yield* runtime.create(sys, "c", path);
      yield* runtime.start(sys, "c");
      yield* sys.write(terminal, encodeUtf8("hello\r"));
      yield* sys.wait4(pid);
      return text(yield* sys.read(terminal, 1000));
    },
    machine(function* (sys) {
      const line = yield* sys.read(0, 100);
      yield* sys.write(1, encodeUtf8(`got ${text(line)}`));
    }),
  );
  expect(seen).toBe("hello\r\ngot hello\r\n");
});

test("an existing namespace is entered by its path", () => {
  const seen = play(function* (sys) {
    const path = yield* bundle(sys, "c");
    const first = yield* runtime.create(sys, "c", path);
    const other = yield* bundle(sys, "d", (spec) => ({
      ...spec,
      linux: {
        ...spec.linux,
        namespaces: spec.linux.namespaces.map(({ type }) =>
          type === "pid" ? { type, path: `/proc/${first.pid}/ns/pid` } : { type },
        ),
      },
    }));
    const second = yield* runtime.create(sys, "d", other);
    const links = [
      yield* sys.readlink(`/proc/${first.pid}/ns/pid`),
      yield* sys.readlink(`/proc/${second.pid}/ns/pid`),
      yield* sys.readlink(`/proc/${first.pid}/ns/uts`),
      yield* sys.readlink(`/proc/${second.pid}/ns/uts`),
    ];
    for (const id of ["d", "c"]) yield* runtime.delete(sys, id, true);
    return [links[0] === links[1], links[2] === links[3]];
  }, machine(forever));
  expect(seen).toEqual([true, false]);
});
