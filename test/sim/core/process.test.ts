import { describe, expect, expectTypeOf, test } from "vitest";
import {
  all,
  any,
  Engine,
  Interrupted,
  InvariantError,
  invariant,
  ms,
  ns,
  Signal,
  UsageError,
  type Activity,
  type Process,
  type ValueOf,
} from "../../../sim/core/index.js";

/** Runs one activity in an engine of its own and gives what it returned, or throws what it threw. */
function play<T>(activity: (engine: Engine) => Activity<T>): T {
  const engine = new Engine();
  const process = engine.spawn(activity(engine), { name: "main" });
  engine.run();
  return process.value;
}

describe("an activity", () => {
  test("waits, and gets typed values from what it waits for", () => {
    const result = play(function* (engine) {
      function* part(): Activity<string> {
        yield engine.delay(ms(2));
        return "part";
      }
      const number = new Signal<number>();
      engine.after(ms(5), () => number.fire(42));
      const got = yield* number;
      expectTypeOf(got).toEqualTypeOf<number>();
      const inner = yield* part();
      expectTypeOf(inner).toEqualTypeOf<string>();
      const child = yield* engine.spawn(part());
      expectTypeOf(child).toEqualTypeOf<string>();
      // @ts-expect-error A plain yield waits and gives nothing.
      const nothing: number = yield number;
      return [got, inner, child, nothing, engine.now];
    });
    expect(result).toEqual([42, "part", "part", undefined, ms(9)]);
  });

  test("starts after what is already due, and goes on without waiting over what has fired", () => {
    const engine = new Engine();
    const log: string[] = [];
    const fired = new Signal<number>();
    fired.fire(1);
    engine.at(ns(0), () => log.push("before"));
    engine.spawn(
      (function* () {
        log.push("start");
        log.push(`got ${yield* fired}`);
        yield fired;
        log.push("on");
        yield engine.delay(ns(0));
        log.push("later");
      })(),
    );
    engine.at(ns(0), () => log.push("after"));
    engine.run();
    expect(log).toEqual(["before", "start", "got 1", "on", "after", "later"]);
  });

  test("is told of failures where it waits, with `yield` and with `yield*`", () => {
    const caught = play(function* (engine) {
      const said: string[] = [];
      for (const plain of [true, false]) {
        const early = new Signal<number>();
        early.fail(new RangeError("early"));
        const late = new Signal<number>();
        engine.after(ms(1), () => late.fail(new RangeError("late")));
        for (const signal of [early, late]) {
          try {
            if (plain) yield signal;
            else yield* signal;
          } catch (error) {
            said.push((error as Error).message);
          }
        }
      }
      return said;
    });
    expect(caught).toEqual(["early", "late", "early", "late"]);
  });

  test("that throws says in whose name, and keeps its class and hint", () => {
    const engine = new Engine();
    engine.spawn(
      (function* () {
        yield engine.delay(ms(5));
        throw new UsageError("no such disk", "Make one.");
      })(),
      { name: "mount" },
    );
    let thrown: unknown;
    try {
      engine.run();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UsageError);
    expect(thrown).toMatchObject({ message: 'no such disk (in process "mount" at 5 ms)', hint: "Make one." });
    expect((thrown as Error).stack).toContain("no such disk (in process");
  });

  test("that throws what is no error is reported with it as the cause", () => {
    const engine = new Engine();
    engine.spawn(
      (function* () {
        yield engine.delay(ms(5));
        // JavaScript lets one throw anything, which the linter does not.
        throw "a string" as unknown as Error;
      })(),
    );
    expect(() => engine.run()).toThrow('a string (in process "process" at 5 ms)');
  });

  test("that fails is its waiter's affair", () => {
    const message = play(function* (engine) {
      const child = engine.spawn(
        (function* (): Activity<void> {
          yield engine.delay(ms(1));
          invariant(false, "broken");
        })(),
      );
      try {
        yield* child;
        return "fine";
      } catch (error) {
        return error instanceof InvariantError ? error.message : "another error";
      }
    });
    expect(message).toBe("broken");
  });

  test("that yields what is no signal is told how to wait", () => {
    const engine = new Engine();
    engine.spawn(
      (function* (): Activity<void> {
        yield 5 as never;
      })(),
      { name: "typo" },
    );
    expect(() => engine.run()).toThrow(/the process "typo" yielded what is no signal/);
  });
});

