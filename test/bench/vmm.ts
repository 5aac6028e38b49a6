/**
 * Virtual machine monitors: how fast guests are under them, on the engine that executes the bare machine too, and how many exits a
 * second of this computer's time serves.
 */
import { machine, assemble } from "../../sim/machine/index.js";
import { bare, binaryTranslation, create, guests, hardwareAssist, trapAndEmulate } from "../../sim/vmm/index.js";
import type { Technique } from "../../sim/vmm/index.js";
import { userSeconds } from "./machine/parts.js";
import type { Bench, Contender, Room } from "./runner/measure.js";

/**
 * Instructions of the innocuous guest: the first ones make its code hot, the others are measured. That is a fraction of a second: for less, what
 * V8's own threads compile meanwhile, which is user time too, weighs a tenth.
 */
const warm = 500_000_000;
const measured = 3_600_000_000;
const compute = {
  ...guests.compute,
  get options() {
    return { program: assemble(guests.compute.source.replace("li    s2, 400", "li    s2, 400000")) };
  },
};

/** Instructions of a turn: at the machine's usual 10,000, which take 3 µs, going to the host and back shows. */
const turns = [10_000, 100_000] as const;

function bareRate(quantum: number): number {
  const guest = bare(compute, { echo: false, quantum });
  guest.run({ instructions: warm });
  return measured / userSeconds(() => void guest.run({ instructions: measured }));
}

function virtualRate(technique: Technique, quantum: number): number {
  const vmm = create(technique, { guest: compute, machine: { quantum } }).run({ instructions: warm });
  return measured / userSeconds(() => void vmm.run({ instructions: measured }));
}

/** The trap-heavy guest, which goes on for as long as it is measured. */
const long = guests.trapping.source.replace("li    s2, 5000", "li    s2, 1000000000");
const trapping = { ...guests.trapping, options: { program: assemble(long) } };
/** With hardware assist what it does to its own registers is the processor's matter, but not the count of its cycles. */
const counting = {
  ...guests.trapping,
  options: { program: assemble(long.replace(/csr(?:r|w|si|ci) .*(?:sscratch|sstatus).*/g, "rdcycle t0")) },
};

function exitRate(technique: Technique): number {
  const guest = technique === hardwareAssist ? counting : trapping;
  const vmm = create(technique, { guest }).run({ instructions: 1_500_000 });
  const before = vmm.exits.total;
  const seconds = userSeconds(() => void vmm.run({ instructions: 4_000_000 }));
  return (vmm.exits.total - before) / seconds;
}

const under = (technique: Technique, rate: (technique: Technique) => number): Contender => ({
  name: technique.name,
  run: () => rate(technique),
});

const benches: Bench[] = [
  // First: what a process has executed before costs these a fifth, as V8 takes what two techniques do for less certain.
  ...[trapAndEmulate, binaryTranslation, hardwareAssist].map((technique): Bench => ({
    name: `exits of a guest that traps all the time, ${technique.name}`,
    unit: "exits/s",
    // With hardware assist a guest seldom comes to its VMM, and a whole world of registers changes each time.
    ...(technique !== hardwareAssist && { goal: { median: 1e6 } }),
    contenders: [under(technique, exitRate)],
  })),
  ...[trapAndEmulate, binaryTranslation, hardwareAssist].flatMap((technique) =>
    turns.map((quantum): Bench => ({
      name: `innocuous instructions in turns of ${quantum}, ${technique.name}`,
      unit: "instr/s",
      goal: { ratio: 0.9 },
      contenders: [
        under(technique, () => virtualRate(technique, quantum)),
        { name: "bare", run: () => bareRate(quantum) },
      ],
    })),
  ),
  {
    name: "a VMM and a machine for it are made",
    unit: "ms",
    better: "lower",
    contenders: [
      {
        name: "trap-and-emulate",
        run: () => 1000 * userSeconds(() => void create(trapAndEmulate, { guest: guests.tiny })),
      },
      { name: "a bare machine", run: () => 1000 * userSeconds(() => void machine({ echo: false })) },
    ],
  },
];

export const room: Room = { benches };
