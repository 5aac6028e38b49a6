import type { FieldError } from "../objects/field-error.js";
import { groupResource } from "../objects/kinds.js";
import type { Json, JsonObject } from "../objects/value.js";

interface Named {
  readonly group: string;
  readonly plural: string;
}

export interface Cause extends JsonObject {
  readonly reason?: string;
  readonly message: string;
  readonly field?: string;
}

interface Details {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly Cause[];
  readonly retryAfterSeconds?: number;
}

/**
 * A request that is answered with a `Status` (apimachinery, `pkg/api/errors`). Thrown inside the API server and turned into the
 * answer at its edge; never seen outside.
 */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Details | undefined;

  constructor(code: number, reason: string, message: string, details?: Details) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** The body of the answer. */
  get status(): JsonObject {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      ...(this.reason === "" ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details as Json }),
      code: this.code,
    };
  }
}

const of = ({ group, plural }: Named, name: string): Details => ({
  ...(name === "" ? {} : { name }),
  ...(group === "" ? {} : { group }),
  kind: plural,
});

export const notFound = (resource: Named, name: string): ApiError =>
  new ApiError(404, "NotFound", `${groupResource(resource)} "${name}" not found`, of(resource, name));

/** No route has the path. */
export const noPath = (): ApiError =>
  new ApiError(404, "NotFound", "the server could not find the requested resource", {});

export const alreadyExists = (resource: Named, name: string): ApiError =>
  new ApiError(409, "AlreadyExists", `${groupResource(resource)} "${name}" already exists`, of(resource, name));

export const conflict = (resource: Named, name: string, why: string): ApiError =>
  new ApiError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${groupResource(resource)} "${name}": ${why}`,
    of(resource, name),
  );

/** The object has been changed since the client read it. */
export const modified = (resource: Named, name: string): ApiError =>
  conflict(
    resource,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );

export const forbidden = (resource: Named, name: string, why: string, causes?: readonly Cause[]): ApiError =>
  new ApiError(403, "Forbidden", `${groupResource(resource)}${name === "" ? "" : ` "${name}"`} is forbidden: ${why}`, {
    ...of(resource, name),
    ...(causes === undefined ? {} : { causes }),
  });

export const badRequest = (message: string): ApiError => new ApiError(400, "BadRequest", message);

export const methodNotAllowed = (): ApiError =>
  new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});

export const unsupportedMediaType = (supported: readonly string[]): ApiError =>
  new ApiError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${supported.join(", ")}`,
  );

export const notAcceptable = (supported: readonly string[]): ApiError =>
  new ApiError(406, "NotAcceptable", `only the following media types are accepted: ${supported.join(", ")}`);

export const unauthorized = (): ApiError => new ApiError(401, "Unauthorized", "Unauthorized");

export const expired = (message: string): ApiError => new ApiError(410, "Expired", message);

export const internal = (message: string): ApiError =>
  new ApiError(500, "InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });

export const tooManyRequests = (message: string, causes?: readonly Cause[], retryAfterSeconds = 10): ApiError =>
  new ApiError(429, "TooManyRequests", message, {
    ...(causes === undefined ? {} : { causes }),
    ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }),
  });

/** 422: what is wrong, field by field. */
export function invalid(group: string, kind: string, name: string, errors: readonly FieldError[]): ApiError {
  const causes = errors.map(({ reason, message, field }): Cause => ({ reason, message, field }));
  const texts = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))];
  const all = texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(", ")}]`;
  const full = group === "" ? kind : `${kind}.${group}`;
  return new ApiError(422, "Invalid", `${full} "${name}" is invalid: ${all}`, {
    ...(name === "" ? {} : { name }),
    ...(group === "" ? {} : { group }),
    kind,
    causes,
  });
}

/** What a deletion answers where nothing is left of the object. */
export const success = (resource: Named, name: string, uid: string | undefined): JsonObject => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  details: { ...of(resource, name), ...(uid === undefined ? {} : { uid }) },
});
