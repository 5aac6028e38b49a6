import {
  encodeBase64,
  InvariantError,
  ProtobufError,
  readProtobuf,
  varintsOf,
  type WireField,
} from "../../core/index.js";
import type { Field, ScalarName, Struct, Type } from "./notation.js";
import { decodeUtf8 } from "./text.js";
import { formatTime } from "./time.js";
import { isArray, isObject, put, type Draft, type Json } from "./value.js";

/**
 * Objects in protobuf, as Go's clients send them (kubernetes.io, "API concepts", Protobuf encoding; the messages are those of the
 * generated.proto beside each version's types, whose numbers the field tables have).
 *
 * Go writes what isn't a pointer though it is zero, and reads zero where nothing is written. So a zero says something where the field is a
 * pointer, or one that JSON always has; elsewhere it is left out.
 */

/** What stands before the envelope. */
const magic = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);

/** The fields of a message by number; those of a message that only protobuf has are one level below. */
type Numbered = ReadonlyMap<number, Field | Numbered>;

const known = new WeakMap<Struct, Numbered>();

function numbered(struct: Struct): Numbered {
  const found = known.get(struct);
  if (found !== undefined) return found;
  const top = new Map<number, Field | Map<number, Field>>();
  for (const field of struct.fields.values()) {
    const [first, second] = field.wire?.numbers ?? [];
    if (first === undefined) continue;
    const below = top.get(first);
    if (second === undefined) top.set(first, field);
    else if (below instanceof Map) below.set(second, field);
    else top.set(first, new Map([[second, field]]));
  }
  known.set(struct, top);
  return top;
}

/** Whether a kind can be sent so: custom resources and CustomResourceDefinitions can't, here. */
export const hasProtobuf = (struct: Struct): boolean => numbered(struct).size > 1;

const shortName = ({ name }: Struct): string => name.slice(name.lastIndexOf(".") + 1);

/** What an envelope (`runtime.Unknown`) says of itself, and holds. */
export interface Envelope {
  /** Undefined where it doesn't say. */
  readonly apiVersion: string | undefined;
  readonly kind: string | undefined;
  readonly raw: Uint8Array;
}

/** @throws ProtobufError in the words of Go's serializer */
export function openEnvelope(body: Uint8Array): Envelope {
  if (body.length === 0) throw new ProtobufError("empty data");
  if (magic.some((byte, i) => body[i] !== byte))
    throw new ProtobufError(
      `provided data does not appear to be a protobuf message, expected prefix [${magic.join(" ")}]`,
    );
  if (body.length === magic.length) throw new ProtobufError("empty body");
  let [apiVersion, kind, raw] = ["", "", new Uint8Array(0)];
  for (const field of readProtobuf(body.subarray(magic.length), "Unknown")) {
    if (field.number === 1)
      for (const part of readProtobuf(delimited(field, "TypeMeta"), "TypeMeta")) {
        if (part.number === 1) apiVersion = decodeUtf8(delimited(part, "APIVersion"));
        if (part.number === 2) kind = decodeUtf8(delimited(part, "Kind"));
      }
    if (field.number === 2) raw = Uint8Array.from(delimited(field, "Raw"));
  }
  return { apiVersion: apiVersion || undefined, kind: kind || undefined, raw };
}

/** @throws ProtobufError */
function delimited({ wire, bytes }: WireField, name: string): Uint8Array {
  if (wire !== 2) throw wrongType(wire, name);
  return bytes;
}

const wrongType = (wire: number, name: string): ProtobufError =>
  new ProtobufError(`proto: wrong wireType = ${wire} for field ${name.charAt(0).toUpperCase()}${name.slice(1)}`);

/**
 * Reads a message as JSON of a kind. Numbers that the kind doesn't have are passed over, as they must be.
 * @throws ProtobufError
 */
export function decodeProtobuf(struct: Struct, bytes: Uint8Array): Draft {
  const draft: Draft = {};
  readInto(draft, numbered(struct), bytes, shortName(struct));
  for (const field of struct.fields.values())
    if (!says(field, draft[field.name])) Reflect.deleteProperty(draft, field.name);
  return draft;
}

/** Whether a value that was read means something. */
function says({ type, wire, required }: Field, value: Json | undefined): boolean {
  if (value === undefined || value === null) return false;
  if (wire?.pointer === true || required) return true;
  if (isArray(value)) return value.length > 0;
  if (isObject(value)) return Object.keys(value).length > 0;
  return (
    value !== "" &&
    value !== false &&
    value !== 0 &&
    !(type.of === "scalar" && type.name === "quantity" && value === "0")
  );
}

