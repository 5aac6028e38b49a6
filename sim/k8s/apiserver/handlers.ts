import { decode } from "../objects/decode.js";
import { groupVersion, type Resource } from "../objects/kinds.js";
import { structNamed } from "../objects/structs.js";
import { isObject, stringAt, type Draft, type Json, type JsonObject, type KubeObject, show } from "../objects/value.js";
import { contentType, parseBody, patchValue } from "./body.js";
import { applyConfiguration } from "./fields/managed-fields.js";
import { formList, formObject, presentation } from "./form.js";
import { list } from "./listing.js";
import type { Form } from "./negotiation.js";
import { parseListOptions, type DeleteOptions } from "./options.js";
import { applyJsonPatch } from "./patch/json-patch.js";
import { applyMergePatch } from "./patch/merge-patch.js";
import { applyStrategicMergePatch } from "./patch/strategic-merge.js";
import { decodeAs, type Writer } from "./decoding.js";
import type { Registry } from "./registry.js";
import type { ResourceRequest } from "./request-info.js";
import { json, type ApiRequest, type ApiResponse, type ApiStream } from "./request.js";
import type { Served } from "./served.js";
import { storageError } from "./collection.js";
import { ApiError, badRequest, invalid, notFound, success, unsupportedMediaType } from "./status.js";
import { watch } from "./watching.js";
import type { ApiWork } from "./work.js";
import type { Engine, Rng } from "../../core/index.js";

/** A request for a resource, all that is known of it. */
export interface Call extends ResourceRequest {
  readonly request: ApiRequest;
  readonly query: Readonly<Record<string, string>>;
  readonly form: Form;
  readonly writer: Writer;
}

export interface Machinery {
  readonly engine: Engine;
  readonly rng: Rng;
  readonly served: Served;
  readonly registry: Registry;
  readonly work: ApiWork;
}

const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "application/apply-patch+cbor",
];

/** The resource in whose version objects are kept. */
function keptAs({ served }: Machinery, resource: Resource): Resource {
  const { group, version, plural } = resource.storage;
  return served.at(group, version, plural) ?? resource;
}

function forming(machinery: Machinery, { resource, form, query }: Call): Parameters<typeof formObject>[1] {
  return { resource, kept: keptAs(machinery, resource), form, query, now: machinery.registry.seconds };
}

const answer = (machinery: Machinery, call: Call, status: number, object: KubeObject): ApiResponse =>
  json(status, formObject(object, forming(machinery, call)));

export function read(machinery: Machinery, call: Call): ApiResponse | ApiStream {
  const { registry, engine, rng, work } = machinery;
  const { resource, namespace, name, verb, query } = call;
  const { resourceVersion = "" } = query;
  const unreachable = verb !== "watch" && resourceVersion === "" ? registry.storage.unreachable?.() : undefined;
  if (unreachable !== undefined) throw storageError(unreachable);
  if (verb === "get") {
    return answer(machinery, call, 200, registry.get(resource, namespace, name));
  }
  const named = name === "" ? query : { ...query, fieldSelector: `metadata.name=${name}` };
  const options = parseListOptions(named, resource, verb === "watch");
  const collection = registry.collection(resource);
  const prefix = registry.prefix(resource, namespace);
  if (verb === "list") {
    const single = !resource.namespaced || namespace !== "";
    return json(200, formList(list(collection, registry.storage, prefix, options, single), forming(machinery, call)));
  }
  return watch(collection, resource, prefix, options, presentation(forming(machinery, call)), {
    engine,
    rng,
    work,
    revision: () => registry.storage.revision,
  });
}

