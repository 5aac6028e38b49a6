interface Condition {
  /** Its statements count now. */
  active: boolean;
  /** One of its parts has counted. */
  taken: boolean;
  /** What it stands in counts. */
  readonly outer: boolean;
  otherwise: boolean;
}

/** The .if blocks that are open. */
export class Conditions {
  readonly #open: Condition[] = [];

  get active(): boolean {
    return this.#open.at(-1)?.active ?? true;
  }

  get depth(): number {
    return this.#open.length;
  }

  /** @param holds is asked only where it matters */
  begin(holds: () => boolean): void {
    const outer = this.active;
    // Counted first, so that its .endif has something to end even if the condition is wrong.
    const condition = { active: false, taken: true, outer, otherwise: false };
    this.#open.push(condition);
    if (!outer) return;
    condition.active = condition.taken = holds();
  }

  /** @returns whether there is an .if that it belongs to */
  elseIf(holds: () => boolean): boolean {
    const condition = this.#open.at(-1);
    if (condition === undefined || condition.otherwise) return false;
    condition.active = condition.outer && !condition.taken && holds();
    condition.taken ||= condition.active;
    return true;
  }

  otherwise(): boolean {
    const condition = this.#open.at(-1);
    if (condition === undefined || condition.otherwise) return false;
    condition.active = condition.outer && !condition.taken;
    condition.otherwise = true;
    return true;
  }

  end(): boolean {
    return this.#open.pop() !== undefined;
  }

  /** Forgets what was opened inside a macro that is left. */
  cut(depth: number): void {
    this.#open.length = Math.min(this.#open.length, depth);
  }
}