describe("interrupt", () => {
  test("throws where the process waits, once; it may go on", () => {
    const engine = new Engine();
    const log: string[] = [];
    const worker = engine.spawn(
      (function* () {
        try {
          yield engine.delay(ms(100));
        } catch (error) {
          log.push(`${(error as Error).message} at ${engine.now / 1e6} ms`);
        }
        yield engine.delay(ms(10));
        yield engine.spawn((function* () {})());
        log.push(`done at ${engine.now / 1e6} ms`);
      })(),
    );
    engine.after(ms(5), () => {
      worker.interrupt("coffee");
    });
    expect(engine.run()).toMatchObject({ reason: "idle", now: ms(15) });
    expect(log).toEqual(["coffee at 5 ms", "done at 15 ms"]);
    worker.interrupt();
    expect(worker.failed).toBe(false);
  });

  test("ends a process that does not catch it, which is no error", () => {
    const engine = new Engine();
    const worker = engine.spawn(
      (function* () {
        yield new Signal();
      })(),
    );
    engine.after(ms(5), () => {
      worker.interrupt("shutdown");
    });
    expect(engine.run()).toEqual({ reason: "idle", now: ms(5), waiting: [] });
    expect(worker.error).toBeInstanceOf(Interrupted);
    expect(() => worker.value).toThrow("shutdown");
  });

  test("reaches whoever waits for that process, as an error", () => {
    const engine = new Engine();
    const child = engine.spawn(
      (function* () {
        yield new Signal();
      })(),
    );
    engine.spawn(
      (function* () {
        yield* child;
      })(),
      { name: "parent" },
    );
    engine.after(ms(1), () => {
      child.interrupt("gone");
    });
    expect(() => engine.run()).toThrow('gone (in process "parent" at 1 ms)');
  });

  test("comes before the value of a signal that fired at the same time", () => {
    const engine = new Engine();
    const signal = new Signal<number>();
    const worker = engine.spawn(
      (function* () {
        try {
          return yield* signal;
        } catch {
          return "interrupted";
        }
      })(),
    );
    engine.after(ms(1), () => {
      signal.fire(1);
      worker.interrupt();
      worker.interrupt();
    });
    engine.run();
    expect(worker.value).toBe("interrupted");
  });

  test("from inside the process is refused", () => {
    const engine = new Engine();
    const self = new Signal<Process<void>>();
    function* body(): Activity<void> {
      const process = yield* self;
      expect(() => {
        process.cancel();
      }).toThrow(UsageError);
      process.interrupt();
    }
    self.fire(engine.spawn(body(), { name: "self" }));
    expect(() => engine.run()).toThrow('the process "self" tries to interrupt itself');
  });

  test("by another listener of the same signal comes instead of its value", () => {
    const engine = new Engine();
    const signal = new Signal<number>();
    const log: string[] = [];
    function* wait(name: string): Activity<void> {
      try {
        yield* signal;
        log.push(`${name} got it`);
      } catch {
        log.push(`${name} was interrupted`);
      }
    }
    engine.spawn(wait("first"));
    engine.run(ns(0));
    signal.onSettled(() => {
      second.interrupt();
    });
    const second = engine.spawn(wait("second"));
    engine.run(ns(0));
    signal.fire(1);
    engine.run();
    engine.after(ms(1), () => log.push("later"));
    engine.run();
    expect(log).toEqual(["first got it", "second was interrupted", "later"]);
  });
});

