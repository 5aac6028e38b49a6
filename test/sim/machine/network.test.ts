import { expect, test } from "vitest";
import { createWorld, KiB, ms, ns, us, UsageError, type World } from "../../../sim/core/index.js";
import {
  assemble,
  hub,
  loopback,
  machine,
  wire,
  type Link,
  type Machine,
  type Program,
} from "../../../sim/machine/index.js";
import { guest } from "./network-guest.js";

/** Sends back what it receives, to whom it came from. */
const mirror = guest(`
again: call offer; call receive
  lw   t0, 12(s5); lhu t1, 16(s5); lw t2, 18(s5); lhu t3, 22(s5)
  sw   t2, 12(s5); sh t3, 16(s5); sw t0, 18(s5); sh t1, 22(s5)
  call send
  j    again`);

/** Sends a0 bytes of frame from address 1 to address 2 eight times, waits for each answer, and adds up their first words (a3). */
const sender = (bytes: number): Program =>
  guest(`
  li   s6, 0x200bff8
  ld   s7, (s6)
  li   a3, 0
  li   a4, 8
again:
  li   t0, 2; sw t0, 12(s5); li t0, 1; sh t0, 18(s5); sh zero, 16(s5); sh zero, 20(s5); sh zero, 22(s5)
  sw   a4, 26(s5)
  li   a0, ${bytes + 12}; call send
  call offer; call receive
  lw   t0, 12(s5); lw t1, 26(s5); slli t0, t0, 8; add a3, a3, t0; add a3, a3, t1
  addi a4, a4, -1
  bnez a4, again
  ld   a5, (s6); sub a5, a5, s7
done: ebreak
  j    done`);

/** Two machines on a link: the first asks, the second answers. */
function pair(link: Link, world: World, bytes = 60): readonly [Machine, Machine] {
  const make = (name: string, program: Program): Machine =>
    machine({ world, name, memory: KiB(64), program, network: [link] });
  const [a, b] = [make("a", sender(bytes)), make("b", mirror)];
  b.start();
  return [a, b];
}

const answers = 8n * 0x100n + 36n;

test.each([
  { latency: ns(538), rate: 1e9, bytes: 60 },
  { latency: ms(2), rate: 1e9, bytes: 60 },
  { latency: us(10), rate: 1e7, bytes: 1514 },
])("frames take latency and rate from one machine to the other and back: %o", ({ latency, rate, bytes }) => {
  const world = createWorld();
  const [a, b] = pair(wire({ world, latency, rate }), world, bytes);
  expect(a.run({ duration: ms(100) })).toMatchObject({ kind: "exception", cause: 3 });
  expect(a.hart(0).x(13)).toBe(answers);
  // Preamble and check sequence are 12 bytes; both machines look at the world every 10 µs.
  const least = 8 * 2 * (latency + (8e9 * (bytes + 12)) / rate);
  const taken = Number(a.hart(0).x(15)) * 100;
  expect(taken).toBeGreaterThanOrEqual(least - 100);
  expect(taken).toBeLessThan(least + 8 * us(50));
  b.hold();
  expect(() => b.save()).not.toThrow();
});

test("a frame that is under way is saved with its wire", () => {
  const world = createWorld();
  const cable = wire({ world, latency: us(5), rate: 1e9 });
  const heard: [number, number[]][] = [];
  const send = cable.plug(() => undefined);
  cable.plug((frame) => heard.push([world.engine.now, [...frame]]));
  send(Uint8Array.of(1, 2, 3), 100);
  send(Uint8Array.of(4));
  // 72 bytes take 576 ns, and 12 more until the next may begin.
  const arrived = [100 + 576 + 5000, 100 + 672 + 576 + 5000];
  world.engine.run(us(1));
  const state = JSON.parse(JSON.stringify(cable.save())) as ReturnType<typeof cable.save>;
  world.engine.run();
  expect(heard.splice(0)).toEqual([
    [arrived[0], [1, 2, 3]],
    [arrived[1], [4]],
  ]);
  cable.restore(state);
  send(Uint8Array.of(5));
  cable.restore(state);
  world.engine.run();
  const later = (arrived[1] ?? 0) - us(1);
  expect(heard).toEqual([
    [(arrived[0] ?? 0) + later, [1, 2, 3]],
    [(arrived[1] ?? 0) + later, [4]],
  ]);
});

