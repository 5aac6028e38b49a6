import { stringAt, type JsonObject } from "../objects/value.js";

/** A request that did not succeed: the Status that answers it, or code 0 where no server could be reached. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  readonly code: number;
  /** `NotFound`, `AlreadyExists`, `Conflict`, … as the Status says. */
  readonly reason: string;
  readonly status: JsonObject | undefined;

  constructor(code: number, status: JsonObject | undefined, message?: string) {
    super(message ?? stringAt(status, "message") ?? `the server answered ${code}`);
    this.code = code;
    this.status = status;
    this.reason = stringAt(status, "reason") ?? "";
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof ApiFailure && error.reason === "NotFound";
export const isConflict = (error: unknown): boolean => error instanceof ApiFailure && error.reason === "Conflict";
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof ApiFailure && error.reason === "AlreadyExists";
/** A watch, or a list in parts, that begins before what is remembered. */
export const isGone = (error: unknown): boolean => error instanceof ApiFailure && error.code === 410;
