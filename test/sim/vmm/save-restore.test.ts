import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KiB } from "../../../sim/core/index.js";
import type { MachineState } from "../../../sim/machine/index.js";
import {
  bare,
  create,
  guests,
  paravirtualization,
  techniques,
  trapAndEmulate,
  type Guest,
  type Technique,
  type VirtualMachine,
} from "../../../sim/vmm/index.js";

const runs = process.env["VIRTLAB_LONG"] === "1" ? 300 : 3;

/** As it is after a file, or the way to another host. */
const copy = (state: MachineState): MachineState => JSON.parse(JSON.stringify(state)) as MachineState;

const make = (technique: Technique, guest: Guest): VirtualMachine =>
  create(technique, { guest, machine: { memory: KiB(192) } }).machine;

const runsOn = ({ runsPorts }: Technique): readonly Guest[] =>
  Object.values(guests).filter(
    ({ name, isa, ported }) => isa === undefined && name !== "compute" && (runsPorts !== true || ported !== undefined),
  );

describe.each(techniques)("$name: a virtual machine that was saved", (technique) => {
  test.each(runsOn(technique))("at any moment of $name goes on elsewhere as if nothing had been", (guest) => {
    const whole = make(technique, guest);
    whole.run(Infinity);
    const length = whole.machine.instructions;
    const end = whole.save();
    expect(whole.ended).toEqual({ kind: "power-off" });
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 3 }), (cuts) => {
        let vm = make(technique, guest);
        for (const at of cuts.map((share) => Math.floor(share * length)).sort((a, b) => a - b)) {
          const left = at - vm.machine.instructions;
          if (left > 0) vm.run(left);
          const saved = copy(vm.save());
          vm = make(technique, guest);
          vm.restore(saved);
          expect(vm.save()).toEqual(saved);
        }
        vm.run(Infinity);
        expect(vm.save()).toEqual(end);
      }),
      { numRuns: runs, seed: 6, endOnFailure: true },
    );
  });

  test("goes back in place, after it has ended too", () => {
    const [guest] = runsOn(technique).filter(({ name }) => name === "processes");
    if (guest === undefined) throw new Error("no such guest");
    const vmm = create(technique, { guests: [guest, guests.tiny], slice: 777 });
    vmm.run({ instructions: 30_000 });
    const midway = vmm.machine.save();
    vmm.run();
    const end = vmm.machine.save();
    vmm.machine.restore(midway);
    vmm.run();
    expect(vmm.machine.save()).toEqual(end);
  });
});

test("step by step, each time in another virtual machine, a paravirtual guest does the same", () => {
  const guest = guests.timer;
  const whole = make(paravirtualization, guest);
  const end = ((): MachineState => {
    whole.run(800);
    return whole.save();
  })();
  const two = [make(paravirtualization, guest), make(paravirtualization, guest)] as const;
  for (let step = 0; step < 800; step++) {
    const [from, to] = step % 2 === 0 ? two : ([two[1], two[0]] as const);
    from.run(1);
    to.restore(from.save());
  }
  expect(two[0].save()).toEqual(end);
});

test("a paravirtual guest's state is refused where nobody answers its calls", () => {
  const vm = make(paravirtualization, guests.timer);
  vm.run(3_000);
  const saved = vm.save();
  expect(() => {
    bare(guests.timer, { memory: KiB(192) }).restore(saved);
  }).toThrow("the saved guest was ported to a VMM");
  expect(() => {
    make(trapAndEmulate, guests.timer).restore(saved);
  }).toThrow("the saved guest was ported to a VMM");
});
