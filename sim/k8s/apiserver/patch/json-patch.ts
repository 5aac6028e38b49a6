import { equal, isArray, isObject, put, type Draft, type Json } from "../../objects/value.js";
import { ApiError, badRequest } from "../status.js";

/** More operations than this are refused (apiserver, `maxJSONPatchOperations`). */
const most = 10_000;

const wrong = (message: string): ApiError =>
  new ApiError(422, "Invalid", `the server rejected our request due to an error in our request: ${message}`);

/** RFC 6901. */
const pointer = (text: string): string[] => {
  if (text !== "" && !text.startsWith("/")) throw wrong(`${JSON.stringify(text)} is no JSON pointer`);
  return text
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
};

const isIndex = (text: string): boolean => /^(0|[1-9]\d{0,8})$/.test(text);

function read(value: Json, path: readonly string[], text: string): Json {
  let here = value;
  for (const key of path) {
    const next = isArray(here)
      ? isIndex(key)
        ? here[Number(key)]
        : undefined
      : isObject(here) && Object.hasOwn(here, key)
        ? here[key]
        : undefined;
    if (next === undefined) throw wrong(`doc is missing path: "${text}": missing value`);
    here = next;
  }
  return here;
}

/** A copy with one place changed: what is above it is copied, too. */
function change(
  value: Json,
  path: readonly string[],
  text: string,
  how: "add" | "remove" | "replace",
  to?: Json,
): Json {
  const [key, ...rest] = path;
  if (key === undefined) return to ?? null;
  if (isArray(value)) {
    const copy = [...value];
    const end = key === "-" && rest.length === 0 && how === "add";
    const index = end ? copy.length : Number(key);
    const limit = rest.length === 0 && how === "add" ? copy.length : copy.length - 1;
    if ((!end && !isIndex(key)) || index > limit)
      throw wrong(`Unable to access invalid index: ${key}: invalid index referenced`);
    if (rest.length > 0) copy[index] = change(copy[index] ?? null, rest, text, how, to);
    else if (how === "add") copy.splice(index, 0, to ?? null);
    else if (how === "remove") copy.splice(index, 1);
    else copy[index] = to ?? null;
    return copy;
  }
  if (!isObject(value)) throw wrong(`${how} operation does not apply: doc is missing path: "${text}": missing value`);
  const has = Object.hasOwn(value, key) && value[key] !== undefined;
  if (!has && (rest.length > 0 || how !== "add")) {
    throw wrong(
      `${how} operation does not apply: doc is missing ${rest.length > 0 ? "path" : "key"}: "${text}": missing value`,
    );
  }
  const copy: Draft = { ...value };
  if (rest.length > 0) put(copy, key, change(value[key] ?? null, rest, text, how, to));
  else if (how === "remove") Reflect.deleteProperty(copy, key);
  else put(copy, key, to ?? null);
  return copy;
}

/** JSON Patch (RFC 6902): all operations, or none and an error. */
export function applyJsonPatch(document: Json, patch: Json): Json {
  if (!isArray(patch))
    throw badRequest("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  if (patch.length > most)
    throw new ApiError(
      413,
      "RequestEntityTooLarge",
      `Request entity too large: The allowed maximum operations in a JSON patch is ${most}, got ${patch.length}`,
    );
  let value = document;
  for (const operation of patch) {
    if (!isObject(operation)) throw badRequest("error decoding patch: an operation is no object");
    const { op, path, from, value: given = null } = operation;
    if (typeof path !== "string") throw wrong("operation lacks a path");
    const to = pointer(path);
    const how = typeof op === "string" ? op : "";
    switch (how) {
      case "add":
      case "replace":
      case "remove":
        if (to.length === 0 && op === "remove") throw wrong("the whole document cannot be removed");
        value = change(value, to, path, how, given);
        break;
      case "copy":
      case "move": {
        if (typeof from !== "string") throw wrong(`${how} operation lacks from`);
        if (op === "move" && path.startsWith(`${from}/`)) throw wrong("a value cannot be moved into itself");
        const moved = read(value, pointer(from), from);
        if (op === "move") value = change(value, pointer(from), from, "remove");
        value = change(value, to, path, "add", moved);
        break;
      }
      case "test":
        if (!equal(read(value, to, path), given)) throw wrong(`testing value ${path} failed: test failed`);
        break;
      default:
        throw wrong(`Unexpected kind: ${JSON.stringify(op ?? null)}`);
    }
  }
  return value;
}
