import { UsageError } from "../../core/index.js";
import { isObject, stringAt, type JsonObject } from "../objects/value.js";

/** What the API server refused, in its words. */
export function refused(method: string, path: string, status: JsonObject | undefined): UsageError {
  const message = stringAt(status, "message") ?? `${method} ${path} was refused`;
  const reason = isObject(status) ? (stringAt(status, "reason") ?? "") : "";
  const hint =
    reason === "NotFound"
      ? "Look what there is with get, and in which namespace."
      : reason === "Invalid" || reason === "BadRequest"
        ? "Mend the field that the message names."
        : "The message is the API server's own.";
  return new UsageError(message, hint);
}
