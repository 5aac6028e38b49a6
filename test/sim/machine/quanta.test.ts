import fc from "fast-check";
import { expect, test } from "vitest";
import { createWorld, KiB, type Nanos } from "../../../sim/core/index.js";
import { assemble, machine, type Machine, type Program } from "../../../sim/machine/index.js";

const long = process.env["VIRTLAB_LONG"] === "1";
/**
 * What a guest does over and over again: s0 gathers what it sees of time, s1 is the CLINT's mtimecmp, s2 its mtime, s3 the UART,
 * s6 a variable, s5 a device that gives the world's time, and types something when as many nanoseconds have passed as are written there.
 */
const kinds = ["compute", "timer", "stimer", "put", "wait", "look", "count", "ask", "order", "store"] as const;
type Step = readonly [(typeof kinds)[number], number];
const probeAt = 0x2000_0000;

const steps: Readonly<Record<Step[0], (amount: number) => string>> = {
  compute: (amount) => `li t0, ${1 + (amount % 3000)}\n1: addi t0, t0, -1\nxor s0, s0, t0\nbnez t0, 1b`,
  // Ticks have 100 ns; a third of the timers are taken back.
  timer: (amount) =>
    amount % 3 === 0
      ? "li t0, -1\nsd t0, (s1)"
      : `ld t0, (s2)\nadd s0, s0, t0\naddi t0, t0, ${amount % 50}\nsd t0, (s1)`,
  stimer: (amount) =>
    amount % 3 === 0
      ? "li t0, -1\ncsrw 0x14d, t0"
      : `csrr t0, time\nadd s0, s0, t0\naddi t0, t0, ${amount % 150}\ncsrw 0x14d, t0`,
  ask: () => "ld t0, (s5)\nslli s0, s0, 1\nxor s0, s0, t0",
  order: (amount) => `li t0, ${amount % 3000}\nsd t0, (s5)`,
  put: (amount) => `li t0, ${97 + (amount % 26)}\nsb t0, (s3)`,
  wait: (amount) => `ld t0, (s2)\naddi t0, t0, ${amount % 50}\nsd t0, (s1)\nwfi`,
  store: () => "sd s0, (s6)",
  look: () => "csrr t0, time\nslli s0, s0, 1\nxor s0, s0, t0",
  count: () => "csrr t0, instret\nslli s0, s0, 1\nxor s0, s0, t0",
};

/** Timers and bytes at the UART interrupt it; the handler adds up when and why. */
function guest(todo: readonly Step[]): Program {
  return assemble(`
    la   t0, handler
    csrw mtvec, t0
    li   s1, 0x2004000
    li   s2, 0x200bff8
    li   s3, 0x10000000
    li   s5, ${probeAt}
    la   s6, seen
    li   t0, 1
    sb   t0, 1(s3)
    li   s4, 0xc000000                # the PLIC: source 10, to the machine mode of hart 0
    sw   t0, 40(s4)
    li   t0, 0x400
    li   t1, 0xc002000
    sw   t0, (t1)
    li   s4, 0xc200004
    li   t0, 1 << 63
    csrw 0x30a, t0                    # menvcfg.STCE
    li   t0, 0x8a0
    csrw mie, t0
    csrsi mstatus, 8
  again:
    ${todo.map(([kind, amount]) => steps[kind](amount)).join("\n")}
    j    again
  .balign 4
  handler:
    csrr t3, mcause
    csrr t4, time
    add  s0, s0, t3
    xor  s0, s0, t4
    csrr t4, mepc
    add  s0, s0, t4
    andi t3, t3, 15
    li   t4, -1
    addi t5, t3, -11
    beqz t5, 1f
    addi t5, t3, -5
    beqz t5, 2f
    sd   t4, (s1)
    mret
  2: csrw 0x14d, t4
    mret
  1: lw   t5, (s4)
    lbu  t4, (s3)
    add  s0, s0, t4
    sw   t5, (s4)
    mret
  .balign 8
  seen: .dword 0`);
}

