import {
  UsageError,
  withDefaults,
  type GroupView,
  type PlotView,
  type TableView,
  type Viewable,
} from "../../../core/index.js";
import { thirdGeneration } from "./instructions.js";
import { boot, encode, Hardware, type Context, type ThirdMachine } from "./machine.js";
import { VirtualMachine } from "./monitor.js";

export interface RecursionOptions {
  /** How many monitors stand on each other at most. */
  readonly levels: number;
  /** How often the guest's user program calls its kernel. */
  readonly calls: number;
  /** How many rounds of work the program does between two calls. */
  readonly work: number;
}

/** What one run of the guest took. */
export interface Level {
  /** Monitors between the guest and the machine; 0 is the bare machine. */
  readonly level: number;
  /** Instructions that the guest completed. */
  readonly instructions: number;
  /** Of these, those that a monitor interpreted. */
  readonly interpreted: number;
  /** Traps that the real machine took. */
  readonly traps: number;
  /** Privileged instructions that the real machine executed for monitors. */
  readonly privileged: number;
  /** Whether the guest ended in the state of the bare machine. */
  readonly same: boolean;
}

const words = 64;
/** Room that each monitor takes for itself below its guest. */
const monitorWords = 8;

/** Where the guest's kernel and its user program keep their words. */
const at = { kernel: 8, handler: 16, user: 24, data: 56 } as const;

/** A kernel that starts a user program, serves its calls, and halts behind the last. */
function guest(machine: ThirdMachine, { calls, work }: RecursionOptions): Context {
  const { isa } = machine;
  const put = (from: number, ...program: readonly (number | readonly [string, number?])[]): void => {
    program.forEach((word, index) => {
      machine.write(from + index, typeof word === "number" ? word : encode(isa, word[0], word[1]));
    });
  };
  const [count, minusOne, user] = [at.data, at.data + 1, 0];
  // The new PSW: the handler, in supervisor mode, with all of storage. The old one, that `return` starts: the program.
  put(4, 0, at.handler, 0, words);
  put(0, 1, user, at.user, words - at.user - 8);
  put(at.kernel, ["return"]);
  put(
    at.handler,
    ["load", count],
    ["add", minusOne],
    ["store", count],
    ["jumpZero", at.handler + 5],
    ["return"],
    ["halt"],
  );
  // In the program's own addresses.
  const [sum, one, rounds, left, minus] = [26, 27, 28, 29, 30].map((data) => data - 6) as [
    number,
    number,
    number,
    number,
    number,
  ];
  put(
    at.user,
    ["load", rounds],
    ["store", left],
    ["load", sum],
    ["add", one],
    ["store", sum],
    ["load", left],
    ["add", minus],
    ["store", left],
    ["jumpZero", 10],
    ["jump", 2],
    ["call"],
    ["jump", 0],
  );
  put(at.user + sum, 0, 1, work, 0, 0xffff);
  put(count, calls, 0xffff);
  return { psw: { mode: "supervisor", p: at.kernel, l: 0, b: words }, a: 0 };
}

/** A machine of `words` words with so many monitors below it, and what it stands on. */
function stack(level: number): { readonly hardware: Hardware; readonly machine: ThirdMachine } {
  const hardware = new Hardware(thirdGeneration, words + level * monitorWords);
  let machine: ThirdMachine = hardware;
  for (let below = level; below > 0; below--)
    machine = new VirtualMachine(machine, monitorWords, machine.words - monitorWords);
  return { hardware, machine };
}

/** The runs of one guest on monitors upon monitors. Shows itself as its costs by level, and a table. */
export class Recursion implements Viewable {
  readonly levels: readonly Level[];
  readonly options: RecursionOptions;

  constructor(levels: readonly Level[], options: RecursionOptions) {
    this.levels = levels;
    this.options = options;
  }

  plot(): PlotView {
    const x = this.levels.map(({ level }) => level);
    const series = (
      name: string,
      of: (level: Level) => number,
      role: "trap" | "guest",
    ): PlotView["series"][number] => ({
      name,
      mark: "line",
      x,
      y: this.levels.map(of),
      role,
    });
    return {
      as: "plot",
      title: "What does each monitor more cost?",
      caption: this.#caption(),
      x: { label: "monitors below the guest", unit: "" },
      y: { label: "events on the real machine", unit: "", scale: "log" },
      series: [
        series("traps", ({ traps }) => traps, "trap"),
        series("the guest's instructions", ({ instructions }) => instructions, "guest"),
      ],
    };
  }

  view(): GroupView {
    const table: TableView = {
      as: "table",
      title: "One guest on monitors upon monitors",
      columns: [
        { key: "level", label: "monitors" },
        { key: "instructions", label: "guest's instructions" },
        { key: "interpreted" },
        { key: "traps", label: "real traps" },
        { key: "privileged" },
        { key: "same", label: "same final state" },
      ],
      rows: this.levels.map((level) => ({ ...level })),
      caption: `${this.#caption()}; privileged: instructions that the real machine executed for monitors`,
    };
    return { as: "group", views: [this.plot(), table] };
  }

  #caption(): string {
    const { calls, work } = this.options;
    return `third-generation machine; a user program that calls its kernel ${calls} times, ${work} rounds of work between two calls`;
  }
}

const most = 10;

/**
 * Theorem 2, by construction: a monitor runs under a monitor, and the guest on top ends in the state that it has on the bare
 * machine. Each privileged instruction of a monitor that is itself a guest traps to the one below, so that costs multiply.
 * @throws UsageError for an option that isn't there, or makes no sense
 */
export function recursion(given?: Partial<RecursionOptions>): Recursion {
  const options = withDefaults<RecursionOptions>("recursion", given, { levels: 5, calls: 20, work: 10 });
  const whole = (value: number, least: number, upTo: number, option: string): void => {
    if (Number.isSafeInteger(value) && value >= least && value <= upTo) return;
    throw new UsageError(`recursion: ${option} cannot be ${value}`, `Give a whole number from ${least} to ${upTo}.`);
  };
  whole(options.levels, 0, most, "levels");
  whole(options.calls, 1, 10_000, "calls");
  whole(options.work, 1, 10_000, "work");
  let bare = "";
  const levels = Array.from({ length: options.levels + 1 }, (_, level): Level => {
    const { hardware, machine } = stack(level);
    const start = guest(machine, options);
    const stop = boot(machine, start, Infinity);
    const storage = Array.from({ length: words }, (_word, address) => machine.read(address));
    const state = JSON.stringify({ storage, stop });
    if (level === 0) bare = state;
    return {
      level,
      instructions: stop.executed,
      interpreted: machine instanceof VirtualMachine ? machine.interpreted : 0,
      traps: hardware.traps,
      privileged: hardware.privilegedInstructions,
      same: state === bare,
    };
  });
  return new Recursion(levels, options);
}
