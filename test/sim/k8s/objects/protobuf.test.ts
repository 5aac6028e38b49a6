import { expect, test } from "vitest";
import { decodeBase64, Rng } from "../../../../sim/core/index.js";
import { ApiServer, type Json, type JsonObject } from "../../../../sim/k8s/index.js";
import { decode } from "../../../../sim/k8s/objects/decode.js";
import { builtin, groupVersion } from "../../../../sim/k8s/objects/kinds.js";
import type { Struct, Type } from "../../../../sim/k8s/objects/notation.js";
import { decodeProtobuf, hasProtobuf, openEnvelope } from "../../../../sim/k8s/objects/protobuf.js";
import { structNamed } from "../../../../sim/k8s/objects/structs.js";
import { parseTime } from "../../../../sim/k8s/objects/time.js";
import { isArray, isObject, show } from "../../../../sim/k8s/objects/value.js";
import { objectOf } from "../arbitrary.js";
import { kubectlBodies } from "./kubectl-bodies.js";
import { inEnvelope } from "./protobuf-encoder.js";

const type = { "content-type": "application/vnd.kubernetes.protobuf" };

test.each(kubectlBodies)("kubectl 1.32 $command", ({ body, struct, apiVersion, kind, says }) => {
  const envelope = openEnvelope(decodeBase64(body));
  expect([envelope.apiVersion, envelope.kind]).toEqual([apiVersion, kind]);
  expect(decodeProtobuf(structNamed(struct), envelope.raw)).toEqual(says);
});

/** Whether a value says no more than that it is there. */
const isZero = (value: Json | undefined): boolean =>
  isArray(value) ? value.length === 0 : isObject(value) ? Object.values(value).every(isZero) : !value || value === "0";

/** Where what was read isn't what was sent. */
function differences(of: Type, sent: Json | undefined, read: Json | undefined, path: string): readonly string[] {
  if (of.of === "struct") return missing(of.struct, sent as JsonObject, read as JsonObject, path);
  if (of.of === "list" && isArray(sent))
    return sent.flatMap((item, i) => differences(of.item, item, isArray(read) ? read[i] : undefined, `${path}[${i}]`));
  if (of.of === "map" && isObject(sent))
    return Object.keys(sent).flatMap((key) =>
      differences(of.value, sent[key], isObject(read) ? read[key] : undefined, `${path}.${key}`),
    );
  const time = of.of === "scalar" && (of.name === "time" || of.name === "microtime");
  const same = time ? parseTime(show(sent)) === parseTime(show(read)) : show(sent) === show(read);
  return same ? [] : [`${path}: ${show(sent)} became ${show(read)}`];
}

function missing(struct: Struct, sent: JsonObject, read: JsonObject, path = ""): readonly string[] {
  return [...struct.fields.values()].flatMap((field) => {
    const at = `${path}.${field.name}`;
    const [before, after] = [sent[field.name], read[field.name]];
    if (field.wire === undefined || before === undefined || before === null) return [];
    if (after !== undefined) return differences(field.type, before, after, at);
    // What Go can't tell from nothing.
    return isZero(before) && !(field.wire.pointer && !isArray(before) && field.type.of !== "map")
      ? []
      : [`${at} is gone`];
  });
}

test("an object of any kind says the same in protobuf as in JSON", () => {
  const rng = new Rng(3);
  let fields = 0;
  for (const resource of builtin.filter(({ struct }) => hasProtobuf(struct)))
    for (let i = 0; i < 40; i++) {
      const { value, error } = decode(resource.struct, objectOf(rng, resource.struct));
      if (error !== undefined) continue;
      const object = { ...value, apiVersion: groupVersion(resource), kind: resource.kind };
      const { raw, ...type } = openEnvelope(inEnvelope(resource.struct, object));
      expect(type).toEqual({ apiVersion: object.apiVersion, kind: object.kind });
      const read = decodeProtobuf(resource.struct, raw);
      expect(missing(resource.struct, value, read)).toEqual([]);
      fields += JSON.stringify(read).split(":").length;
    }
  expect(fields).toBeGreaterThan(5000);
});