function readInto(draft: Draft, fields: Numbered, bytes: Uint8Array, name: string): void {
  for (const each of readProtobuf(bytes, name)) {
    const field = fields.get(each.number);
    if (field === undefined) continue;
    if (field instanceof Map) readInto(draft, field as Numbered, delimited(each, name), name);
    else readField(draft, field as Field, each);
  }
}

function readField(draft: Draft, { name, type }: Field, field: WireField): void {
  const before = draft[name];
  switch (type.of) {
    case "list": {
      const items = isArray(before) ? before : [];
      const several = type.item.of === "scalar" && (type.item.name === "int32" || type.item.name === "int64");
      const made = several
        ? varintsOf(field).map((value) => Number(BigInt.asIntN(64, value)))
        : [readValue(type.item, field, name)];
      draft[name] = [...items, ...made];
      return;
    }
    case "map": {
      let key = "";
      let value: Json = zeroOf(type.value);
      for (const part of readProtobuf(delimited(field, name), name)) {
        if (part.number === 1) key = decodeUtf8(delimited(part, name));
        else if (part.number === 2) value = readValue(type.value, part, name);
      }
      const map: Draft = { ...(isObject(before) ? before : {}) };
      put(map, key, value);
      draft[name] = map;
      return;
    }
    case "struct": {
      const read = readValue(type, field, name);
      draft[name] = isObject(before) && isObject(read) ? { ...before, ...read } : read;
      return;
    }
    case "scalar":
      draft[name] = readValue(type, field, name);
  }
}

function zeroOf(type: Type): Json {
  if (type.of === "list") return [];
  if (type.of !== "scalar") return {};
  return type.name === "quantity" ? "0" : "";
}

function readValue(type: Type, field: WireField, name: string): Json {
  switch (type.of) {
    case "struct":
      return decodeProtobuf(type.struct, delimited(field, name));
    case "list": {
      // A map's value: the list in a message of its own.
      const item = type.item;
      const parts = readProtobuf(delimited(field, name), name);
      return parts.filter(({ number }) => number === 1).map((part) => readValue(item, part, name));
    }
    case "map":
      throw new InvariantError(`protobuf has no map in ${name}`);
    case "scalar":
      return readScalar(type.name, field, name);
  }
}

function readScalar(scalar: ScalarName, field: WireField, name: string): Json {
  const { wire, value, bytes } = field;
  const integer = (bits: number): number => {
    if (wire !== 0) throw wrongType(wire, name);
    return Number(BigInt.asIntN(bits, value));
  };
  const part = (number: number): WireField | undefined =>
    readProtobuf(delimited(field, name), name).findLast((each) => each.number === number);
  const number = (at: number): number => Number(BigInt.asIntN(64, part(at)?.value ?? 0n));
  switch (scalar) {
    case "string":
      return decodeUtf8(delimited(field, name));
    case "bool":
      return integer(64) !== 0;
    case "int32":
      return integer(32);
    case "int64":
      return integer(64);
    case "double":
      if (wire !== 1) throw wrongType(wire, name);
      return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true);
    case "quantity":
      return decodeUtf8(part(1)?.bytes ?? new Uint8Array(0)) || "0";
    case "intstr":
      return number(1) === 1 ? decodeUtf8(part(3)?.bytes ?? new Uint8Array(0)) : number(2);
    case "time":
    case "microtime": {
      // The time that Go takes for none is an empty message.
      if (delimited(field, name).length === 0) return null;
      const nanos = number(2);
      const seconds = number(1) + Math.floor(nanos / 1e9);
      if (scalar === "time") return formatTime(seconds);
      const micros = Math.floor((nanos - 1e9 * Math.floor(nanos / 1e9)) / 1000);
      return formatTime(seconds).replace("Z", `.${String(micros).padStart(6, "0")}Z`);
    }
    case "bytes":
      return encodeBase64(delimited(field, name));
    case "any":
    case "fields": {
      const text = decodeUtf8(part(1)?.bytes ?? new Uint8Array(0));
      if (text === "") return null;
      try {
        return JSON.parse(text) as Json;
      } catch {
        throw new ProtobufError(`couldn't get version/kind; json parse error: invalid JSON in field ${name}`);
      }
    }
    case "duration":
      throw new InvariantError("no kind that is sent has a duration");
  }
}
