import { expect, test } from "vitest";
import { asm, lesson, machine, type Machine, type Program } from "../../../../sim/machine/index.js";

/** A loop that calls, with a branch that is rarely taken; then a load of what isn't there. */
const loops = asm`
        li   s0, 0
        li   s1, 20000
        la   a2, data
  loop: addi s0, s0, 1
        andi t0, s0, 7
        beqz t0, rare
  back: add  s2, s2, t0
        bne  s0, s1, loop
        lw   a0, 0(zero)
        ebreak
  rare: lw   a3, 0(a2)
        sd   s0, 8(a2)
        j    back
        .align 3
  data: .quad 7, 8`;

const make = (program: Program = loops): Machine => machine({ memory: 2 ** 20, program });

test("what is hot runs in traces that are linked, and a fault in one is as exact as ever", () => {
  const reference = make();
  const expected = reference.run({ engine: "evaluate" });
  const guest = make();
  const dynamo = lesson.dynamo(guest);
  expect(guest.run()).toEqual(expected);
  expect(expected).toMatchObject({ kind: "exception", name: "load access fault" });
  expect(guest.save()).toEqual(reference.save());
  expect(dynamo.counter("instructions")).toBe(guest.instructions);
  expect(dynamo.counter("share translated")).toBeGreaterThan(0.98);
  expect(dynamo.counter("exceptions")).toBe(1);
  // From the loop's start; from the rare way, which an exit leads to; from where that jumps back to.
  expect(dynamo.counter("traces")).toBe(3);
  expect(dynamo.counter("links")).toBeGreaterThanOrEqual(2);
  const start = guest.address("loop").toString(16);
  expect(dynamo.traces().rows.find((row) => row["start"] === start)).toMatchObject({
    instructions: 5,
    loop: true,
  });
  // The host enters once a quantum; the rest goes from trace to trace.
  const entered = dynamo.traces().rows.reduce((sum, row) => sum + Number(row["entered"]), 0);
  expect(dynamo.counter("entries")).toBeGreaterThan(50 * entered);
});

test("a trace is made when its start has been reached as often as the threshold says", () => {
  // Each round comes back once; the last goes on.
  const rounds = (count: number): Program => asm`
          li   s0, ${count}
    loop: addi s0, s0, -1
          bnez s0, loop
          ebreak`;
  const tracesAfter = (count: number, threshold?: number): number => {
    const guest = make(rounds(count));
    const dynamo = lesson.dynamo(guest, threshold === undefined ? {} : { threshold });
    guest.run();
    return dynamo.counter("traces");
  };
  expect([50, 51, 52].map((count) => tracesAfter(count))).toEqual([0, 1, 1]);
  expect([10, 11].map((count) => tracesAfter(count, 10))).toEqual([0, 1]);
});

test("a change of phase flushes the cache", () => {
  // Thirty loops one after the other, then a long one, then thirty others.
  const many = (prefix: string): string =>
    Array.from(
      { length: 30 },
      (_, index) => `li t0, 200\n${prefix}${index}: addi t0, t0, -1\nadd t1, t1, t0\nbnez t0, ${prefix}${index}`,
    ).join("\n");
  const phases = asm`
    ${many("first")}
          li   t0, 50000
    long: addi t0, t0, -1
          bnez t0, long
    ${many("second")}
          ebreak`;
  const run = (surge: number): { flushes: number; cached: number; made: number } => {
    const guest = make(phases);
    const dynamo = lesson.dynamo(guest, { surge });
    guest.run();
    return { flushes: dynamo.counter("flushes"), cached: dynamo.counter("in cache"), made: dynamo.counter("traces") };
  };
  expect(run(8)).toMatchObject({ flushes: 1, made: 61 });
  expect(run(8).cached).toBeLessThan(40);
  expect(run(1000)).toEqual({ flushes: 0, cached: 61, made: 61 });
});

test("a full cache is flushed", () => {
  const guest = make();
  const dynamo = lesson.dynamo(guest, { capacity: 600 });
  guest.run();
  expect(dynamo.counter("flushes")).toBeGreaterThan(0);
  expect(dynamo.counter("cache bytes")).toBeLessThanOrEqual(600);
});

test("code that changes is recorded anew", () => {
  const changing = asm`
          .option norvc
          la   a0, place
          lw   a1, other
          li   s1, 2
    again: li   s0, 1000
    loop: addi s0, s0, -1
    place: addi s2, s2, 1
          bnez s0, loop
          sw   a1, 0(a0)
          fence.i
          addi s1, s1, -1
          bnez s1, again
          ebreak
          .align 2
    other: .word 0x00390913`; // addi s2, s2, 3
  const [reference, guest] = [make(changing), make(changing)];
  const dynamo = lesson.dynamo(guest);
  reference.run({ engine: "evaluate" });
  guest.run();
  expect(guest.save()).toEqual(reference.save());
  // The store is done in both rounds.
  expect(dynamo.counter("invalidations")).toBe(2);
  expect(guest.hart(0).x(18)).toBe(4000n);
});

test("its views: counters, traces, a trace's WebAssembly, the hit rate", () => {
  const guest = make();
  const dynamo = lesson.dynamo(guest);
  guest.run();
  expect(dynamo.view().rows).toHaveLength(dynamo.counters.length);
  const trace = dynamo.trace("loop");
  expect(trace.lines.map(({ instruction }) => instruction.split(" ")[0])).toEqual(["add", "and", "beqz", "add", "bne"]);
  expect(trace.wasm).toContain("return_call_indirect");
  const [series] = dynamo.hitRate().series;
  expect(series?.x).toHaveLength(Math.floor(guest.instructions / 10_000));
  expect(series?.y.at(-1)).toBeGreaterThan(99);
  expect(() => dynamo.trace(guest.address("loop") + 4n)).toThrow(/no trace starts at/);
  expect(() => lesson.dynamo(guest, { threshold: 0 })).toThrow(/threshold cannot be 0/);
});

test("taken off, it lets the machine run on as before", () => {
  const guest = make();
  const dynamo = lesson.dynamo(guest);
  guest.run({ instructions: 30_000 });
  dynamo.detach();
  guest.run();
  expect(dynamo.counter("instructions")).toBe(30_000);
  expect(guest.hart(0).engine).toBe("translate");
  const reference = make();
  reference.run({ engine: "evaluate" });
  expect(guest.save()).toEqual(reference.save());
});
