import { hasDefaults } from "./defaults.js";
import { child } from "./field-error.js";
import { notQuantity, parseQuantity } from "./quantity.js";
import type { ScalarName, Struct, Type } from "./notation.js";
import { parseTime } from "./time.js";
import { isArray, isObject, put, type Draft, type Json, type JsonArray, type JsonObject } from "./value.js";

/** What came of reading JSON as a kind. */
export interface Decoded {
  /** A fresh copy that holds known fields of the right types only; nulls are gone. */
  readonly value: Draft;
  /** Paths of fields that the kind doesn't have. */
  readonly unknown: readonly string[];
  /** The first value of a wrong type, in the words of Go's decoder; then `value` is not to be used. */
  readonly error: string | undefined;
}

/** Thrown and caught here: a value of a wrong type ends the reading, as in Go's decoder. */
class WrongType extends Error {}

const goTypes: Readonly<Record<ScalarName, string>> = {
  string: "string",
  bool: "bool",
  int32: "int32",
  int64: "int64",
  double: "float64",
  quantity: "resource.Quantity",
  intstr: "intstr.IntOrString",
  time: "v1.Time",
  microtime: "v1.MicroTime",
  duration: "v1.Duration",
  bytes: "[]uint8",
  any: "",
  fields: "",
};

/** `PodSpec` of `io.k8s.api.core.v1.PodSpec`. */
const shortName = (struct: Struct): string => struct.name.slice(struct.name.lastIndexOf(".") + 1);

function goType(type: Type): string {
  if (type.of === "scalar") return goTypes[type.name];
  if (type.of === "list") return `[]${goType(type.item)}`;
  if (type.of === "map") return `map[string]${goType(type.value)}`;
  return `v1.${shortName(type.struct)}`;
}

const jsonType = (value: Json): string =>
  isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value === "object" ? "object" : typeof value;

class Decoder {
  readonly unknown: string[] = [];
  /** The keys and indices on the way to what is being read; a map's keys begin with a dot. Texts of paths are made of it where one is wanted. */
  readonly #way: (string | number)[] = [];
  readonly #lasting: boolean;

  /** @param lasting whether what is read may be given back itself */
  constructor(lasting: boolean) {
    this.#lasting = lasting;
  }

  /** @param old what may be given back where nothing in it is different */
  struct(struct: Struct, value: JsonObject, old: Json | undefined): Draft {
    const draft: Draft = {};
    const before = isObject(old) ? old : undefined;
    let same = before !== undefined;
    // What gets defaults is changed later, and so copied now.
    let asGiven = this.#lasting && !hasDefaults(struct);
    let count = 0;
    for (const key in value) {
      const given = value[key];
      if (given === undefined || given === null) {
        asGiven = false;
        continue;
      }
      const field = struct.fields.get(key);
      if (field === undefined) {
        same = false;
        asGiven = false;
        if (struct.open === true) put(draft, key, given);
        else this.unknown.push(this.#path(key));
        continue;
      }
      const was = before?.[key];
      this.#way.push(key);
      const read = this.value(field.type, given, struct, was);
      this.#way.pop();
      draft[key] = read;
      count++;
      if (read !== was) same = false;
      if (read !== given) asGiven = false;
    }
    if (same && before !== undefined) {
      for (const key in before) if (before[key] !== undefined) count--;
      if (count === 0) return before;
    }
    return asGiven ? value : draft;
  }

  value(type: Type, value: Json, within: Struct, old?: Json): Json {
    switch (type.of) {
      case "struct":
        if (!isObject(value)) throw this.#wrong(type, value, within);
        return this.struct(type.struct, value, old);
      case "list":
        if (!isArray(value)) throw this.#wrong(type, value, within);
        return this.#list(type.item, value, within, old);
      case "map":
        if (!isObject(value)) throw this.#wrong(type, value, within);
        return this.#map(type.value, value, within);
      case "scalar":
        return this.#scalar(type, value, within);
    }
  }

  #list(item: Type, value: JsonArray, within: Struct, old: Json | undefined): Json {
    const before = isArray(old) ? old : undefined;
    let same = before?.length === value.length;
    let asGiven = this.#lasting;
    const read = value.map((each, i) => {
      const was = before?.[i];
      this.#way.push(i);
      const one = each === null ? zero(item) : this.value(item, each, within, was);
      this.#way.pop();
      if (one !== was) same = false;
      if (one !== each) asGiven = false;
      return one;
    });
    return same && before !== undefined ? before : asGiven ? value : read;
  }