test("who goes back hears again what it heard, and its peer hears nothing twice", () => {
  const world = createWorld();
  const [a, b] = pair(wire({ world, latency: us(20) }), world);
  a.record({ every: 20_000 });
  expect(a.run({ instructions: 200_000 })).toEqual({ kind: "instructions" });
  const before = { x: a.hart(0).save(), heard: b.hart(0).x(9), memory: a.read(0x8000_0000, KiB(64)) };
  expect(before.heard).toBeGreaterThan(3n);
  a.run({ instructions: 30_000 });
  b.hold();
  const heard = b.hart(0).x(9);
  a.back(30_000);
  expect({ x: a.hart(0).save(), heard, memory: a.read(0x8000_0000, KiB(64)) }).toEqual({ ...before, heard });
  a.back(150_000);
  expect([a.instructions, b.hart(0).x(9)]).toEqual([50_000, heard]);
});

test("a loopback's frames come home, in a recording too", () => {
  const ask = (record: boolean): bigint => {
    const alone = machine({
      memory: KiB(64),
      network: [loopback()],
      program: guest("li t0, 0x1234; sw t0, 12(s5); call offer; li a0, 72; call send; call receive; ebreak"),
    });
    if (record) alone.record({ every: 1000 });
    expect(alone.run()).toMatchObject({ kind: "exception", cause: 3 });
    if (record) {
      const { instructions } = alone;
      alone.back(20);
      expect(alone.run()).toMatchObject({ kind: "exception", cause: 3 });
      expect(alone.instructions).toBe(instructions);
    }
    return alone.hart(0).x(10);
  };
  expect([ask(false), ask(true)]).toEqual([72n, 72n]);
});

test("a machine that was started runs in its world's time, and stops for a reason", () => {
  const world = createWorld();
  const counting = machine({ world, memory: KiB(64), program: assemble("loop: addi a0, a0, 1; j loop") });
  const stopped = counting.start();
  world.engine.run(us(45));
  expect(counting.hart(0).x(10)).toBe(25_000n);
  for (const refused of [
    () => counting.run(),
    () => counting.start(),
    () => counting.save(),
    () => {
      counting.back();
    },
  ]) {
    expect(refused).toThrow(UsageError);
  }
  counting.hold();
  expect(stopped.value).toEqual({ kind: "interrupted" });
  world.engine.run(us(100));
  expect(counting.hart(0).x(10)).toBe(25_000n);
  expect(counting.run({ instructions: 2 })).toEqual({ kind: "instructions" });

  const printing = machine({
    world,
    memory: KiB(64),
    echo: false,
    program: assemble("li t0, 0x10000000; sb t0, (t0); j ."),
  });
  printing.console.onOutput(() => {
    throw new Error("from the listener");
  });
  const failed = printing.start();
  expect(() => world.engine.run()).toThrow("from the listener");
  expect(() => failed.value).toThrow("from the listener");
  expect(printing.run({ instructions: 2 })).toEqual({ kind: "instructions" });
});

test.each<[string, () => unknown]>([
  ["both are taken", () => machine({ network: Array<Link>(3).fill(wire()) })],
  ["0.5 is no latency", () => wire({ latency: 0.5 as ReturnType<typeof ns> })],
  ["0 is no rate", () => wire({ rate: 0 })],
  ['wire has no option "speed"', () => wire({ speed: 1 } as object)],
])("%s", (message, make) => {
  expect(make).toThrow(UsageError);
  expect(make).toThrow(message);
});

test("machines on a hub hear each other at once", () => {
  const world = createWorld();
  const [a] = pair(hub(), world);
  expect(a.run({ duration: ms(10) })).toMatchObject({ kind: "exception", cause: 3 });
  expect(a.hart(0).x(13)).toBe(answers);
});
