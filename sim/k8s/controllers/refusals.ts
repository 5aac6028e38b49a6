import { ApiFailure } from "../client/failure.js";
import { listAt, objectAt, stringAt } from "../objects/value.js";

/** Whether a request was refused because the object's namespace is going: it is of no use to try again. */
export const isTerminating = (error: unknown): boolean =>
  error instanceof ApiFailure &&
  listAt(objectAt(error.status, "details"), "causes").some(
    (cause) => stringAt(cause, "reason") === "NamespaceTerminating",
  );
