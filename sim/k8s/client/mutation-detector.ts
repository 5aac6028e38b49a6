import { invariant } from "../../core/index.js";
import type { KubeObject } from "../objects/value.js";
import { keyOf } from "./address.js";

/**
 * Finds out who changes a cached object in place: all readers share it, so one who "only sets a label" changes what every other
 * controller sees and what the next comparison compares with. For tests: it keeps each object's text (client-go,
 * `tools/cache/mutation_detector.go`).
 */
export class MutationDetector {
  readonly #seen = new Map<KubeObject, string>();

  add(object: KubeObject): void {
    if (!this.#seen.has(object)) this.#seen.set(object, JSON.stringify(object));
  }

  get size(): number {
    return this.#seen.size;
  }

  /** @throws InvariantError naming an object that is no longer as it came */
  check(): void {
    for (const [object, text] of this.#seen) {
      const now = JSON.stringify(object);
      invariant(now === text, `cached ${object.kind} ${keyOf(object)} was changed in place: ${text} became ${now}`);
    }
  }
}
