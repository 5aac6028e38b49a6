/**
 * A student's mistake: what is wrong, where, and how to mend it. Shown as these words, without a stack.
 * What a guest does wrong is no error of ours: it is an outcome, returned as a value.
 */
export class UsageError extends Error {
  override readonly name = "UsageError";

  /** The next step that mends it, in the imperative. */
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** Our own mistake: a state that the code holds to be impossible. The world adds its seed and last trace rows. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** @throws InvariantError unless `condition` holds */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
