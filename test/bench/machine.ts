/**
 * The machine beside Debian's QEMU: the same ELF files, compiled at the start from C with an optimising compiler, in both.
 * v86, a PC in WebAssembly, gets the same C compiled for a PC.
 * In each round every program runs once in each, by turns; a program's benches read their figures from these runs. Addresses
 * are virtual (Sv39, leaves of 4 KiB). Then what the machine's parts do and cost.
 */
import { compiled, compiledForBoth, firmware, type Guest } from "./machine/guests.js";
import { loneHart, userSeconds } from "./machine/parts.js";
import { missing as noQemu, runInQemu } from "./machine/qemu.js";
import { missing as noV86, runInV86 } from "./machine/v86.js";
import { runInVirtlab, type Run } from "./machine/run.js";
import type { Bench, Contender, Goal, Room } from "./runner/measure.js";

/** QEMU as it is, and with exact instruction counts, which our machine always has. */
type Peer = "virtlab" | "QEMU" | "QEMU -icount" | "v86";
type Runs = ReadonlyMap<Peer, Run>;

async function runByTurns(guest: Guest): Promise<Runs> {
  const runs = new Map<Peer, Run>([["virtlab", runInVirtlab(guest)]]);
  if (noQemu === undefined) {
    runs.set("QEMU", await runInQemu(guest, []));
    runs.set("QEMU -icount", await runInQemu(guest, ["-icount", "shift=0"]));
  }
  if (noV86 === undefined && guest.pc !== undefined && "program" in guest.pc) {
    runs.set("v86", await runInV86(guest.pc.program));
  }
  const answers = new Set([...runs.values()].map(({ answer }) => answer));
  if (answers.size === 1) return runs;
  throw new Error(`${guest.program} computes different things: ${[...answers].join(", ")}`);
}

interface Figure {
  readonly unit: string;
  readonly better: "higher" | "lower";
  of(run: Run, ours: Run): number;
}

/** All executed as many instructions as ours. */
const perUserSecond: Figure = {
  unit: "instr/s",
  better: "higher",
  of: ({ user }, { instructions = NaN }) => instructions / user,
};
const wall: Figure = { unit: "s", better: "lower", of: (run) => run.wall };
const userTime: Figure = { unit: "s", better: "lower", of: ({ user }) => user };

/** Why that one cannot run the guest. */
function lackOf(peer: Peer, { pc }: Guest): string | undefined {
  if (peer === "virtlab") return undefined;
  if (peer !== "v86") return noQemu;
  return noV86 ?? (pc !== undefined && "missing" in pc ? pc.missing : undefined);
}

/** A bench for each of the figures, all of the same runs. */
function benchesOf(
  name: string,
  guest: Guest,
  rows: readonly { readonly what: string; readonly figure: Figure; readonly who: readonly Peer[]; goal?: Goal }[],
): Bench[] {
  const rounds: Promise<Runs>[] = [];
  return rows.map(({ what, figure, who, goal }) => {
    const contender = (peer: Peer): Contender => {
      let round = 0;
      const lack = guest.missing ?? lackOf(peer, guest);
      return {
        name: peer,
        ...(lack === undefined ? {} : { missing: lack }),
        async run() {
          const runs = await (rounds[round++] ??= runByTurns(guest));
          const [run, ours] = [runs.get(peer), runs.get("virtlab")];
          return run === undefined || ours === undefined ? NaN : figure.of(run, ours);
        },
      };
    };
    const { unit, better } = figure;
    const contenders = [contender("virtlab"), ...who.map(contender)] as const;
    return { name: `${name}${what}`, unit, better, contenders, ...(goal === undefined ? {} : { goal }) };
  });
}

const plain: Goal = { ratio: 0.6 };
const exact: Goal = { ratio: 1.2 };
/**
 * An aim. The same C, compiled for the computer itself, is 2.9 times as fast as in v86 for crc32, 5 for quicksort, 6 for indirect, 7
 * for matrix-integers: four times v86 would be faster than the processor, or within a third of its speed, which no machine is
 * that checks each access against its page tables. Both compile to WebAssembly, so V8 optimises both; ours counts every
 * instruction beside.
 */
const pc: Goal = { ratio: 4 };

