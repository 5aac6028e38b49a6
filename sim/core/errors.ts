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

/**
 * Says in an error's message where it happened. It stays the same error: its class, its hint and its frames are kept.
 * What is thrown and is no error becomes one, with the thrown value as its cause.
 */
export function annotate(thrown: unknown, note: string): Error {
  if (typeof thrown !== "object" || thrown === null || !("message" in thrown)) {
    return new Error(`${String(thrown)} (${note})`, { cause: thrown });
  }
  // Not `instanceof`: a cell may throw an error of another realm.
  const error = thrown as Error;
  const { message, stack } = error;
  error.message = `${message} (${note})`.trimStart();
  if (stack !== undefined && message !== "") error.stack = stack.replace(message, () => error.message);
  return error;
}
