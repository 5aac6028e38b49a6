import { UsageError } from "../../core/index.js";

/** What a network refuses, in Docker's words; its API answers with `status`. */
export class NetworkError extends UsageError {
  readonly status: 400 | 403 | 404 | 409 | 500;

  constructor(status: NetworkError["status"], message: string, hint: string) {
    super(message, hint);
    this.status = status;
  }
}
