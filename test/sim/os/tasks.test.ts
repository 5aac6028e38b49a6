import { describe, expect, test } from "vitest";
import { encodeUtf8, ms, s, us } from "../../../sim/core/index.js";
import { describeStatus, executable, PR_SET_CHILD_SUBREAPER, WNOHANG, WUNTRACED } from "../../../sim/os/index.js";
import { code, kernel, play, readFile, text, writeFile } from "./system.js";

describe("fork and wait", () => {
  test("a child has its own pid, its parent learns how it ended", () => {
    const seen = play(function* (sys) {
      const me = yield* sys.getpid();
      const pid = yield* sys.clone(function* (child) {
        expect(yield* child.getppid()).toBe(me);
        return 7;
      });
      expect(pid).toBeGreaterThan(me);
      const waited = yield* sys.wait4(pid);
      return describeStatus(waited?.status ?? -1);
    });
    expect(seen).toEqual({ exited: 7 });
  });

  test("without a child there is nobody to wait for, and WNOHANG doesn't wait", () => {
    const seen = play(function* (sys) {
      const nobody = yield* code(sys.wait4());
      yield* sys.clone(function* (child) {
        yield* child.nanosleep(ms(1));
      });
      const early = yield* sys.wait4(-1, WNOHANG);
      const late = yield* sys.wait4();
      return [nobody, early, late?.status];
    });
    expect(seen).toEqual(["ECHILD", undefined, 0]);
  });

  test("orphans go to pid 1, or to a subreaper", () => {
    const seen = play(function* (sys) {
      yield* sys.prctl(PR_SET_CHILD_SUBREAPER, 1);
      const me = yield* sys.getpid();
      yield* sys.clone(function* (child) {
        yield* child.clone(function* (grandchild) {
          yield* grandchild.nanosleep(ms(5));
          return (yield* grandchild.getppid()) === me ? 3 : 4;
        });
      });
      yield* sys.wait4();
      return describeStatus((yield* sys.wait4())?.status ?? -1);
    });
    expect(seen).toEqual({ exited: 3 });
  });
});