test("every kind that is created has its fields' numbers, but CustomResourceDefinitions", () => {
  const without = builtin.filter(({ struct }) => !hasProtobuf(struct)).map(({ kind }) => kind);
  expect(without).toEqual(["CustomResourceDefinition"]);
  const unnumbered = [...new Set(builtin.map(({ struct }) => struct))]
    .filter(hasProtobuf)
    .flatMap(({ name, fields }) =>
      [...fields.values()].filter((f) => f.wire === undefined).map((f) => `${name} ${f.name}`),
    )
    .filter((text) => !/ (apiVersion|kind)$/.test(text));
  expect(unnumbered).toEqual([]);
});

function post(path: string, body: Uint8Array): { readonly status: number; readonly message: string } {
  const { status, object } = new ApiServer({ bootstrap: false }).handle({ method: "POST", path, body, headers: type });
  return { status, message: typeof object?.["message"] === "string" ? object["message"] : "" };
}

const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { a: "b" } };
const configMaps = "/api/v1/namespaces/default/configmaps";

test("malformed bodies are refused as a real server refuses them", () => {
  const good = inEnvelope(structNamed("core.ConfigMap"), configMap);
  const refused = (body: Uint8Array): string => {
    const { status, message } = post(configMaps, body);
    expect(status).toBe(400);
    return message;
  };
  const unrecognized = "the object provided is unrecognized (must be of type ConfigMap): ";
  expect(refused(new Uint8Array(0))).toBe(`${unrecognized}empty data (<empty>)`);
  expect(refused(Uint8Array.of(0x6b, 0x38, 0x73, 0))).toBe(`${unrecognized}empty body (6b387300)`);
  expect(refused(Uint8Array.of(0x7b, 0x7d))).toBe(
    `${unrecognized}provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] ({})`,
  );
  expect(refused(good.subarray(0, -3))).toMatch(/unrecognized .*unexpected EOF \(6b387300.* \.\.\.\)$/);
  expect(refused(inEnvelope(structNamed("core.Secret"), { ...configMap, kind: "Secret", data: {} }))).toBe(
    'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1).Secret to (v1).ConfigMap: unknown conversion',
  );
  // A name that is a number, inside an envelope that is right.
  const raw = Uint8Array.of(0x0a, 2, 0x08, 1);
  const envelope = Uint8Array.of(0x6b, 0x38, 0x73, 0, 0x12, raw.length, ...raw);
  expect(refused(envelope)).toBe(
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: proto: wrong wireType = 0 for field Name',
  );
});

test("whatever bytes come, a status goes back", () => {
  const rng = new Rng(9);
  const api = new ApiServer();
  const codes = new Map<number, number>();
  for (const resource of builtin)
    for (let i = 0; i < 12; i++) {
      const object = { ...objectOf(rng, resource.struct), apiVersion: groupVersion(resource), kind: resource.kind };
      const { value, error } = decode(resource.struct, object);
      if (error !== undefined || !hasProtobuf(resource.struct)) continue;
      const body = inEnvelope(resource.struct, value);
      for (let j = 0; j < i; j++) body[4 + (rng.uint32() % (body.length - 4))] = rng.uint32() % 256;
      const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${groupVersion(resource)}`;
      const path = `${root}/${resource.namespaced ? "namespaces/default/" : ""}${resource.plural}`;
      const { status } = api.handle({ method: "POST", path, body, headers: type });
      codes.set(status, (codes.get(status) ?? 0) + 1);
    }
  expect([...codes.keys()].filter((code) => ![201, 400, 403, 404, 405, 409, 422].includes(code))).toEqual([]);
  expect(codes.get(400)).toBeGreaterThan(100);
  expect((codes.get(422) ?? 0) + (codes.get(201) ?? 0)).toBeGreaterThan(20);
});

test("custom resources have no protobuf", () => {
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const { status, message } = post(definitions, Uint8Array.of(0x6b, 0x38, 0x73, 0, 0x12, 0));
  expect(status).toBe(415);
  expect(message).toMatch(/accepted media types include: application\/json, application\/yaml$/);
});
