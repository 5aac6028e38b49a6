/**
 * The machine beside Debian's QEMU: the same ELF files, compiled at the start from C with an optimising compiler, in both.
 * v86, a PC in WebAssembly, gets the same C compiled for a PC. To show where the limit is, this computer's own processor gets it
 * too, and so does V8, as WebAssembly.
 * In each round every program runs once in each, by turns; a program's benches read their figures from these runs. Addresses
 * are virtual (Sv39, leaves of 4 KiB). Then what the machine's parts do and cost.
 */
import { rv64, rv64h } from "../../sim/machine/index.js";
import { compiled, compiledForAll, compiledForGuest, firmware, wasmNames, type Guest } from "./machine/guests.js";
import { loneHart, userSeconds } from "./machine/parts.js";
import { benchesOf, linuxNames, perUserSecond, processorTime, userTime, wall } from "./machine/peers.js";
import { missing as noQemu, runInQemu } from "./machine/qemu.js";
import { runInVirtlab } from "./machine/run.js";
import type { Bench, Contender, Goal, Outcome, Room } from "./runner/measure.js";

const plain: Goal = { ratio: 0.6 };
const exact: Goal = { ratio: 1.2 };
/** An aim; `limits` says how much faster than v86 there is to be. */
const pc: Goal = { ratio: 4 };
const sameC = ", user time of the same C";

const program = (guest: Guest, name: string): Bench[] =>
  benchesOf(name, guest, [
    { what: ", by user time", figure: perUserSecond, who: ["QEMU"], goal: plain },
    { what: ", by user time, exact counts", figure: perUserSecond, who: ["QEMU -icount"], goal: exact },
    { what: ", on the wall", figure: wall, who: ["QEMU", "QEMU -icount"] },
    ...(guest.pc === undefined
      ? []
      : [{ what: sameC, figure: userTime, who: ["v86", ...linuxNames, ...wasmNames], goal: pc } as const]),
  ]);

const boot = benchesOf("boot to U-Boot's prompt", firmware(), [
  { what: ", user time", figure: userTime, who: ["QEMU"], goal: plain },
  { what: ", user time, exact counts", figure: userTime, who: ["QEMU -icount"], goal: exact },
  { what: ", user and system time", figure: processorTime, who: ["QEMU"], goal: plain },
  { what: ", user and system time, exact counts", figure: processorTime, who: ["QEMU -icount"], goal: exact },
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
    // The second is what any translation has to be paid out of.
    name: "boot to U-Boot's prompt, what translation costs",
    unit: "s",
    better: "lower",
    contenders: [
      ours(firmware(), () => runInVirtlab(firmware()).user),
      ours(firmware(), () => runInVirtlab(firmware(), rv64, never).user, "interpreter only"),
    ],
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

/** What a guest of the hypervisor extension costs, by the same program bare, and what the extension costs whoever doesn't use it. */
function inGuests(name: string, times: number): Bench {
  const [guest, bare] = [compiledForGuest(name, times), compiled(name, times)];
  const inQemu = (of: string, program: Guest): Contender => {
    const lack = program.missing ?? noQemu;
    return {
      name: `QEMU, ${of}`,
      ...(lack === undefined ? {} : { missing: lack }),
      run: async () => (await runInQemu(program, ["-cpu", "rv64,h=true"])).user,
    };
  };
  return {
    name: `${name} in VS-mode by Sv39 and Sv39x4, user time`,
    unit: "s",
    better: "lower",
    contenders: [
      ours(guest, () => runInVirtlab(guest, rv64h).user, "VS-mode"),
      ours(bare, () => runInVirtlab(bare, rv64h).user, "S-mode, H on"),
      ours(bare, () => runInVirtlab(bare).user, "S-mode, H off"),
      inQemu("VS-mode", guest),
      inQemu("S-mode", bare),
    ],
  };
}

/**
 * A quarter of v86's time, beside what the same C takes natively, as WebAssembly in the same V8, and as WebAssembly that looks up each
 * access in a TLB and counts.
 */
function limits(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ bench, results }) => {
    if (!bench.endsWith(sameC)) return [];
    const medianOf = (who: string): number => results.find(({ contender }) => contender === who)?.spread?.median ?? NaN;
    const [ours, v86, native, bare, checked] = ["virtlab", "v86", "native", ...wasmNames].map(medianOf) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const seconds = (time: number): string => (Number.isNaN(time) ? "not measured" : `${time.toFixed(2)} s`);
    return [
      `${bench.slice(0, -sameC.length)}: virtlab ${seconds(ours)}, a quarter of v86's time ${seconds(v86 / 4)}; ` +
        `natively ${seconds(native)}, as WebAssembly ${seconds(bare)}, with a TLB and counts ${seconds(checked)}`,
    ];
  });
}

export const room: Room = {
  notes: limits,
  benches: [
    ...["sieve", "crc32", "matrix-integers", "matrix-doubles", "quicksort", "recursion", "indirect"].flatMap((name) =>
      program(compiledForAll(name, times), name),
    ),
    // Its virtual memory is larger than 32 bits.
    ...program(compiled("pages", times), "pages"),
    ...boot,
    ...["sieve", "quicksort", "indirect", "pages", "traps"].map((name) => inGuests(name, name === "pages" ? 4 : 8)),
    ...engines,
  ],
};
