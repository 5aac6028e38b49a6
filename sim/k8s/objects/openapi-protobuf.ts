import { ProtobufMessage } from "../../core/index.js";
import { isArray, isObject, type Json, type JsonObject } from "./value.js";

/**
 * An OpenAPI 2.0 document in protobuf (gnostic's `OpenAPIv2.proto`), the only form in which older clients read it. What kubectl makes
 * no use of, such as examples and licences, has no place here. What a document leaves out is left out of the message.
 */
class Message extends ProtobufMessage {
  override text(field: number, value: Json | undefined): this {
    return typeof value === "string" && value !== "" ? super.text(field, value) : this;
  }

  flag(field: number, value: Json | undefined): this {
    return value === true ? this.varint(field, 1) : this;
  }
}

/** `Any`, a value as YAML; JSON is YAML. */
const any = (value: Json): Message => new Message().text(2, JSON.stringify(value));
const named = (name: string, value: Message): Message => new Message().text(1, name).message(2, value);

/** Those members of an object that are extensions, as `NamedAny`. */
function extensions(message: Message, field: number, value: JsonObject): Message {
  for (const key in value) {
    const given = value[key];
    if (key.startsWith("x-") && given !== undefined) message.message(field, named(key, any(given)));
  }
  return message;
}

function schema(value: JsonObject): Message {
  const message = new Message().text(1, value["$ref"]).text(2, value["format"]).text(4, value["description"]);
  if (value["default"] !== undefined) message.message(5, any(value["default"]));
  for (const name of isArray(value["required"]) ? value["required"] : []) message.text(19, name);
  for (const each of isArray(value["enum"]) ? value["enum"] : []) message.message(20, any(each));
  if (isObject(value["additionalProperties"]))
    message.message(21, new Message().message(1, schema(value["additionalProperties"])));
  if (typeof value["type"] === "string") message.message(22, new Message().text(1, value["type"]));
  if (isObject(value["items"])) message.message(23, new Message().message(1, schema(value["items"])));
  if (isObject(value["properties"])) message.message(25, namedSchemas(value["properties"]));
  return extensions(message, 31, value);
}

function namedSchemas(schemas: JsonObject): Message {
  const message = new Message();
  for (const name in schemas) {
    const each = schemas[name];
    if (isObject(each)) message.message(1, named(name, schema(each)));
  }
  return message;
}

const verbs: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 };

function parameter(value: JsonObject): Message {
  const query = new Message()
    .text(2, value["in"])
    .text(4, value["name"])
    .text(6, value["type"])
    .flag(20, value["uniqueItems"]);
  // ParametersItem → Parameter → NonBodyParameter → QueryParameterSubSchema
  return new Message().message(1, new Message().message(2, new Message().message(3, query)));
}

function operation(value: JsonObject): Message {
  const message = new Message().text(5, value["operationId"]);
  for (const each of isArray(value["parameters"]) ? value["parameters"] : [])
    if (isObject(each)) message.message(8, parameter(each));
  const responses = new Message();
  for (const code in isObject(value["responses"]) ? value["responses"] : {}) {
    responses.message(1, named(code, new Message().message(1, new Message().text(1, "OK"))));
  }
  return extensions(message.message(9, responses), 13, value);
}

/** @param document what `openApiV2` makes */
export function encodeOpenApi(document: JsonObject): Uint8Array {
  const { info, paths, definitions } = document;
  const message = new Message().text(1, document["swagger"]);
  if (isObject(info)) message.message(2, new Message().text(1, info["title"]).text(2, info["version"]));
  const all = new Message();
  for (const path in isObject(paths) ? paths : {}) {
    const item = isObject(paths) ? paths[path] : undefined;
    const made = new Message();
    for (const verb in isObject(item) ? item : {}) {
      const each = isObject(item) ? item[verb] : undefined;
      const field = verbs[verb];
      if (isObject(each) && field !== undefined) made.message(field, operation(each));
    }
    all.message(2, named(path, made));
  }
  message.message(8, all);
  if (isObject(definitions)) message.message(9, namedSchemas(definitions));
  return message.done;
}