const program = (guest: Guest, name: string): Bench[] =>
  benchesOf(name, guest, [
    { what: ", by user time", figure: perUserSecond, who: ["QEMU"], goal: plain },
    { what: ", by user time, exact counts", figure: perUserSecond, who: ["QEMU -icount"], goal: exact },
    { what: ", on the wall", figure: wall, who: ["QEMU", "QEMU -icount"] },
    ...(guest.pc === undefined
      ? []
      : [{ what: ", user time of the same C", figure: userTime, who: ["v86"], goal: pc } as const]),
  ]);

const boot = benchesOf("boot to U-Boot's prompt", firmware(), [
  { what: ", user time", figure: userTime, who: ["QEMU"], goal: plain },
  { what: ", user time, exact counts", figure: userTime, who: ["QEMU -icount"], goal: exact },
  { what: ", on the wall", figure: wall, who: ["QEMU", "QEMU -icount"] },
]);

function ours(guest: Guest, run: () => number, name = "virtlab"): Contender {
  return { name, run, ...(guest.missing === undefined ? {} : { missing: guest.missing }) };
}

/** So often a program is gone through: it takes seconds, so that its speed shows rather than how it begins. */
const times = 8;

const sieve = compiled("sieve");
const short = compiled("short");
const cold = compiled("cold");
const traps = compiled("traps");
/** What the start code takes, which maps memory: before what is measured. */
const start = 535_000;
/** By traps.c. */
const trapsTaken = 1_000_000;

/** Instructions of the sieve per second, behind so many others. */
function rate(options: Parameters<typeof loneHart>[1], before: number, count: number): number {
  const hart = loneHart(sieve, options);
  hart.run(before);
  return count / userSeconds(() => void hart.run(count));
}

/** How long a whole guest takes, in seconds of user time. */
function timeOf(guest: Guest, options: Parameters<typeof loneHart>[1]): number {
  const hart = loneHart(guest, options);
  return userSeconds(() => void hart.run(Infinity));
}

/** Nothing is ever translated. */
const never = { patience: Infinity };

const engines: Bench[] = [
  {
    name: "the sieve by the evaluator",
    unit: "instr/s",
    goal: { median: 30e6 },
    contenders: [ours(sieve, () => rate({ engine: "evaluate" }, start, 3_000_000))],
  },
  {
    name: "the sieve by the interpreter",
    unit: "instr/s",
    contenders: [ours(sieve, () => rate(never, start, 20_000_000))],
  },
  {
    name: "the sieve by units",
    unit: "instr/s",
    contenders: [ours(sieve, () => rate({}, 100_000_000, 150_000_000))],
  },
  {
    name: "a program of 3 million instructions",
    unit: "s",
    better: "lower",
    goal: { ratio: 0.5 },
    contenders: [ours(short, () => timeOf(short, {})), ours(short, () => timeOf(short, never), "interpreter only")],
  },
  {
    // 192,000 instructions in some 150 pages, each executed once: but for a millisecond, all of the time is translation.
    name: "translation, per guest instruction",
    unit: "µs",
    better: "lower",
    goal: { median: 5 },
    contenders: [
      ours(cold, () => {
        const hart = loneHart(cold, { patience: 1 });
        hart.run(start);
        let executed = 0;
        const seconds = userSeconds(() => (executed = hart.run(Infinity)));
        return (seconds * 1e6) / executed;
      }),
    ],
  },
  {
    name: "trap round trip",
    unit: "ns",
    better: "lower",
    goal: { median: 150 },
    contenders: [
      ours(traps, () => (runInVirtlab(traps).user * 1e9) / trapsTaken),
      {
        name: "QEMU",
        ...(noQemu === undefined ? {} : { missing: noQemu }),
        run: async () => ((await runInQemu(traps, [])).user * 1e9) / trapsTaken,
      },
    ],
  },
];

export const room: Room = {
  benches: [
    ...["sieve", "crc32", "matrix-integers", "matrix-doubles", "quicksort", "recursion", "indirect"].flatMap((name) =>
      program(compiledForBoth(name, times), name),
    ),
    // Its virtual memory is larger than 32 bits.
    ...program(compiled("pages", times), "pages"),
    ...boot,
    ...engines,
  ],
};
