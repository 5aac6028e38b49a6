import { ns, type Nanos } from "../../../core/index.js";
import type { Behaviour } from "./behaviour.js";

/** The processors' time of a container that has none: what is declared, summed up whenever it is read. */
export class ProcessorTime {
  readonly #cpu: NonNullable<Behaviour["cpu"]>;
  #used = 0;
  #began = 0;
  #until = 0;

  constructor({ cpu = 0 }: Behaviour) {
    this.#cpu = cpu;
  }

  /** The container starts. */
  begin(now: Nanos): void {
    this.#began = now;
    this.#until = now;
  }

  /** What it has had by now. */
  read(now: Nanos): Nanos {
    const cores = typeof this.#cpu === "number" ? this.#cpu : this.#cpu(ns(now - this.#began));
    this.#used += cores * (now - this.#until);
    this.#until = now;
    return ns(Math.round(this.#used));
  }
}
