import { s, type Cancel, type Nanos, type World } from "../../core/index.js";
import type { ContainerRuntime } from "./runtime.js";

/** How often the runtime is looked at (kubernetes, `pkg/kubelet/kubelet.go`, genericPlegRelistPeriod). */
const period = s(1);

/**
 * The pod lifecycle event generator: finds, once a second, which pods' containers have changed. That only those seconds cost an event
 * in which there is something to find makes no difference to when it is found.
 */
export class Pleg {
  readonly #world: World;
  readonly #begun: Nanos;
  readonly #changed = new Set<string>();
  readonly #found: (uid: string) => void;
  readonly #end: () => void;
  #next: Cancel | undefined;

  constructor(world: World, runtime: ContainerRuntime, found: (uid: string) => void) {
    this.#world = world;
    this.#begun = world.engine.now;
    this.#found = found;
    this.#end = runtime.listen((uid) => {
      this.note(uid);
    });
  }

  /** Has a pod looked at when the runtime is next. */
  note(uid: string): void {
    this.#changed.add(uid);
    if (this.#next !== undefined) return;
    const { engine } = this.#world;
    const wait = (period - ((engine.now - this.#begun) % period)) as Nanos;
    this.#next = engine.after(wait, this.#relist, { name: "PLEG relist" });
  }

  /** Whether there is news of a pod that is still to be found. */
  awaits(uid: string): boolean {
    return this.#changed.has(uid);
  }

  stop(): void {
    this.#end();
    this.#next?.();
    this.#next = undefined;
    this.#changed.clear();
  }

  readonly #relist = (): void => {
    this.#next = undefined;
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const uid of changed) this.#found(uid);
  };
}
