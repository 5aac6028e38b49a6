import { invariant, Signal, type Activity, type Nanos } from "../../core/index.js";
import type { CpuSource, Run, Sys, Task } from "../../os/index.js";

/** Work that a guest has given one of its CPUs. */
interface Job {
  readonly work: Nanos;
  /** What it takes of the host's CPU. */
  readonly cost: number;
  readonly done: () => void;
}

interface VirtualCpu {
  thread: Task | undefined;
  job: Job | undefined;
  wake: Signal<void>;
  /** What the host does about the job. */
  state: "waiting" | "working" | "worked";
}

/**
 * A guest's CPUs as threads of its host, as KVM has them: the host's scheduler decides when they run, so what a guest waits for its host is
 * steal time. Work in the guest takes longer than on the host by what the processor does for it (`stretch`).
 */
export class VirtualCpus implements CpuSource {
  readonly count: number;
  readonly #stretch: number;
  readonly #cpus: readonly VirtualCpu[];

  /** @param stretch what a nanosecond of the guest's work takes of the host's CPU */
  constructor(count: number, stretch: number) {
    this.count = count;
    this.#stretch = stretch;
    const make = (): VirtualCpu => ({
      thread: undefined,
      job: undefined,
      wake: new Signal("vcpu"),
      state: "waiting",
    });
    this.#cpus = Array.from({ length: count }, make);
  }

  start(number: number, work: Nanos, done: () => void): Run {
    const cpu = this.#cpu(number);
    const job: Job = { work, cost: Math.round(work * this.#stretch), done };
    cpu.job = job;
    cpu.wake.fire();
    return { stop: () => this.#stop(cpu, job) };
  }

  /** Says which task of the host a CPU is: it runs `thread`. */
  bind(number: number, task: Task): void {
    this.#cpu(number).thread = task;
  }

  /**
   * What a thread of the host does for a CPU, for ever.
   * @param after what else it does of its own once it has worked
   */
  *thread(sys: Sys, number: number, after: () => Activity<void>): Activity<never> {
    const cpu = this.#cpu(number);
    for (;;) {
      const { job } = cpu;
      if (job === undefined) {
        cpu.wake = new Signal("vcpu");
        yield* cpu.wake;
        continue;
      }
      cpu.state = "working";
      yield* sys.compute(job.cost as Nanos);
      cpu.state = "worked";
      yield* after();
      if (cpu.job !== job) continue;
      cpu.job = undefined;
      cpu.state = "waiting";
      job.done();
    }
  }

  /** Takes the rest of a job away again: an interrupt, or the end of the guest's turn. */
  #stop(cpu: VirtualCpu, job: Job): Nanos {
    if (cpu.job !== job) return job.work;
    cpu.job = undefined;
    const { thread, state } = cpu;
    cpu.state = "waiting";
    if (state === "worked") return job.work;
    if (thread === undefined || state === "waiting") return 0 as Nanos;
    // Off its CPU, its debt is what is left to be done.
    thread.kernel.scheduler.interrupt(thread);
    const left = Math.min(thread.debt, job.cost);
    thread.debt -= left;
    return Math.floor((job.cost - left) / this.#stretch) as Nanos;
  }

  #cpu(number: number): VirtualCpu {
    const cpu = this.#cpus[number];
    invariant(cpu !== undefined, `there is no CPU ${number}`);
    return cpu;
  }
}
