import type { Cancel, Engine } from "./engine.js";
import { UsageError } from "./errors.js";
import { Heap } from "./heap.js";
import { withDefaults } from "./options.js";
import { Signal } from "./signal.js";
import { Moments, TimeAverage } from "./statistics.js";
import type { Nanos } from "./units.js";
import type { Row } from "./view.js";

export interface ShareOptions {
  readonly name: string;
  /** Units of work a second, whatever the unit is: bytes, instructions. */
  readonly rate: number;
}

/** What a share has seen since it was made; times in nanoseconds. */
export interface ShareStatistics extends Row {
  readonly share: string;
  readonly rate: number;
  /** Jobs done. */
  readonly done: number;
  readonly running: number;
  /** The fraction of time in which there was a job. */
  readonly utilisation: number;
  /** Jobs present, averaged over time. */
  readonly meanJobs: number;
  readonly greatestJobs: number;
  /** From beginning to end, over the jobs done. */
  readonly meanStay: number;
  readonly greatestStay: number;
}

/** One job. Whoever gives up waiting for it ends it undone. */
class Job extends Signal<void> {
  readonly weight: number;
  /** The virtual time at which it is done. */
  readonly tag: number;
  readonly since: number;
  readonly #giveUp: (job: Job) => void;

  constructor(name: string, weight: number, tag: number, since: number, giveUp: (job: Job) => void) {
    super(name);
    this.weight = weight;
    this.tag = tag;
    this.since = since;
    this.#giveUp = giveUp;
  }

  protected override abandoned(): void {
    if (this.settled) return;
    this.#giveUp(this);
    this.fail(new UsageError(`the job on "${this.name}" was given up`, "Begin a new one with use()."));
  }
}

/** In nanoseconds. A job that ends this little after a whole one counts as ending on it: noise is below, see `Share`. */
const tolerance = 1 / 1024;

/**
 * A rate that all present jobs share at once, each in proportion to its weight: a link's bandwidth, a processor under
 * time slices that are short beside the jobs. (Generalised processor sharing: A. K. Parekh and R. G. Gallager, "A
 * generalized processor sharing approach to flow control", IEEE/ACM Transactions on Networking 1(3), 1993, whose virtual
 * time makes every arrival and departure cost O(log n), however many jobs there are.)
 *
 * Finish times are those of this fluid model, each rounded up to a whole nanosecond by itself (down from less than a
 * thousandth above one): a departure counts at its exact, fractional time for the others, so that nothing adds up. Times are held relative to when the share was idle
 * last, which keeps floating-point noise below a thousandth of a nanosecond for busy periods up to hours.
 */
export class Share {
  readonly name: string;
  readonly rate: number;
  readonly #engine: Engine;
  readonly #jobs = new Heap<Job>((a, b) => a.tag < b.tag);
  readonly #present: TimeAverage;
  readonly #busy: TimeAverage;
  readonly #stays = new Moments();
  /** When the present busy period began. */
  #begin = 0;
  /** Up to when, from `#begin`, the work has been worked out. */
  #elapsed = 0;
  /** Virtual time: work done for each unit of weight in this busy period. */
  #virtual = 0;
  #weight = 0;
  #disarm: Cancel | undefined;

  /** @throws UsageError for options that make no sense */
  constructor(engine: Engine, options?: Partial<ShareOptions>) {
    const { name, rate } = withDefaults<ShareOptions>("share", options, { name: "share", rate: 1e9 });
    if (!(rate > 0 && rate < Infinity)) {
      throw new UsageError(
        `the share "${name}" cannot have a rate of ${rate}`,
        "Give units of work a second, above 0.",
      );
    }
    this.name = name;
    this.rate = rate;
    this.#engine = engine;
    this.#present = new TimeAverage(engine);
    this.#busy = new TimeAverage(engine);
  }

  /**
   * Begins a job of so much work now; fires when it is done.
   * @throws UsageError for work or a weight that is not above 0
   */
  use(work: number, weight = 1): Signal<void> {
    if (!(work > 0 && work < Infinity && weight > 0 && weight < Infinity)) {
      throw new UsageError(`no job has work ${work} and weight ${weight}`, "Give finite numbers above 0.");
    }
    this.#advance();
    const now = this.#engine.now;
    if (this.#jobs.size === 0) {
      this.#begin = now;
      this.#elapsed = 0;
      this.#virtual = 0;
    }
    const job = new Job(this.name, weight, this.#virtual + work / weight, now, (gone) => {
      this.#advance();
      if (this.#jobs.remove(gone)) this.#leave(gone);
      this.#rearm();
    });
    this.#jobs.push(job);
    this.#weight += weight;
    this.#count();
    this.#rearm();
    return job;
  }

  statistics(): ShareStatistics {
    return {
      share: this.name,
      rate: this.rate,
      done: this.#stays.count,
      running: this.#jobs.size,
      utilisation: this.#busy.mean,
      meanJobs: this.#present.mean,
      greatestJobs: this.#present.greatest,
      meanStay: this.#stays.mean,
      greatestStay: Math.max(0, this.#stays.greatest),
    };
  }

  /** When the first of the present jobs is done, from `#begin`. */
  #nextEnd(first: Job): number {
    return this.#elapsed + ((first.tag - this.#virtual) * this.#weight * 1e9) / this.rate;
  }

  /** Works out everything up to now, and ends the jobs that are done. */
  #advance(): void {
    for (let first = this.#jobs.first; first !== undefined; first = this.#jobs.first) {
      // Asked anew: whoever hears that a job ended may begin another, and with it a busy period.
      const now = this.#engine.now - this.#begin;
      const end = this.#nextEnd(first);
      if (end > now + tolerance) {
        this.#virtual += (Math.max(0, now - this.#elapsed) * this.rate) / 1e9 / this.#weight;
        this.#elapsed = Math.max(this.#elapsed, now);
        return;
      }
      this.#virtual = first.tag;
      this.#elapsed = end;
      this.#jobs.shift();
      this.#leave(first);
      this.#stays.add(this.#engine.now - first.since);
      first.fire();
    }
  }

  #leave(job: Job): void {
    this.#weight = this.#jobs.size === 0 ? 0 : this.#weight - job.weight;
    this.#count();
  }

  #count(): void {
    this.#present.add(this.#jobs.size - this.#present.value);
    this.#busy.add(Math.min(1, this.#jobs.size) - this.#busy.value);
  }

  #rearm(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    const first = this.#jobs.first;
    if (first === undefined) return;
    const end = this.#begin + Math.ceil(this.#nextEnd(first) - tolerance);
    this.#disarm = this.#engine.at(Math.max(this.#engine.now, end) as Nanos, this.#tick, { name: this.name });
  }

  readonly #tick = (): void => {
    this.#advance();
    this.#rearm();
  };
}
