import { expect, test } from "vitest";
import { asm, hub, isa, isView, lab, ms } from "../../../sim/lab/index.js";

test("a lab's machines share its clock and its network", () => {
  const world = lab({ seed: 3 });
  const wire = hub();
  const [a, b] = ["a", "b"].map((name) =>
    world.machine({ name, memory: 65536, isa: isa.rv64, network: [wire], program: asm`loop: addi a0, a0, 1; j loop` }),
  );
  expect(a?.run({ duration: ms(1) })).toEqual({ kind: "duration" });
  expect(b?.run({ duration: ms(1) })).toEqual({ kind: "duration" });
  expect(world.now).toBe(ms(2));
  expect(a?.hart(0).x(10)).toBe(500_000n);
});

test("what a cell returns of a machine can be shown", () => {
  const guest = lab().machine({ memory: 65536, program: asm`li a0, 42; ebreak` });
  guest.run();
  for (const view of [guest.view(), guest.registers(), guest.memory(0x8000_0000, 64)]) expect(isView(view)).toBe(true);
  expect(guest.registers().rows[11]).toMatchObject({ register: "x10", use: "a0", signed: "42" });
});
