import {
  parseFieldSelector,
  parseSelectorText,
  selectableFields,
  type FieldRequirement,
  type Selector,
} from "../objects/selectors.js";
import type { Resource } from "../objects/kinds.js";
import { badRequest, invalid, type ApiError } from "./status.js";

type Query = Readonly<Record<string, string>>;

/** `true` and `1`, as Go reads flags of a query; a key without a value is set. */
const flag = (query: Query, key: string): boolean => {
  const value = query[key];
  return value !== undefined && !["false", "0", "f", "F", "FALSE", "False"].includes(value);
};

/** @throws ApiError 400 for what is no number */
function number(query: Query, key: string): number | undefined {
  const text = query[key];
  if (text === undefined || text === "") return undefined;
  if (!/^-?\d{1,18}$/.test(text)) {
    throw badRequest(
      `unable to convert query parameter "${key}": strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  return Number(text);
}

/** What a list or a watch asks for (meta/v1, `ListOptions`). */
export interface ListOptions {
  readonly labels: Selector;
  readonly fields: readonly FieldRequirement[];
  readonly limit: number;
  readonly continue: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
}

export function parseListOptions(query: Query, resource: Resource, watch: boolean): ListOptions {
  const labels = parseSelectorText(query["labelSelector"] ?? "");
  if (typeof labels === "string") throw badRequest(labels);
  const fields = parseFieldSelector(query["fieldSelector"] ?? "");
  if (typeof fields === "string") throw badRequest(fields);
  for (const { path } of fields) {
    if (path === "metadata.name" || path === "metadata.namespace") continue;
    if (selectableFields.get(resource.kind)?.includes(path) === true) continue;
    throw badRequest(
      `Unable to find "${resource.group === "" ? "" : `${resource.group}/`}${resource.version}, Resource=${resource.plural}" that match label selector "", field selector "${query["fieldSelector"] ?? ""}": field label not supported: ${path}`,
    );
  }
  const initial = query["sendInitialEvents"];
  const options: ListOptions = {
    labels,
    fields,
    limit: number(query, "limit") ?? 0,
    continue: query["continue"] ?? "",
    resourceVersion: query["resourceVersion"] ?? "",
    resourceVersionMatch: query["resourceVersionMatch"] ?? "",
    timeoutSeconds: number(query, "timeoutSeconds"),
    allowWatchBookmarks: flag(query, "allowWatchBookmarks"),
    sendInitialEvents: initial === undefined || initial === "" ? undefined : flag(query, "sendInitialEvents"),
  };
  check(options, watch);
  return options;
}

/** What may not stand together (apimachinery, `ValidateListOptions`). */
function check(options: ListOptions, watch: boolean): void {
  const { resourceVersion, resourceVersionMatch: match, sendInitialEvents } = options;
  const refuse = (field: string, message: string): ApiError =>
    invalid("meta.k8s.io", "ListOptions", "", [
      { reason: "FieldValueForbidden", field, message: `Forbidden: ${message}` },
    ]);
  if (resourceVersion !== "" && !/^\d{1,16}$/.test(resourceVersion)) {
    throw badRequest(
      `resourceVersion: Invalid value: ${JSON.stringify(resourceVersion)}: strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`,
    );
  }
  if (sendInitialEvents !== undefined) {
    if (!watch) throw refuse("sendInitialEvents", "sendInitialEvents is forbidden for list");
    if (match !== "NotOlderThan") {
      throw refuse("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    if (sendInitialEvents && !options.allowWatchBookmarks) {
      throw refuse("sendInitialEvents", "sendInitialEvents is forbidden without allowWatchBookmarks");
    }
    return;
  }
  if (match === "") return;
  if (watch)
    throw refuse(
      "resourceVersionMatch",
      "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    );
  if (resourceVersion === "")
    throw refuse("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (options.continue !== "")
    throw refuse("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
  if (match !== "Exact" && match !== "NotOlderThan") {
    throw invalid("meta.k8s.io", "ListOptions", "", [
      {
        reason: "FieldValueNotSupported",
        field: "resourceVersionMatch",
        message: `Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`,
      },
    ]);
  }
  if (match === "Exact" && resourceVersion === "0") {
    throw refuse("resourceVersionMatch", `resourceVersionMatch "Exact" is forbidden for resourceVersion "0"`);
  }
}

/** What creations, updates and patches may ask for beside their object. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: "Strict" | "Warn" | "Ignore";
  /** Under which name the fields are owned; "" where fields aren't tracked. */
  readonly manager: string;
  readonly force: boolean | undefined;
}

export function parseWriteOptions(query: Query, userAgent: string | undefined): WriteOptions {
  const dryRun = query["dryRun"];
  if (dryRun !== undefined && dryRun !== "" && dryRun !== "All") {
    throw invalid("meta.k8s.io", "CreateOptions", "", [
      {
        reason: "FieldValueNotSupported",
        field: "dryRun",
        message: `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`,
      },
    ]);
  }
  const validation = query["fieldValidation"] ?? "";
  if (!["", "Strict", "Warn", "Ignore"].includes(validation)) {
    throw invalid("meta.k8s.io", "CreateOptions", "", [
      {
        reason: "FieldValueNotSupported",
        field: "fieldValidation",
        message: `Unsupported value: ${JSON.stringify(validation)}: supported values: "", "Ignore", "Strict", "Warn"`,
      },
    ]);
  }
  const manager = query["fieldManager"] ?? "";
  if (manager.length > 128) {
    throw invalid("meta.k8s.io", "CreateOptions", "", [
      { reason: "FieldValueTooLong", field: "fieldManager", message: "Too long: may not be more than 128 bytes" },
    ]);
  }
  return {
    dryRun: dryRun === "All",
    fieldValidation: validation === "" ? "Warn" : (validation as "Strict" | "Warn" | "Ignore"),
    manager: manager !== "" ? manager : (userAgent?.split("/")[0] ?? ""),
    force: query["force"] === undefined ? undefined : flag(query, "force"),
  };
}

/** What a deletion may ask for (meta/v1, `DeleteOptions`). */
export interface DeleteOptions {
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: "Orphan" | "Background" | "Foreground" | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly dryRun: boolean;
}