describe("cancel", () => {
  test("runs the finally blocks at once and cannot be caught", () => {
    const engine = new Engine();
    const log: string[] = [];
    const worker = engine.spawn(
      (function* () {
        try {
          yield engine.delay(ms(100));
        } catch {
          log.push("caught");
        } finally {
          log.push(`cleaned up at ${engine.now / 1e6} ms`);
        }
      })(),
    );
    engine.after(ms(5), () => {
      worker.cancel();
      log.push("cancelled");
      worker.cancel();
    });
    expect(engine.run().now).toBe(ms(5));
    expect(log).toEqual(["cleaned up at 5 ms", "cancelled"]);
    expect(worker.error).toBeInstanceOf(Interrupted);
  });

  test("waits for a finally block that waits", () => {
    const engine = new Engine();
    const worker = engine.spawn(
      (function* () {
        try {
          yield new Signal();
        } finally {
          yield engine.delay(ms(3));
        }
      })(),
    );
    engine.after(ms(5), () => {
      worker.cancel();
      expect(worker.settled).toBe(false);
    });
    expect(engine.run().now).toBe(ms(8));
    expect(worker.error).toBeInstanceOf(Interrupted);
  });

  test("of a process that has not begun, or has its turn ahead, takes the turn away", () => {
    const engine = new Engine();
    const log: string[] = [];
    function* body(): Activity<void> {
      log.push("begun");
      yield signal;
      log.push("woken");
    }
    const signal = new Signal<void>();
    engine.spawn(body()).cancel();
    const other = engine.spawn(body());
    engine.run(ns(0));
    signal.fire();
    other.cancel();
    expect(engine.run()).toEqual({ reason: "idle", now: 0, waiting: [] });
    expect(log).toEqual(["begun"]);
  });

  test("lets an error of a finally block out", () => {
    const engine = new Engine();
    const worker = engine.spawn(
      (function* () {
        try {
          yield new Signal();
        } finally {
          invariant(engine.now < 0, "cleaning up failed");
        }
      })(),
      { name: "worker" },
    );
    engine.run();
    expect(() => {
      worker.cancel();
    }).toThrow('cleaning up failed (in process "worker" at 0 ns)');
    expect(worker.failed).toBe(true);
  });
});

describe("all", () => {
  test("gives the values in the order of the list", () => {
    const result = play(function* (engine) {
      const name = new Signal<string>();
      engine.after(ms(7), () => name.fire("late"));
      const fired = new Signal<number>();
      fired.fire(1);
      const values = yield* all([name, fired, engine.delay(ms(3))]);
      expectTypeOf(values).toEqualTypeOf<[string, number, ValueOf<ReturnType<Engine["delay"]>>]>();
      const none = yield* all([]);
      return [values, none, engine.now];
    });
    expect(result).toEqual([["late", 1, undefined], [], ms(7)]);
  });

  test("fails with the first failure, and then waits for nothing more", () => {
    const engine = new Engine();
    const broken = new Signal<void>();
    engine.after(ms(2), () => broken.fail(new Error("broken")));
    const process = engine.spawn(
      (function* () {
        yield* all([engine.delay(ms(100)), broken]);
      })(),
      { name: "main" },
    );
    expect(() => engine.run()).toThrow('broken (in process "main" at 2 ms)');
    expect(engine.run().now).toBe(ms(2));
    expect(process.failed).toBe(true);
    const failed = new Signal();
    failed.fail(new Error("failed before"));
    expect(() => all([new Signal(), failed]).value).toThrow("failed before");
  });
});

