import { describe, expect, test } from "vitest";
import { encodeUtf8, ms } from "../../../sim/core/index.js";
import { describeStatus, O_RDWR, WNOHANG, WUNTRACED, type Sys } from "../../../sim/os/index.js";
import type { Activity } from "../../../sim/core/index.js";
import { code, names, play, text } from "./system.js";

/** A terminal, its master, and a child that has it as its controlling terminal. */
function* withTerminal(
  sys: Sys,
  body: (child: Sys, tty: number) => Activity<number | undefined>,
): Activity<{ readonly master: number; readonly pid: number }> {
  const master = yield* sys.open("/dev/ptmx", O_RDWR);
  yield* sys.ioctl(master, "TIOCSPTLCK", 0);
  const number = yield* sys.ioctl(master, "TIOCGPTN");
  const pid = yield* sys.clone(function* (child) {
    yield* child.setsid();
    const tty = yield* child.open(`/dev/pts/${String(number)}`, O_RDWR);
    yield* child.close(master);
    return yield* body(child, tty);
  });
  yield* sys.nanosleep(ms(2));
  return { master, pid };
}

describe("a terminal", () => {
  test("gives lines, edited and echoed; ^D ends the input", () => {
    const seen = play(function* (sys) {
      const got: string[] = [];
      const { master, pid } = yield* withTerminal(sys, function* (child, tty) {
        for (;;) {
          const line = yield* child.read(tty, 100);
          if (line.length === 0) return 0;
          got.push(text(line));
          yield* child.write(tty, encodeUtf8("ok\n"));
        }
      });
      yield* sys.write(master, encodeUtf8("helo"));
      yield* sys.nanosleep(ms(1));
      const early = got.length;
      yield* sys.write(master, encodeUtf8("\x7flo\r"));
      yield* sys.nanosleep(ms(1));
      yield* sys.write(master, encodeUtf8("wrong\x15right\n\x04"));
      const { status } = (yield* sys.wait4(pid)) ?? { status: -1 };
      return [early, got, text(yield* sys.read(master, 1000)), status, yield* code(sys.read(master, 1))];
    });
    const rubbed = "\b \b".repeat(5);
    expect(seen).toEqual([0, ["hello\n", "right\n"], `helo\b \blo\r\nok\r\nwrong${rubbed}right\r\nok\r\n`, 0, "EIO"]);
  });

  test("that is one's own already may be asked for again; only by who leads the session", () => {
    const seen: unknown[] = [];
    play(function* (sys) {
      const { pid } = yield* withTerminal(sys, function* (child, tty) {
        seen.push(yield* code(child.ioctl(tty, "TIOCSCTTY")));
        const member = yield* child.clone(function* (job) {
          seen.push(yield* code(job.ioctl(tty, "TIOCSCTTY")));
          return 0;
        });
        yield* child.wait4(member);
        return 0;
      });
      yield* sys.wait4(pid);
    });
    expect(seen).toEqual(["ok", "EPERM"]);
  });

  test("^C interrupts the foreground job; a background reader is stopped", () => {
    const seen = play(function* (sys) {
      let background = 0;
      const { master, pid } = yield* withTerminal(sys, function* (child, tty) {
        background = yield* child.clone(function* (job) {
          yield* job.setpgid(0, 0);
          yield* job.read(tty, 10);
        });
        const stopped = yield* child.wait4(background, WUNTRACED);
        yield* child.kill(background, "SIGKILL");
        yield* child.kill(background, "SIGCONT");
        yield* child.rt_sigaction("SIGINT", "SIG_DFL");
        if ((stopped?.status ?? 0) >> 8 !== 21) return 9;
        yield* child.read(tty, 10);
        return 8;
      });
      yield* sys.nanosleep(ms(5));
      yield* sys.write(master, encodeUtf8("\x03"));
      const status = describeStatus((yield* sys.wait4(pid))?.status ?? -1);
      return [status, text(yield* sys.read(master, 100))];
    });
    expect(seen).toEqual([{ signal: 2 }, "^C"]);
  });

  test("raw mode hands keys over one by one and shows nothing; the window's size is told", () => {
    const seen = play(function* (sys) {
      const log: unknown[] = [];
      const { master, pid } = yield* withTerminal(sys, function* (child, tty) {
        yield* child.rt_sigaction("SIGWINCH", function* () {
          log.push(yield* child.ioctl(tty, "TIOCGWINSZ"));
        });
        yield* child.ioctl(tty, "TCSETS", { canonical: false, echo: false, signals: false });
        log.push(text(yield* child.read(tty, 10)));
        log.push(yield* code(child.pause()));
        return 0;
      });
      yield* sys.write(master, encodeUtf8("\x03"));
      yield* sys.nanosleep(ms(2));
      yield* sys.ioctl(master, "TIOCSWINSZ", { rows: 50, columns: 132 });
      yield* sys.wait4(pid);
      return log;
    });
    expect(seen).toEqual(["\x03", { rows: 50, columns: 132 }, "EINTR"]);
  });

  test("whose other end is closed hangs up its session, and its device is gone", () => {
    const seen = play(function* (sys) {
      const { master, pid } = yield* withTerminal(sys, function* (child) {
        yield* child.pause();
        return 0;
      });
      const before = yield* names(sys, "/dev/pts");
      const early = yield* sys.wait4(pid, WNOHANG);
      yield* sys.close(master);
      const status = describeStatus((yield* sys.wait4(pid))?.status ?? -1);
      return [before, early, status, yield* names(sys, "/dev/pts"), yield* code(sys.open("/dev/tty", O_RDWR))];
    });
    expect(seen).toEqual([["0", "ptmx"], undefined, { signal: 1 }, ["ptmx"], "ENXIO"]);
  });
});
