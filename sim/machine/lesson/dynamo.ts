import { plot, UsageError, withDefaults, type PlotView, type TableView } from "../../core/index.js";
import { createTable, type Table } from "../../wasm/index.js";
import { hartLayout } from "../layout.js";
import type { Place } from "../stops.js";
import { counter, ratio, rounded, type Counter } from "./counter.js";
import { atLeast, characterOf, LessonEngine } from "./engine.js";
import { coverCode, hex, type LessonMachine } from "./guest.js";
import { translateTrace, unlinkedExit, type Recorded, type TraceCode } from "./trace-code.js";
import { markedLines, Translation } from "./translation.js";

export interface DynamoOptions {
  readonly hart: number;
  /** How often a trace's start has to be reached before the way from there is recorded. */
  readonly threshold: number;
  /** The most instructions of a trace. */
  readonly longest: number;
  /** How many bytes of WebAssembly the trace cache holds. */
  readonly capacity: number;
  /** Instructions from one look at how many traces are made to the next; the hit rate is drawn by these, too. */
  readonly interval: number;
  /** So many new traces in two intervals, behind one with less than a quarter of that, are a change of phase. */
  readonly surge: number;
}

/** The paper's threshold. The others are chosen: the paper says that there are such limits, and no figures for a RISC-V. */
const defaults: DynamoOptions = {
  hart: 0,
  threshold: 50,
  longest: 1024,
  capacity: 65_536,
  interval: 10_000,
  surge: 8,
};

type Run = (hart: number, argument: number) => void;

interface Trace {
  readonly number: number;
  readonly head: bigint;
  readonly path: readonly Recorded[];
  readonly code: TraceCode;
  readonly run: Run;
  /** How often the host entered it; other traces do so by themselves. */
  entered: number;
}

/** What is known of one address space, as it is executed in one mode. */
interface Space {
  readonly heads: Map<bigint, number>;
  readonly traces: Map<bigint, Trace>;
  /** Places of exits, by where they lead to. */
  readonly exits: Map<bigint, number[]>;
}

interface Sample {
  readonly at: number;
  readonly share: number;
}

/**
 * Interprets, and counts how often it comes to where a trace may start: the target of a backward taken branch, or what an exit of
 * a trace leads to. At the threshold it records the way that is executed from there next (the most recently executed tail) up to
 * a backward taken branch, the start of another trace, or the longest length; compiles it as one straight piece of code; and from
 * then on runs that. Exits are linked to the traces that start where they lead. Many new traces at a time mean that the program
 * does something else now: the cache is flushed as a whole, as when it is full.
 *
 * Source: V. Bala, E. Duesterwald, S. Banerjia, "Dynamo: a transparent dynamic optimization system", PLDI 2000.
 * Left out: optimisation of traces beyond what comes of their being straight, and giving up on programs without hot traces.
 */
export class Dynamo extends LessonEngine {
  readonly system = "Dynamo";
  readonly #options: DynamoOptions;
  #spaces = new Map<number, Space>();
  #epoch = -1;
  #recording: { readonly space: Space; readonly path: Recorded[] } | undefined;
  /** How the hart came to where it is: by a jump from there, by an exit of a trace. */
  #from: bigint | "trace" | undefined;
  #exits: Table = createTable(0);
  #slots = 0;
  readonly #unlinked: unknown;
  readonly #view: DataView;
  #made = 0;
  #recorded = 0;
  #bytes = 0;
  #links = 0;
  #flushes = 0;
  #invalidations = 0;
  #lookups = 0;
  #hits = 0;
  #counted = 0;
  /** Of the interval under way: its start, what had been translated then, traces made in it; and in the two before. */
  #interval = { start: 0, translated: 0, made: 0 };
  #before: readonly [number, number] = [Infinity, Infinity];
  readonly #samples: Sample[] = [];

  constructor(machine: LessonMachine, options?: Partial<DynamoOptions>) {
    const chosen = withDefaults("dynamo", options, defaults);
    const { threshold, longest, capacity, interval, surge } = chosen;
    atLeast(1, { threshold, longest, capacity, interval, surge });
    super(machine, chosen.hart);
    this.#options = chosen;
    this.#unlinked = this.hart.translated.code.link(unlinkedExit())["run"];
    this.#view = new DataView(machine.bus.buffer, chosen.hart * hartLayout.size, hartLayout.size);
    this.#view.setBigInt64(hartLayout.entries, 0n, true);
  }