describe("signals", () => {
  test("a default action ends the task, a handler runs, an ignored one is lost", () => {
    const seen = play(function* (sys) {
      const log: string[] = [];
      const pid = yield* sys.clone(function* (child) {
        yield* child.rt_sigaction("SIGUSR1", function* () {
          log.push("usr1");
          yield* child.getpid();
        });
        yield* child.rt_sigaction("SIGHUP", "SIG_IGN");
        log.push(yield* code(child.pause()));
        yield* child.pause();
      });
      yield* sys.nanosleep(ms(1));
      yield* sys.kill(pid, "SIGHUP");
      yield* sys.kill(pid, "SIGUSR1");
      yield* sys.nanosleep(ms(1));
      yield* sys.kill(pid, "SIGTERM");
      return [...log, describeStatus((yield* sys.wait4(pid))?.status ?? -1)];
    });
    expect(seen).toEqual(["usr1", "EINTR", { signal: 15 }]);
  });

  test("a blocked signal waits until it is let through", () => {
    const seen = play(function* (sys) {
      const log: string[] = [];
      yield* sys.rt_sigaction("SIGUSR1", function* () {
        log.push("handled");
        yield* sys.getpid();
      });
      yield* sys.rt_sigprocmask("SIG_BLOCK", ["SIGUSR1"]);
      yield* sys.kill(yield* sys.getpid(), "SIGUSR1");
      yield* sys.kill(yield* sys.getpid(), "SIGUSR1");
      log.push(`pending ${(yield* sys.rt_sigpending()).join()}`);
      yield* sys.rt_sigprocmask("SIG_UNBLOCK", ["SIGUSR1"]);
      return log;
    });
    expect(seen).toEqual(["pending 10", "handled"]);
  });

  test("SA_RESTART has a read go on, without it fails with EINTR", () => {
    const seen = play(function* (sys) {
      const results: string[] = [];
      for (const restart of [false, true]) {
        const [reader, writer] = yield* sys.pipe2();
        const pid = yield* sys.clone(function* (child) {
          yield* child.rt_sigaction(
            "SIGUSR1",
            function* () {
              yield* child.getpid();
            },
            { restart },
          );
          const got = yield* code(child.read(reader, 10));
          return got === "EINTR" ? 4 : 0;
        });
        yield* sys.nanosleep(ms(1));
        yield* sys.kill(pid, "SIGUSR1");
        yield* sys.nanosleep(ms(1));
        yield* sys.write(writer, encodeUtf8("x"));
        results.push(JSON.stringify(describeStatus((yield* sys.wait4(pid))?.status ?? -1)));
      }
      return results;
    });
    expect(seen).toEqual(['{"exited":4}', '{"exited":0}']);
  });

  test("SIGSTOP and SIGCONT stop and continue, and the parent sees it", () => {
    const on = kernel();
    const seen = play(function* (sys) {
      const pid = yield* sys.clone(function* (child) {
        yield* child.compute(ms(20));
        return 5;
      });
      yield* sys.nanosleep(ms(2));
      yield* sys.kill(pid, "SIGSTOP");
      const stopped = yield* sys.wait4(pid, WUNTRACED);
      yield* sys.nanosleep(s(1));
      yield* sys.kill(pid, "SIGCONT");
      const ended = yield* sys.wait4(pid);
      return [stopped?.status, ended?.status];
    }, on);
    expect(seen).toEqual([(19 << 8) | 0x7f, 5 << 8]);
    expect(on.engine.now).toBeGreaterThan(s(1));
  });

  test("SIGKILL ends a task that computes, at once", () => {
    const on = kernel();
    const seen = play(function* (sys) {
      const pid = yield* sys.clone(function* (child) {
        yield* child.compute(s(100));
      });
      yield* sys.nanosleep(ms(1));
      yield* sys.kill(pid, "SIGKILL");
      return describeStatus((yield* sys.wait4(pid))?.status ?? -1);
    }, on);
    expect(seen).toEqual({ signal: 9 });
    expect(on.engine.now).toBeLessThan(ms(20));
  });

  test("who writes where nobody reads gets SIGPIPE", () => {
    const seen = play(function* (sys) {
      const pid = yield* sys.clone(function* (child) {
        const [reader, writer] = yield* child.pipe2();
        yield* child.close(reader);
        yield* child.write(writer, encodeUtf8("x"));
      });
      const killed = describeStatus((yield* sys.wait4(pid))?.status ?? -1);
      yield* sys.rt_sigaction("SIGPIPE", "SIG_IGN");
      const [reader, writer] = yield* sys.pipe2();
      yield* sys.close(reader);
      return [killed, yield* code(sys.write(writer, encodeUtf8("x")))];
    });
    expect(seen).toEqual([{ signal: 13 }, "EPIPE"]);
  });
});

