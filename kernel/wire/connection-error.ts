/** A connection file or an address that can't be used: what is wrong, and the step that mends it. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
