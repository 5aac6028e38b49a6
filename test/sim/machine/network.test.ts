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

/**
 * A guest with a driver of the network card in the first place, which has one buffer (s5), polls, and counts in s1 and s2: `offer`
 * gives the buffer to the card, `receive` waits for a frame (a0: its length with the header of 12 bytes), `send` sends a0 bytes.
 */
const guest = (main: string): Program =>
  assemble(`
  li   s0, 0x10001000
  li   t0, 3;  sw t0, 0x70(s0)
  li   t0, 1;  sw t0, 0x24(s0); sw t0, 0x20(s0)
  li   t0, 11; sw t0, 0x70(s0)
  sw   zero, 0x30(s0)
  la   a0, incoming; call queue
  li   t0, 1;  sw t0, 0x30(s0)
  la   a0, outgoing; call queue
  li   t0, 15; sw t0, 0x70(s0)
  li   s1, 0
  li   s2, 0
  la   s3, incoming
  la   s4, outgoing
  la   s5, buffer
${main}
queue:
  li   t0, 8; sw t0, 0x38(s0)
  sw   a0, 0x80(s0); sw zero, 0x84(s0)
  addi t0, a0, 0x400; sw t0, 0x90(s0); sw zero, 0x94(s0)
  li   t0, 0x800; add t0, a0, t0; sw t0, 0xa0(s0); sw zero, 0xa4(s0)
  li   t0, 1; sw t0, 0x44(s0)
  ret
offer:
  sd   s5, (s3)
  li   t0, 1600; sw t0, 8(s3)
  li   t0, 2; sh t0, 12(s3)
  addi s1, s1, 1
  sh   s1, 0x402(s3)
  sw   zero, 0x50(s0)
  ret
receive:
  li   t0, 0x800; add t1, s3, t0
1:lhu  t0, 2(t1); bne t0, s1, 1b
  addi t0, s1, -1; andi t0, t0, 7; slli t0, t0, 3; add t1, t1, t0
  lw   a0, 8(t1)
  ret
send:
  sd   s5, (s4)
  sw   a0, 8(s4)
  addi s2, s2, 1
  sh   s2, 0x402(s4)
  li   t0, 1; sw t0, 0x50(s0)
  li   t0, 0x800; add t1, s4, t0
1:lhu  t0, 2(t1); bne t0, s2, 1b
  ret
.data
.balign 4096
incoming: .zero 4096
outgoing: .zero 4096
buffer:   .zero 2048
`);

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
