import { describe, expect, test } from "vitest";
import { Engine, ms, Queue, UsageError, type Activity } from "../../../sim/core/index.js";

describe("a queue", () => {
  test("hands items over in their order, to takers in theirs", () => {
    const engine = new Engine();
    const queue = new Queue<string>(engine);
    const log: string[] = [];
    function* taker(name: string): Activity<void> {
      for (;;) {
        const item = yield* queue.get();
        log.push(`${name} ${item} ${engine.now / 1e6}`);
        yield engine.delay(ms(3));
      }
    }
    engine.spawn(taker("x"), { background: true });
    engine.spawn(taker("y"), { background: true });
    for (const [place, item] of ["a", "b", "c", "d"].entries()) {
      engine.after(ms(place), () => {
        queue.put(item);
      });
    }
    engine.run();
    expect(log).toEqual(["x a 0", "y b 1", "x c 3", "y d 4"]);
    expect(queue.length).toBe(0);
  });

  test("makes those who put wait while it is full", () => {
    const engine = new Engine();
    const queue = new Queue<number>(engine, { capacity: 2 });
    const log: string[] = [];
    engine.spawn(
      (function* () {
        for (let n = 0; n < 5; n++) {
          yield queue.put(n);
          log.push(`put ${n} ${engine.now / 1e6}`);
        }
      })(),
    );
    engine.spawn(
      (function* () {
        for (let n = 0; n < 5; n++) {
          yield engine.delay(ms(10));
          log.push(`got ${yield* queue.get()}`);
        }
      })(),
    );
    engine.run();
    expect(log).toEqual([
      ...["put 0 0", "put 1 0", "got 0", "put 2 10", "got 1", "put 3 20", "got 2", "put 4 30", "got 3", "got 4"],
    ]);
  });

  test("keeps an item whose taker went away before its turn, for the next taker or in front", () => {
    const engine = new Engine();
    const queue = new Queue<string>(engine);
    const log: string[] = [];
    function* taker(name: string): Activity<void> {
      log.push(`${name} ${yield* queue.get()}`);
    }
    const [first, , third] = ["first", "second", "third"].map((name) => engine.spawn(taker(name)));
    engine.run();
    engine.after(ms(1), () => {
      third?.cancel();
      queue.put("a");
      first?.cancel();
    });
    engine.run();
    const fourth = engine.spawn(taker("fourth"));
    engine.run();
    queue.put("b");
    queue.put("c");
    fourth.cancel();
    engine.spawn(taker("fifth"));
    engine.spawn(taker("sixth"));
    engine.run();
    expect(log).toEqual(["second a", "fifth b", "sixth c"]);
  });

  test("forgets an item whose putter gave up waiting", () => {
    const engine = new Engine();
    const queue = new Queue<string>(engine, { capacity: 1, name: "mailbox" });
    queue.put("a");
    const place = queue.put("b");
    const putter = engine.spawn(
      (function* () {
        yield place;
      })(),
    );
    queue.put("c");
    engine.run();
    putter.cancel();
    expect(() => place.value).toThrow('the wait at "mailbox" was given up');
    expect([queue.get().value, queue.get().value, queue.get().settled]).toEqual(["a", "c", false]);
  });

  test("counts what it has seen", () => {
    const engine = new Engine();
    const queue = new Queue<string>(engine, { name: "mailbox" });
    queue.put("a");
    engine.run(ms(2));
    queue.put("b");
    engine.run(ms(5));
    queue.get();
    queue.get();
    engine.run(ms(10));
    expect(queue.statistics()).toEqual({
      queue: "mailbox",
      taken: 2,
      length: 0,
      meanLength: 8 / 10,
      greatestLength: 2,
      meanStay: ms(4),
      greatestStay: ms(5),
    });
    expect(new Queue(engine).statistics()).toMatchObject({ taken: 0, greatestStay: 0 });
  });

  test.each([0, 1.5, NaN])("cannot hold %s items", (capacity) => {
    expect(() => new Queue(new Engine(), { capacity })).toThrow(UsageError);
  });
});
