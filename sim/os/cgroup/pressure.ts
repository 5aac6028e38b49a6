/** What a task counts as: bits. One that sleeps for another reason than a lack counts as nothing. */
export const RUNNABLE = 1;
/** On a CPU: always RUNNABLE, too. */
export const ON_CPU = 2;
/** Waits for a disk. */
export const WAITS_FOR_IO = 4;
/** Held up by a lack of memory, asleep or not. */
export const LACKS_MEMORY = 8;

export const resources = ["cpu", "memory", "io"] as const;
export type PressureResource = (typeof resources)[number];

/** How often averages are taken: PSI_FREQ, 2 s. */
const period = 2e9;
/** What is left of averages over 10, 60 and 300 s after a period: EXP_10s and its like, of 2048. */
const decays = [1677 / 2048, 1981 / 2048, 2034 / 2048] as const;

/** A power by multiplications alone: engines may differ in the last bits of theirs. */
function power(base: number, exponent: number): number {
  let result = 1;
  for (let square = base, left = exponent; left > 0; left = Math.floor(left / 2), square *= square)
    if (left % 2 === 1) result *= square;
  return result;
}

/** One line of a file: how much time was lost, in nanoseconds, and parts of time over the last 10, 60 and 300 s. */
class Line {
  total = 0;
  readonly averages: number[] = [0, 0, 0];
  #counted = 0;

  /** A period ends. */
  fold(): void {
    this.#mix((this.total - this.#counted) / period, 1);
    this.#counted = this.total;
  }

  /** So many periods went by in which `part` of the time was lost. */
  pass(part: number, periods: number): void {
    this.total += part * periods * period;
    this.#counted = this.total;
    this.#mix(part, periods);
  }

  #mix(part: number, periods: number): void {
    for (const [place, decay] of decays.entries()) {
      const before = this.averages[place] ?? 0;
      this.averages[place] = part + (before - part) * power(decay, periods);
    }
  }

  get text(): string {
    const [ten, sixty, most] = this.averages.map((part) => (Math.floor(part * 1e4 + 1e-6) / 100).toFixed(2));
    return `avg10=${ten} avg60=${sixty} avg300=${most} total=${Math.floor(this.total / 1000)}`;
  }
}

interface Lines {
  readonly some: Line;
  readonly full: Line;
}

/**
 * Time that a group's tasks lose for want of CPUs, memory or disks: Documentation/accounting/psi.rst. Who is delayed and who gets on is
 * counted over all CPUs, by the definition at the top of kernel/sched/psi.c: with as many threads as tasks that have something
 * to do, but no more than CPUs, SOME is the part of them that delayed tasks could have used, FULL the part that nobody does.
 * (Linux comes near to it by states of each CPU, weighted.) There are no triggers.
 */
export class Pressure {
  readonly #lines: Readonly<Record<PressureResource, Lines>> = {
    cpu: { some: new Line(), full: new Line() },
    memory: { some: new Line(), full: new Line() },
    io: { some: new Line(), full: new Line() },
  };
  #runnable = 0;
  #onCpu = 0;
  #io = 0;
  #memory = 0;
  /** Of those that lack memory, who is runnable: reclaiming, or on the way to its wait. */
  #memoryRunnable = 0;
  #since = 0;
  #periodEnd = period;

  /** A task counts as something else from now on. @param cpus how many the machine has */
  change(now: number, cpus: number, before: number, after: number): void {
    this.#settle(now, cpus);
    this.#count(before, -1);
    this.#count(after, 1);
  }

  /** A resource's file. @param whole of the whole machine, where nobody can tell that all lack CPUs */
  text(now: number, cpus: number, resource: PressureResource, whole: boolean): string {
    this.#settle(now, cpus);
    const { some, full } = this.#lines[resource];
    return `some ${some.text}\nfull ${(whole && resource === "cpu" ? nothing : full).text}\n`;
  }

  #count(bits: number, by: number): void {
    const runnable = (bits & RUNNABLE) !== 0;
    if (runnable) this.#runnable += by;
    if ((bits & ON_CPU) !== 0) this.#onCpu += by;
    if ((bits & WAITS_FOR_IO) !== 0) this.#io += by;
    if ((bits & LACKS_MEMORY) === 0) return;
    this.#memory += by;
    if (runnable) this.#memoryRunnable += by;
  }

  #settle(now: number, cpus: number): void {
    if (now === this.#since) return;
    const waiting = this.#runnable - this.#onCpu;
    if (waiting > 0 || this.#io > 0 || this.#memory > 0 || now >= this.#periodEnd) {
      // Memory may be lacked asleep, too.
      const asleep = this.#memory - this.#memoryRunnable;
      const threads = Math.min(this.#runnable + this.#io + asleep, cpus);
      const pass = (lines: Lines, delayed: number, productive: number): void => {
        if (delayed === 0) this.#pass(lines, now, 0, 0);
        else
          this.#pass(lines, now, Math.min(delayed / threads, 1), (threads - Math.min(productive, threads)) / threads);
      };
      pass(this.#lines.cpu, waiting, this.#onCpu);
      pass(this.#lines.memory, this.#memory, this.#runnable - this.#memoryRunnable);
      pass(this.#lines.io, this.#io, this.#runnable);
    }
    this.#since = now;
    if (now >= this.#periodEnd) this.#periodEnd += (Math.floor((now - this.#periodEnd) / period) + 1) * period;
  }

  /** Time passes in which these parts of it are lost. */
  #pass({ some, full }: Lines, now: number, somePart: number, fullPart: number): void {
    const end = Math.min(now, this.#periodEnd);
    some.total += somePart * (end - this.#since);
    full.total += fullPart * (end - this.#since);
    if (now < this.#periodEnd) return;
    const periods = Math.floor((now - this.#periodEnd) / period);
    const rest = now - this.#periodEnd - periods * period;
    for (const [line, part] of [
      [some, somePart],
      [full, fullPart],
    ] as const) {
      line.fold();
      line.pass(part, periods);
      line.total += part * rest;
    }
  }
}

const nothing = new Line();