describe("execve", () => {
  const programs = (): ReturnType<typeof kernel> => {
    const on = kernel();
    on.install({
      name: "echo",
      *main(sys, argv) {
        yield* sys.write(1, encodeUtf8(`${argv.slice(1).join(" ")}\n`));
      },
    });
    on.install({
      name: "id",
      *main(sys) {
        const ids = [yield* sys.getuid(), yield* sys.geteuid()];
        yield* sys.write(1, encodeUtf8(`${ids.join(" ")}\n`));
      },
    });
    return on;
  };

  test("finds a program by the file's content, whatever its name; scripts by their interpreter", () => {
    const seen = play(function* (sys) {
      yield* writeFile(sys, "/bin/echo", text(executable("echo", "x86_64")), 0o755);
      yield* writeFile(sys, "/bin/say", yield* readFile(sys, "/bin/echo"), 0o755);
      yield* writeFile(sys, "/bin/script", "#!/bin/say -n\nignored\n", 0o755);
      yield* writeFile(sys, "/bin/other", text(executable("echo", "riscv64")), 0o755);
      yield* writeFile(sys, "/bin/noexec", text(executable("echo", "x86_64")), 0o644);
      yield* writeFile(sys, "/bin/rubbish", "hello", 0o755);
      const [reader, writer] = yield* sys.pipe2();
      for (const path of ["/bin/say", "/bin/script"]) {
        yield* sys.clone(function* (child) {
          yield* child.dup2(writer, 1);
          yield* child.execve(path, [path, "a", "b"]);
        });
        yield* sys.wait4();
      }
      const errors: string[] = [];
      for (const path of ["/bin/other", "/bin/noexec", "/bin/rubbish", "/bin/none"])
        errors.push(yield* code(sys.execve(path, [path])));
      return [text(yield* sys.read(reader, 100)), ...errors];
    }, programs());
    expect(seen).toEqual(["a b\n-n /bin/script a b\n", "ENOEXEC", "EACCES", "ENOEXEC", "ENOENT"]);
  });

  test("the set-user-ID bit gives the file's owner, but not with no_new_privs", () => {
    const seen = play(function* (sys) {
      yield* writeFile(sys, "/bin/id", text(executable("id", "x86_64")), 0o755);
      yield* sys.chmod("/bin/id", 0o4755);
      const [reader, writer] = yield* sys.pipe2();
      for (const restricted of [false, true]) {
        yield* sys.clone(function* (child) {
          yield* child.dup2(writer, 1);
          yield* child.setuid(1000);
          if (restricted) yield* child.prctl(38, 1);
          yield* child.execve("/bin/id", ["id"]);
        });
        yield* sys.wait4();
      }
      return text(yield* sys.read(reader, 100));
    }, programs());
    expect(seen).toBe("1000 0\n1000 1000\n");
  });

  test("descriptors close that are marked, handlers go back to their defaults", () => {
    const on = programs();
    on.install({
      name: "look",
      *main(sys) {
        const closed = yield* code(sys.read(5, 1));
        const open = yield* code(sys.write(6, encodeUtf8("x")));
        yield* sys.write(1, encodeUtf8(`${closed} ${open}`));
        yield* sys.kill(yield* sys.getpid(), "SIGUSR1");
      },
    });
    const seen = play(function* (sys) {
      yield* writeFile(sys, "/bin/look", text(executable("look", "x86_64")), 0o755);
      const [reader, writer] = yield* sys.pipe2();
      const pid = yield* sys.clone(function* (child) {
        yield* child.rt_sigaction("SIGUSR1", function* () {
          yield* child.getpid();
        });
        yield* child.dup2(writer, 1);
        yield* child.dup3(writer, 5, 0o2000000);
        yield* child.dup2(writer, 6);
        yield* child.execve("/bin/look", ["look"]);
      });
      const { status } = (yield* sys.wait4(pid)) ?? { status: -1 };
      return [text(yield* sys.read(reader, 100)), describeStatus(status)];
    }, on);
    expect(seen).toEqual(["xEBADF ok", { signal: 10 }]);
  });
});

describe("time on a CPU", () => {
  test("calls and work take virtual time", () => {
    const on = kernel();
    play(function* (sys) {
      const before = yield* sys.clock_gettime("CLOCK_MONOTONIC");
      yield* sys.compute(us(500));
      const after = yield* sys.clock_gettime("CLOCK_MONOTONIC");
      expect(after - before).toBeGreaterThan(us(500));
      expect(after - before).toBeLessThan(us(510));
    }, on);
    expect(on.engine.now).toBeGreaterThan(us(500));
  });

  test("two tasks share one CPU by their nice values", () => {
    const on = kernel();
    const used: number[] = [];
    play(function* (sys) {
      for (const nice of [0, 5]) {
        yield* sys.clone(function* (child) {
          yield* child.setpriority(0, nice);
          yield* child.compute(s(100));
        });
      }
      yield* sys.nanosleep(s(10));
      for (const task of on.pidNamespace.tasks.values()) used.push(task.used);
      yield* sys.kill(-1, "SIGKILL");
    }, on);
    const [, , first = 0, second = 1] = used;
    // 1024 to 335.
    expect(first / second).toBeCloseTo(1024 / 335, 1);
  });

  test("pid 1's end is the kernel's: a panic", () => {
    const on = kernel();
    on.boot(function* (sys) {
      yield* sys.nanosleep(ms(1));
      return 3;
    });
    on.engine.run();
    expect(on.panicked).toBe("Attempted to kill init! exitcode=0x00000300");
    expect(on.panics.value).toBe(on.panicked);
  });
});

test("what isn't in the table fails with ENOSYS", () => {
  expect(play((sys) => code(sys.call("io_uring_setup", 8)))).toBe("ENOSYS");
});