  #map(item: Type, value: JsonObject, within: Struct): Json {
    const draft: Draft = {};
    let asGiven = this.#lasting;
    for (const key in value) {
      const given = value[key] ?? null;
      if (item.of !== "scalar") this.#way.push(`.${key}`);
      const read = given === null ? zero(item) : this.value(item, given, within);
      if (item.of !== "scalar") this.#way.pop();
      if (read !== given) asGiven = false;
      put(draft, key, read);
    }
    return asGiven ? value : draft;
  }

  /** The path of a field of what is being read. */
  #path(field: string): string {
    let path = "";
    for (const step of [...this.#way, field])
      path = typeof step === "number" ? `${path}[${step}]` : step.startsWith(".") ? path + step : child(path, step);
    return path;
  }

  #scalar(type: Extract<Type, { of: "scalar" }>, value: Json, within: Struct): Json {
    switch (type.name) {
      case "any":
        return value;
      case "fields":
        if (isObject(value)) return value;
        break;
      case "string":
      case "duration":
        if (typeof value === "string") return value;
        break;
      case "bool":
        if (typeof value === "boolean") return value;
        break;
      case "double":
        if (typeof value === "number") return value;
        break;
      case "int32":
      case "int64": {
        const limit = type.name === "int32" ? 2 ** 31 : 2 ** 63;
        if (typeof value === "number" && Number.isInteger(value) && value >= -limit && value < limit) return value;
        if (typeof value === "number") throw this.#wrong(type, value, within, `number ${value}`);
        break;
      }
      case "intstr":
        if (typeof value === "string" || (typeof value === "number" && Number.isInteger(value))) return value;
        break;
      case "quantity": {
        if (typeof value !== "string" && typeof value !== "number") break;
        if (parseQuantity(value) === undefined) throw new WrongType(notQuantity);
        return String(value);
      }
      case "time":
      case "microtime":
        if (typeof value !== "string") break;
        if (parseTime(value) === undefined) {
          throw new WrongType(
            `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
          );
        }
        return value;
      case "bytes": {
        if (typeof value !== "string") break;
        const at = value.replace(/[\r\n]/g, "").search(/[^A-Za-z0-9+/=]|=(?=[^=])|={3,}/);
        const odd = value.replace(/[\r\n]/g, "").length % 4 !== 0;
        if (at >= 0 || odd)
          throw new WrongType(`illegal base64 data at input byte ${at >= 0 ? at : value.length - (value.length % 4)}`);
        return value;
      }
    }
    throw this.#wrong(type, value, within);
  }

  #wrong(type: Type, value: Json, within: Struct, what: string = jsonType(value)): WrongType {
    // Without indices and maps' keys, as Go's decoder names it.
    const plain = this.#way.filter((step) => typeof step === "string" && !step.startsWith(".")).join(".");
    return new WrongType(
      `json: cannot unmarshal ${what} into Go struct field ${shortName(within)}.${plain} of type ${goType(type)}`,
    );
  }
}

function zero(type: Type): Json {
  if (type.of === "struct" || type.of === "map") return {};
  if (type.of === "list") return [];
  switch (type.name) {
    case "bool":
      return false;
    case "int32":
    case "int64":
    case "double":
    case "intstr":
      return 0;
    case "quantity":
      return "0";
    case "any":
    case "fields":
    case "time":
    case "microtime":
      return null;
    case "string":
    case "bytes":
    case "duration":
      return "";
  }
}

/**
 * Reads JSON as a kind: copies what the kind has, notes what it hasn't.
 * @param old an object whose parts stand in the copy where they are what was read: it must not be changed then
 * @param lasting whether `value` is never changed again: then its parts stand in the copy, too, but for those that get defaults
 */
export function decode(struct: Struct, value: JsonObject, old?: JsonObject, lasting = false): Decoded {
  const decoder = new Decoder(lasting);
  try {
    return { value: decoder.struct(struct, value, old), unknown: decoder.unknown, error: undefined };
  } catch (error) {
    if (!(error instanceof WrongType)) throw error;
    return { value: {}, unknown: decoder.unknown, error: error.message };
  }
}