/** How a run is cut into pieces, and when something is typed, in nanoseconds. */
interface Course {
  /** In instructions, which take as many nanoseconds. */
  readonly quantum: number;
  /** Whether runs stop behind each `store`. */
  readonly stops: boolean;
  readonly todo: readonly Step[];
  readonly pieces: readonly (readonly ["instructions" | "duration" | "world", number])[];
  readonly typed: readonly number[];
}

/** All that can be seen of the machine behind each piece. */
function observe({ quantum, stops, todo, pieces, typed }: Course, isWatched: boolean): unknown[] {
  const world = createWorld();
  const made: Machine = machine({ world, memory: KiB(16), quantum, patience: 500, program: guest(todo) });
  const type = (): void => {
    made.type("x");
  };
  made.bus.attach(probeAt, {
    name: "probe",
    size: 8,
    load: () => BigInt(world.engine.now),
    store: (_offset, _width, value) => void world.engine.after(Number(value) as Nanos, type),
    reset: () => undefined,
    save: () => null,
    restore: () => undefined,
  });
  for (const time of typed) world.engine.at(time as Nanos, type);
  if (stops) made.watch("seen");
  // Somebody who looks within each quantum.
  const look = (): void => {
    world.engine.after((quantum - 1) as Nanos, look, { background: true });
  };
  if (isWatched) look();
  return pieces.map(([kind, amount]) => {
    const stop = kind === "world" ? undefined : made.run({ [kind]: amount });
    if (kind === "world") {
      made.start();
      world.engine.run((world.engine.now + amount) as Nanos);
      made.hold();
    }
    const { now } = world.engine;
    return { stop, now, time: made.time, count: made.instructions, text: made.console.text, state: made.save() };
  });
}

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom("compute", "compute", "stimer", "stimer", "store", ...kinds),
  fc.nat(100_000),
);

const amounts = fc.oneof(
  fc.integer({ min: 1, max: 12_000 }),
  fc.integer({ min: 1, max: 24 }).map((quanta) => quanta * 420),
);

const course: fc.Arbitrary<Course> = fc.record({
  quantum: fc.constantFrom(5, 42, 420),
  stops: fc.boolean(),
  todo: fc.array(step, { minLength: 1, maxLength: 5 }),
  pieces: fc.array(fc.tuple(fc.constantFrom("instructions", "duration", "world"), amounts), {
    minLength: 1,
    maxLength: 6,
  }),
  typed: fc.array(fc.nat(30_000), { maxLength: 2 }),
});

/** A timer that would have ended a row of quanta is taken back before it does. */
const takenBack: Course = {
  quantum: 420,
  stops: false,
  todo: [
    ["stimer", 100],
    ["compute", 1600],
    ["stimer", 0],
    ["compute", 2999],
  ],
  pieces: [["instructions", 12_000]],
  typed: [],
};

test("quanta in a row are what they are one by one: states, times, stops and text, wherever a run is cut", () => {
  fc.assert(
    fc.property(course, (tried) => {
      expect(observe(tried, false)).toEqual(observe(tried, true));
    }),
    { seed: 5, numRuns: long ? 3000 : 40, examples: [[takenBack]] },
  );
});

test("who has the world for itself executes them in a row, who shares it doesn't", () => {
  const turns = (others: boolean): number => {
    const world = createWorld();
    const made = machine({ world, memory: KiB(16), quantum: 500, program: guest([["compute", 2999]]) });
    if (others) machine({ world, memory: KiB(16), quantum: 500, program: guest([["compute", 2999]]) }).start();
    const before = world.engine.events;
    made.run({ instructions: 100_000 });
    return world.engine.events - before;
  };
  expect(turns(false)).toBeLessThan(10);
  expect(turns(true)).toBeGreaterThanOrEqual(400);
});