/** What a body says of itself must be what the path says. */
function agree(given: JsonObject, { resource, namespace, name }: Call): void {
  const kind = given["kind"];
  const apiVersion = given["apiVersion"];
  const wanted = groupVersion(resource);
  if ((kind !== undefined && kind !== resource.kind) || (apiVersion !== undefined && apiVersion !== wanted)) {
    const of = typeof kind === "string" ? kind : resource.kind;
    const version = typeof apiVersion === "string" ? apiVersion : wanted;
    throw badRequest(
      `${of} in version "${version.split("/").at(-1) ?? ""}" cannot be handled as a ${resource.kind}: converting (${version}).${of} to (${wanted}).${resource.kind}: unknown conversion`,
    );
  }
  const within = stringAt(given, "metadata", "namespace") ?? "";
  if (resource.namespaced && within !== "" && within !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  const called = stringAt(given, "metadata", "name") ?? "";
  if (name !== "" && called !== "" && called !== name) {
    throw badRequest(`the name of the object (${called}) does not match the name on the URL (${name})`);
  }
}

export function create(machinery: Machinery, call: Call): ApiResponse {
  const { resource, namespace, writer } = call;
  const given = parseBody(call.request, resource);
  agree(given, call);
  // Events are most of what is created, and nobody changes parts of them on their way.
  const lasting = call.request.lasting === true && resource.kind === "Event";
  const draft = decodeAs(resource, given, writer, lasting);
  const object = machinery.registry.create(resource, namespace, draft, writer);
  return answer(machinery, call, 201, object);
}

export function update(machinery: Machinery, call: Call): ApiResponse {
  const { registry } = machinery;
  const { resource, namespace, name, subresource, writer } = call;
  const given = parseBody(call.request, resource);
  agree(given, call);
  const called = stringAt(given, "metadata", "name") ?? "";
  if (called === "") throw badRequest(`name must be provided`);
  const draft = decodeAs(resource, given, writer);
  const found = registry.find(resource, namespace, name);
  if (found === undefined) {
    // Some kinds are made by a PUT (`AllowCreateOnUpdate`).
    if (!["Lease", "Event", "Endpoints"].includes(resource.kind) || subresource !== "") throw notFound(resource, name);
    return answer(machinery, call, 201, registry.create(resource, namespace, draft, writer));
  }
  return answer(
    machinery,
    call,
    200,
    registry.update(resource, namespace, name, subresource, () => draft, writer),
  );
}

/** What a patch makes of an object. */
export function patched(resource: Resource, old: KubeObject, type: string, given: () => Json): JsonObject {
  const result = ((): Json => {
    switch (type) {
      case "application/json-patch+json":
        return applyJsonPatch(old, given());
      case "application/merge-patch+json":
        return mergeObject(old, given());
      case "application/strategic-merge-patch+json":
        if (resource.custom !== undefined)
          throw unsupportedMediaType(patchTypes.filter((each) => !each.includes("strategic")));
        return applyStrategicMergePatch(resource.struct, old, given());
      default:
        throw unsupportedMediaType(patchTypes);
    }
  })();
  if (!isObject(result)) throw badRequest("the patched document is no object");
  return result;
}

/**
 * What of a patched object counts where its status alone may change; all of it, to be complained of, where the patch meant more.
 * Statuses are most of what is written, and specs most of what is in objects.
 */
function statusAlone(made: JsonObject, old: KubeObject): JsonObject {
  const { apiVersion, kind, metadata, status } = made;
  for (const key in made) {
    if (key === "metadata" || key === "status") continue;
    if (made[key] !== old[key]) return made;
  }
  return { apiVersion, kind, metadata, status };
}

function mergeObject(old: KubeObject, patch: Json): Json {
  if (!isObject(patch))
    throw badRequest("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}");
  return applyMergePatch(old, patch);
}

export function patch(machinery: Machinery, call: Call): ApiResponse {
  const { registry } = machinery;
  const { resource, namespace, name, subresource, writer, request } = call;
  const type = contentType(request);
  if (type === "application/apply-patch+yaml") return apply(machinery, call);
  if (writer.options.force !== undefined) {
    throw invalid("meta.k8s.io", "PatchOptions", "", [
      { reason: "FieldValueForbidden", field: "force", message: "Forbidden: may not be specified for non-apply patch" },
    ]);
  }
  const given = (): Json => patchValue(request, "error decoding patch");
  const make = (old: KubeObject): Draft => {
    const made = patched(resource, old, type, given);
    agree(made, call);
    const alone = subresource === "status" ? statusAlone(made, old) : made;
    if (alone === made) return decodeAs(resource, made, writer);
    return decodeAs(resource, alone, writer, request.lasting === true, old);
  };
  return answer(machinery, call, 200, registry.update(resource, namespace, name, subresource, make, writer));
}

/** Server-side apply. */
function apply(machinery: Machinery, call: Call): ApiResponse {
  const { registry } = machinery;
  const { resource, namespace, name, subresource, writer, query, request } = call;
  const manager = query["fieldManager"] ?? "";
  if (manager === "") {
    throw invalid("meta.k8s.io", "PatchOptions", "", [
      { reason: "FieldValueRequired", field: "fieldManager", message: "Required value: is required for apply patch" },
    ]);
  }
  const given = patchValue(request, "error decoding YAML", true);
  if (!isObject(given)) throw badRequest("error decoding YAML: the configuration is no object");
  for (const key of ["apiVersion", "kind"]) {
    if (typeof given[key] !== "string") throw badRequest(`error decoding YAML: ${key} must be set`);
  }
  agree(given, call);
  if (
    stringAt(given, "metadata", "resourceVersion") === undefined &&
    isObject(given["metadata"]) &&
    given["metadata"]["managedFields"] !== undefined
  ) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const config = decodeAs(resource, given, writer);
  const metadata: Draft = { ...(isObject(config["metadata"]) ? config["metadata"] : {}), name };
  config["metadata"] = metadata;
  const options = { manager, force: writer.options.force === true, subresource, time: registry.time };
  const old = registry.find(resource, namespace, name);
  if (old === undefined) {
    if (subresource !== "") throw notFound(resource, name);
    const wanted = stringAt(metadata, "uid") ?? "";
    if (wanted !== "")
      throw new ApiError(
        409,
        "Conflict",
        `uid mismatch: the provided object specified uid ${wanted}, and no existing object was found`,
      );
    const draft = applyConfiguration(resource, undefined, config, options);
    const entries = (draft["metadata"] as Draft)["managedFields"];
    // What the server adds by defaults is nobody's.
    const object = registry.create(resource, namespace, draft, {
      ...writer,
      options: { ...writer.options, manager: "" },
    });
    if (writer.options.dryRun || entries === undefined) return answer(machinery, call, 201, object);
    return answer(machinery, call, 201, registry.note(resource, object, entries));
  }
  const make = (live: KubeObject): Draft => {
    const draft = applyConfiguration(resource, live, config, options);
    return decode(resource.struct, draft).value;
  };
  return answer(machinery, call, 200, registry.update(resource, namespace, name, subresource, make, writer, true));
}

/** @throws ApiError 400, 415, 422 */
function parseDeleteOptions(call: Call): DeleteOptions {
  const { query, request } = call;
  const { body } = request;
  const has =
    body !== undefined && (typeof body === "object" && !(body instanceof Uint8Array) ? true : body.length > 0);
  const given = has ? parseBody(request, deleteOptions) : {};
  const { value, error } = decode(deleteOptions.struct, given);
  if (error !== undefined) throw badRequest(error);
  const number = value["gracePeriodSeconds"] ?? query["gracePeriodSeconds"];
  const policy = value["propagationPolicy"] ?? query["propagationPolicy"];
  const orphan =
    value["orphanDependents"] ??
    (query["orphanDependents"] === undefined ? undefined : query["orphanDependents"] === "true");
  const refuse = (field: string, message: string): ApiError =>
    invalid("meta.k8s.io", "DeleteOptions", "", [{ reason: "FieldValueInvalid", field, message }]);
  if (number !== undefined && !/^-?\d{1,15}$/.test(show(number)))
    throw badRequest(`invalid gracePeriodSeconds ${show(number)}`);
  if (policy !== undefined && policy !== "Orphan" && policy !== "Background" && policy !== "Foreground") {
    throw refuse(
      "propagationPolicy",
      `Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`,
    );
  }
  if (policy !== undefined && orphan !== undefined) {
    throw refuse(
      "propagationPolicy",
      `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`,
    );
  }
  const dryRun = value["dryRun"] ?? (query["dryRun"] === undefined ? [] : [query["dryRun"]]);
  return {
    gracePeriodSeconds: number === undefined ? undefined : Number(number),
    propagationPolicy: policy ?? (orphan === undefined ? undefined : orphan ? "Orphan" : "Background"),
    uid: stringAt(value, "preconditions", "uid"),
    resourceVersion: stringAt(value, "preconditions", "resourceVersion"),
    dryRun: Array.isArray(dryRun) && dryRun.includes("All"),
  };
}

const deleteOptions = { group: "", version: "v1", kind: "DeleteOptions", struct: structNamed("meta.DeleteOptions") };

export function remove(machinery: Machinery, call: Call): ApiResponse {
  const { resource, namespace, name, writer } = call;
  const options = parseDeleteOptions(call);
  const { object, gone } = machinery.registry.delete(resource, namespace, name, options, writer);
  // Pods and what can be gone only later answer with the object, others with a Status.
  if (gone && resource.kind !== "Pod") return json(200, success(resource, name, object.metadata.uid));
  return answer(machinery, call, 200, object);
}

export function removeAll(machinery: Machinery, call: Call): ApiResponse {
  const { registry } = machinery;
  const { resource, namespace, query, writer } = call;
  const options = parseDeleteOptions(call);
  const found = list(
    registry.collection(resource),
    registry.storage,
    registry.prefix(resource, namespace),
    parseListOptions(query, resource, false),
  );
  for (const { metadata } of found.items) {
    try {
      registry.delete(resource, metadata.namespace ?? "", metadata.name ?? "", options, writer);
    } catch (error) {
      // Gone by itself meanwhile.
      if (!(error instanceof ApiError) || error.code !== 404) throw error;
    }
  }
  return json(200, formList(found, forming(machinery, call)));
}