  burst(): void {
    const { translated } = this.hart;
    const { space: number } = translated;
    if (translated.epoch !== this.#epoch) {
      this.#epoch = translated.epoch;
      this.#invalidate();
    }
    const space = this.#spaceOf(number);
    const address = this.hart.pc;
    if (this.#recording !== undefined) this.#record(this.#recording, space, address);
    else if (this.#from === undefined || !this.#enter(space, address, this.#from)) this.#step();
    if (this.instructions >= this.#interval.start + this.#options.interval) this.#look();
  }

  /** The traces that are in the cache. */
  traces(): TableView {
    const rows = [...this.#all].map(({ number, head, path, code, entered }) => ({
      trace: number,
      start: hex(head),
      instructions: path.length,
      jumps: path.filter(({ address, instruction, next }) => next !== address + BigInt(instruction.length)).length,
      exits: code.exits.length,
      bytes: code.module.length,
      loop: path.at(-1)?.next === head,
      entered,
    }));
    return {
      as: "table",
      title: "Traces in the cache",
      columns: ["trace", "start", "instructions", "jumps", "exits", "bytes", "loop", "entered"].map((key) => ({ key })),
      rows,
      caption: `threshold ${this.#options.threshold}; entered: by the host, not through a link`,
    };
  }

  /** The share of instructions that traces executed, interval by interval. */
  hitRate(): PlotView {
    return plot({
      title: "How much of the program runs in traces?",
      caption: `${this.machine.name}, threshold ${this.#options.threshold}, intervals of ${this.#options.interval} instructions`,
      x: { label: "instructions executed", unit: "" },
      y: { label: "executed in traces", unit: "%" },
      series: [
        {
          name: "in traces",
          mark: "line",
          x: this.#samples.map(({ at }) => at),
          y: this.#samples.map(({ share }) => rounded(100 * share)),
          role: "guest",
        },
      ],
    });
  }

  /** A trace that starts at an address, with its WebAssembly. @throws UsageError where none does, naming those there are */
  trace(at: Place): Translation {
    const head = this.machine.address(at);
    const found = [...this.#all].find((trace) => trace.head === head);
    if (found === undefined) {
      const heads = [...this.#all].map((trace) => hex(trace.head));
      throw new UsageError(
        `no trace starts at ${hex(head)}`,
        heads.length === 0 ? "There are none: let the machine run on." : `Traces start at ${heads.join(", ")}.`,
      );
    }
    const { code, path } = found;
    return new Translation({
      title: `Trace ${found.number}`,
      address: head,
      instructions: path,
      code: markedLines(code.module, code.names, code.marks),
      symbols: this.machine.symbols.map(({ name, address }) => ({ name, value: address })),
      more: [
        counter("exits", code.exits.length, "", "ways out of it"),
        counter("module bytes", code.module.length, "B", "of the trace's module"),
        counter("entered", found.entered, "", "times by the host"),
      ],
    });
  }

  protected get own(): readonly Counter[] {
    const entries = Number(this.#view.getBigInt64(hartLayout.entries, true));
    return [
      counter("traces", this.#made, "", "traces made so far"),
      counter("in cache", [...this.#all].length, "", "of them in the cache now"),
      counter("trace length", ratio(this.#recorded, this.#made), "instructions", "of a trace, on average"),
      counter("cache bytes", this.#bytes, "B", "of WebAssembly in the cache"),
      counter("heads counted", this.#counted, "", "places that were counted as a trace's possible start"),
      counter("entries", entries, "", "times that a trace was begun, rounds of loops among them"),
      counter("links", this.#links, "", "exits that lead to another trace directly"),
      counter(
        "hit rate",
        ratio(this.#hits, this.#lookups),
        "",
        "searches of the cache, at taken branches, that found a trace",
      ),
      counter("flushes", this.#flushes, "", "of the whole cache: it was full, or the program changed its phase"),
      counter(
        "invalidations",
        this.#invalidations,
        "",
        "of the whole cache: code or the meaning of addresses had changed",
      ),
    ];
  }

  get #all(): Iterable<Trace> {
    return [...this.#spaces.values()].flatMap(({ traces }) => [...traces.values()]);
  }

  #spaceOf(number: number): Space {
    let space = this.#spaces.get(number);
    if (space === undefined) {
      space = { heads: new Map(), traces: new Map(), exits: new Map() };
      this.#spaces.set(number, space);
    }
    return space;
  }

  /** At the target of a taken branch, or of a trace's exit. @returns whether anything was executed */
  #enter(space: Space, address: bigint, from: bigint | "trace"): boolean {
    this.#lookups++;
    const trace = space.traces.get(address);
    if (trace !== undefined) {
      this.#hits++;
      return this.#run(trace);
    }
    if (from !== "trace" && address > from) return false;
    const known = space.heads.get(address);
    if (known === undefined) this.#counted++;
    const times = (known ?? 0) + 1;
    space.heads.set(address, times);
    if (times < this.#options.threshold || this.isObserved(address)) return false;
    space.heads.delete(address);
    this.#recording = { space, path: [] };
    this.#record(this.#recording, space, address);
    return true;
  }

  /** @returns whether it got anywhere: not where what is left of the budget is too short */
  #run(trace: Trace): boolean {
    if (this.hart.left < trace.path.length) return false;
    trace.entered++;
    this.#view.setInt32(hartLayout.exit, -1, true);
    this.execute(trace.run, 0);
    // Elsewhere than by an exit it is left for an exception, for the evaluator, or at the end of the budget.
    this.#from = this.#view.getInt32(hartLayout.exit, true) >= 0 ? "trace" : undefined;
    return true;
  }

  /** Interprets one instruction, and sees whether it jumped. */
  #step(): Recorded | undefined {
    const { hart } = this;
    const address = hart.pc;
    const instruction = this.interpret();
    const next = hart.pc;
    const jumped = instruction !== undefined && next !== BigInt.asIntN(64, address + BigInt(instruction.length));
    this.#from = jumped ? address : undefined;
    return instruction === undefined ? undefined : { address, instruction, next };
  }

  /** Executes the next instruction of the way that is recorded, or finds that the way ends here. */
  #record(recording: { readonly space: Space; readonly path: Recorded[] }, space: Space, address: bigint): void {
    const { path } = recording;
    const last = path.at(-1);
    // An interrupt, or another mode.
    const isElsewhere = recording.space !== space || (last !== undefined && last.next !== address);
    if (isElsewhere || path.length === this.#options.longest || this.isObserved(address)) {
      this.#finish(recording);
      return;
    }
    const step = this.#step();
    if (this.#recording === undefined) return;
    if (step === undefined || characterOf(step.instruction.row).system) {
      this.#finish(recording);
      return;
    }
    const covered = coverCode(this.hart, this.machine.bus, step.address, step.instruction, () => {
      this.#invalidate();
    });
    if (!covered) {
      this.#finish(recording);
      return;
    }
    path.push(step);
    const jumped = this.#from !== undefined;
    if (jumped && (step.next <= step.address || space.traces.has(step.next))) this.#finish(recording);
  }

  /** Makes a trace of what was recorded. */
  #finish({ space, path }: { readonly space: Space; readonly path: readonly Recorded[] }): void {
    this.#recording = undefined;
    const head = path[0]?.address;
    if (head === undefined) return;
    const { alignedOnly } = this.hart.translated.code;
    const code = translateTrace(path, this.#slots, alignedOnly);
    if (this.#bytes + code.module.length > this.#options.capacity && this.#bytes > 0) {
      const number = [...this.#spaces].find(([, known]) => known === space)?.[0] ?? 0;
      this.#flush();
      this.#insert(this.#spaceOf(number), head, path, translateTrace(path, this.#slots, alignedOnly));
    } else this.#insert(space, head, path, code);
  }

  #insert(space: Space, head: bigint, path: readonly Recorded[], code: TraceCode): void {
    const { hart } = this;
    this.#exits.grow(code.exits.length);
    this.#slots += code.exits.length;
    const run = hart.translated.code.link(code.module, { trace: { exits: this.#exits } })["run"] as Run;
    const trace = { number: ++this.#made, head, path, code, run, entered: 0 };
    this.#recorded += path.length;
    this.#bytes += code.module.length;
    this.#interval.made++;
    space.traces.set(head, trace);
    for (const { slot, target } of code.exits) {
      const known = target === undefined ? undefined : space.traces.get(target);
      this.#exits.set(slot, known?.run ?? this.#unlinked);
      if (known !== undefined) this.#links++;
      else if (target !== undefined) space.exits.set(target, [...(space.exits.get(target) ?? []), slot]);
    }
    for (const slot of space.exits.get(head) ?? []) {
      this.#exits.set(slot, run);
      this.#links++;
    }
    space.exits.delete(head);
  }

  #flush(): void {
    this.#flushes++;
    this.#drop();
  }

  /** What the traces were made of is no longer so. */
  #invalidate(): void {
    if (this.#bytes > 0) this.#invalidations++;
    this.#drop();
  }

  #drop(): void {
    this.#recording = undefined;
    this.#spaces = new Map();
    this.#exits = createTable(0);
    this.#slots = 0;
    this.#bytes = 0;
  }

  /** An interval is over. */
  #look(): void {
    const { start, translated, made } = this.#interval;
    this.#samples.push({
      at: this.instructions,
      share: rounded(ratio(this.translated - translated, this.instructions - start)),
    });
    this.#interval = { start: this.instructions, translated: this.translated, made: 0 };
    const [first, second] = this.#before;
    const { surge } = this.#options;
    const isSurge = second + made >= surge && first < surge / 4;
    this.#before = isSurge ? [Infinity, Infinity] : [second, made];
    if (isSurge) this.#flush();
  }
}
