import { UsageError } from "../../core/index.js";

/** HTTP statuses that Docker's API answers mistakes with. */
export type ErrorStatus = 304 | 400 | 401 | 403 | 404 | 409 | 500 | 501 | 503;

/** What the engine refuses, in Docker's words; the API tells `message` with this status. */
export class EngineError extends UsageError {
  readonly status: ErrorStatus;

  constructor(status: ErrorStatus, message: string, hint: string) {
    super(message, hint);
    this.status = status;
  }
}

/** @throws EngineError always: there is no such thing */
export const missing = (what: "container" | "exec instance", name: string): EngineError =>
  new EngineError(404, `No such ${what}: ${name}`, "Look at those that there are, the stopped ones too.");

export const conflict = (message: string, hint: string): EngineError => new EngineError(409, message, hint);
export const invalid = (message: string, hint: string): EngineError => new EngineError(400, message, hint);