describe("any", () => {
  test("tells which one fired, with its value, and stops the others", () => {
    const engine = new Engine();
    const reply = new Signal<number>();
    engine.after(ms(2), () => reply.fire(5));
    const process = engine.spawn(
      (function* () {
        const first = yield* any({ reply, late: engine.delay(ms(100)) });
        if (first.key === "late") return "late";
        expectTypeOf(first.value).toEqualTypeOf<number>();
        return first.value;
      })(),
    );
    // The timer that lost does not keep the world going.
    expect(engine.run().now).toBe(ms(2));
    expect(process.value).toBe(5);
  });

  test("takes the first named of several that have fired", () => {
    const [a, b] = [new Signal<number>(), new Signal<number>()];
    b.fire(2);
    a.fire(1);
    const engine = new Engine();
    expect(any({ b, a, late: engine.delay(ms(5)) }).value).toEqual({ key: "b", value: 2 });
    expect(engine.run().now).toBe(0);
  });

  test("fails where the first to settle fails", () => {
    const engine = new Engine();
    const broken = new Signal<void>();
    const first = any({ broken, late: engine.delay(ms(5)) });
    broken.fail(new Error("broken"));
    expect(() => first.value).toThrow("broken");
  });

  test("of nothing is refused", () => {
    expect(() => any({})).toThrow(UsageError);
  });

  test("can be waited for again after an interruption", () => {
    const engine = new Engine();
    const log: string[] = [];
    const worker = engine.spawn(
      (function* () {
        const first = any({ tick: engine.delay(ms(10)), never: new Signal() });
        try {
          yield* first;
        } catch {
          log.push(`interrupted at ${engine.now / 1e6} ms`);
        }
        log.push(`${(yield* first).key} at ${engine.now / 1e6} ms`);
      })(),
    );
    engine.after(ms(4), () => {
      worker.interrupt();
    });
    engine.run();
    expect(log).toEqual(["interrupted at 4 ms", "tick at 10 ms"]);
  });

  test("does not pile up on a signal that outlives it", () => {
    const engine = new Engine();
    const stop = new Signal<void>("stop");
    engine.spawn(
      (function* () {
        for (let turn = 0; turn < 1000; turn++) yield* any({ stop, tick: engine.delay(ms(1)) });
      })(),
    );
    engine.run();
    expect(stop.awaited).toBe(false);
  });
});

describe("a signal", () => {
  test("settles once", () => {
    const signal = new Signal<number>();
    expect([signal.fire(1), signal.fire(2), signal.fail(new Error())]).toEqual([true, false, false]);
    expect([signal.settled, signal.failed, signal.error, signal.value]).toEqual([true, false, undefined, 1]);
  });

  test("whose value is read too early is our mistake", () => {
    expect(() => new Signal().value).toThrow(InvariantError);
  });

  test("tells its listeners in their order, and those that come late at once", () => {
    const signal = new Signal<number>();
    const log: string[] = [];
    for (const name of ["a", "b", "c"]) {
      signal.onSettled(({ value }) => {
        log.push(`${name} ${value}`);
      });
    }
    signal.fire(5);
    signal.onSettled(({ value }) => {
      log.push(`late ${value}`);
    });
    expect(log).toEqual(["a 5", "b 5", "c 5", "late 5"]);
  });

  test("that fires wakes processes in the order of their waiting, behind what is already due", () => {
    const engine = new Engine();
    const signal = new Signal<void>();
    const log: string[] = [];
    for (const name of ["a", "b", "c"]) {
      engine.spawn(
        (function* () {
          yield signal;
          log.push(name);
        })(),
      );
    }
    engine.after(ns(5), () => {
      engine.after(ns(0), () => log.push("due"));
      signal.fire();
      log.push("fired");
    });
    engine.run();
    expect(log).toEqual(["fired", "due", "a", "b", "c"]);
  });
});

describe("a delay", () => {
  test("can be waited for by several, and after its time", () => {
    const engine = new Engine();
    const log: string[] = [];
    const delay = engine.delay(ms(5));
    for (const name of ["a", "b"]) {
      engine.spawn(
        (function* () {
          yield delay;
          log.push(`${name} at ${engine.now / 1e6}`);
        })(),
      );
    }
    engine.run();
    const late = engine.delay(ms(1));
    engine.run(ms(20));
    engine.spawn(
      (function* () {
        yield late;
        log.push(`late at ${engine.now / 1e6}`);
      })(),
    );
    engine.run();
    expect(log).toEqual(["a at 5", "b at 5", "late at 20"]);
  });

  test("that is background work does not keep a run going", () => {
    const engine = new Engine();
    engine.spawn(
      (function* () {
        for (;;) yield engine.delay(ms(1), { background: true });
      })(),
      { background: true },
    );
    engine.after(ms(3), () => undefined);
    expect(engine.run().now).toBe(ms(3));
  });
});
