import { decodeBase64, encodeUtf8, concatBytes, InvariantError, ProtobufMessage } from "../../../../sim/core/index.js";
import type { Field, ScalarName, Struct, Type } from "../../../../sim/k8s/objects/notation.js";
import { parseTime } from "../../../../sim/k8s/objects/time.js";
import {
  isArray,
  isObject,
  show,
  stringAt,
  type Json,
  type JsonArray,
  type JsonObject,
} from "../../../../sim/k8s/objects/value.js";

/** An object in the envelope that a client sends. @param struct of its kind */
export function inEnvelope(struct: Struct, object: JsonObject): Uint8Array {
  const type = new ProtobufMessage()
    .text(1, stringAt(object, "apiVersion") ?? "")
    .text(2, stringAt(object, "kind") ?? "");
  const unknown = new ProtobufMessage().message(1, type).message(2, encodeProtobuf(struct, object));
  return concatBytes([encodeUtf8("k8s\0"), unknown.text(3, "").text(4, "").done]);
}

/** An object as the message of its kind. @param value of the right types: what `decode` made, or what is stored */
function encodeProtobuf(struct: Struct, value: JsonObject): ProtobufMessage {
  return encodeFields([...struct.fields.values()], 0, value);
}

function encodeFields(fields: readonly Field[], level: number, value: JsonObject): ProtobufMessage {
  const message = new ProtobufMessage();
  const below = new Map<number, Field[]>();
  for (const field of fields) {
    const { name, type, wire } = field;
    const number = wire?.numbers[level];
    if (number === undefined) continue;
    const given = value[name];
    if (wire?.numbers[level + 1] !== undefined) below.set(number, [...(below.get(number) ?? []), field]);
    else if (given === undefined || given === null) continue;
    else if (type.of === "list") for (const item of given as JsonArray) encodeValue(message, number, type.item, item);
    else if (type.of === "map")
      for (const [key, item] of Object.entries(given as JsonObject)) {
        const entry = new ProtobufMessage().text(1, key);
        encodeValue(entry, 2, type.value, item ?? null);
        message.message(number, entry);
      }
    else encodeValue(message, number, type, given);
  }
  // As Go does: a message that isn't behind a pointer is written though it is empty.
  for (const [number, inner] of below) message.message(number, encodeFields(inner, level + 1, value));
  return message;
}

function encodeValue(message: ProtobufMessage, number: number, type: Type, value: Json): void {
  if (type.of === "struct") message.message(number, encodeProtobuf(type.struct, isObject(value) ? value : {}));
  else if (type.of === "list") {
    const items = new ProtobufMessage();
    for (const item of isArray(value) ? value : []) encodeValue(items, 1, type.item, item);
    message.message(number, items);
  } else if (type.of === "scalar") encodeScalar(message, number, type.name, value);
}

function encodeScalar(message: ProtobufMessage, number: number, scalar: ScalarName, value: Json): void {
  const inner = new ProtobufMessage();
  switch (scalar) {
    case "string":
      message.text(number, show(value));
      return;
    case "bool":
      message.varint(number, value === true ? 1 : 0);
      return;
    case "int32":
    case "int64":
      message.varint(number, Number(value));
      return;
    case "double":
      message.double(number, Number(value));
      return;
    case "quantity":
      message.message(number, inner.text(1, show(value)));
      return;
    case "intstr":
      if (typeof value === "number") inner.varint(1, 0).varint(2, value);
      else inner.varint(1, 1).varint(2, 0).text(3, show(value));
      message.message(number, inner);
      return;
    case "time":
    case "microtime": {
      const text = show(value);
      const seconds = Math.floor(parseTime(text) ?? 0);
      const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? "";
      message.message(number, inner.varint(1, seconds).varint(2, Number(fraction.padEnd(9, "0"))));
      return;
    }
    case "bytes":
      message.bytes(number, decodeBase64(show(value)));
      return;
    case "any":
    case "fields":
      message.message(number, inner.text(1, JSON.stringify(value)));
      return;
    case "duration":
      throw new InvariantError("no kind that is sent has a duration");
  }
}
