import { encodeBase64, encodeUtf8, type Engine, type Rng } from "../../core/index.js";
import type { AdmissionCall, AdmissionPlugin, AdmissionView } from "../admission/admission.js";
import { decode } from "../objects/decode.js";
import { applyDefaults } from "../objects/defaults.js";
import { FieldErrors } from "../objects/field-error.js";
import { convert } from "../objects/conversion.js";
import { groupVersion, type Resource, type Subresource } from "../objects/kinds.js";
import { epoch, formatTime } from "../objects/time.js";
import { validate, validateUpdate } from "../objects/validation.js";
import {
  at,
  equal,
  isObject,
  listAt,
  numberAt,
  stringAt,
  withAt,
  type Draft,
  type Json,
  type JsonObject,
  type KubeObject,
} from "../objects/value.js";
import { Collection, storageError } from "./collection.js";
import { validateSchema } from "./crd/schema-validation.js";
import { trackUpdate } from "./fields/managed-fields.js";
import { EventMemory } from "./watching.js";
import type { DeleteOptions, WriteOptions } from "./options.js";
import type { User } from "./request.js";
import { ServiceAddresses } from "./service-addresses.js";
import { alreadyExists, ApiError, badRequest, conflict, invalid, modified, notFound } from "./status.js";
import type { Storage, StorageFailure } from "./storage.js";
import { deletesAtOnce, hasGeneration, strategies } from "./strategy.js";

/** Who writes, and how. */
export interface Writer {
  readonly user: User;
  readonly options: WriteOptions;
  readonly warn: (message: string) => void;
}

export interface RegistrySurroundings {
  readonly engine: Engine;
  readonly rng: Rng;
  readonly storage: Storage;
  readonly admission: readonly AdmissionPlugin[];
}

const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/**
 * Objects and the rules by which they come, change and go (apiserver, `pkg/registry/generic`). What it is handed is decoded; what
 * it hands out is as stored. Errors are thrown as ApiError, before anything has been written.
 */
export class Registry {
  readonly #engine: Engine;
  readonly #rng: Rng;
  readonly storage: Storage;
  readonly #admission: readonly AdmissionPlugin[];
  readonly #collections = new Map<string, { readonly collection: Collection; readonly memory: EventMemory }>();
  readonly #addresses: ServiceAddresses;
  readonly #view: AdmissionView;
  #second = -1;
  #time = "";

  constructor(
    { engine, rng, storage, admission }: RegistrySurroundings,
    resourceOf: (plural: string) => Resource | undefined,
  ) {
    this.#engine = engine;
    this.#rng = rng;
    this.storage = storage;
    this.#admission = admission;
    const named = (plural: string): Resource => {
      const resource = resourceOf(plural);
      if (resource === undefined) throw new ApiError(500, "InternalError", `no resource ${plural}`);
      return resource;
    };
    this.#addresses = new ServiceAddresses(this.collection(named("services")));
    this.#view = {
      get: (plural, namespace, name) => this.find(named(plural), namespace, name),
      list: (plural, namespace) => this.collection(named(plural)).under(this.prefix(named(plural), namespace)),
      setStatus: (plural, object, status) => {
        this.setStatus(named(plural), object, status);
      },
    };
  }

  /** Now, as objects note it. */
  get time(): string {
    const second = Math.floor(this.#engine.now / 1e9);
    if (second !== this.#second) {
      this.#second = second;
      this.#time = formatTime(epoch + second);
    }
    return this.#time;
  }

  get seconds(): number {
    return epoch + this.#engine.now / 1e9;
  }

  collection(resource: Resource): Collection {
    return this.#of(resource).collection;
  }

  memory(resource: Resource): EventMemory {
    return this.#of(resource).memory;
  }

  #of({ storage: { group, plural } }: Resource): { readonly collection: Collection; readonly memory: EventMemory } {
    const prefix = `/registry/${group === "" ? "" : `${group}/`}${plural}/`;
    let found = this.#collections.get(prefix);
    if (found === undefined) {
      found = { collection: new Collection(this.storage, prefix), memory: new EventMemory() };
      this.#collections.set(prefix, found);
    }
    return found;
  }

  /** Below which the keys of a namespace's objects lie; "" is all namespaces. */
  prefix(resource: Resource, namespace: string): string {
    const { prefix } = this.collection(resource);
    return resource.namespaced && namespace !== "" ? `${prefix}${namespace}/` : prefix;
  }

  key(resource: Resource, namespace: string, name: string): string {
    return this.prefix(resource, namespace) + name;
  }

  find(resource: Resource, namespace: string, name: string): KubeObject | undefined {
    return this.collection(resource).get(this.key(resource, namespace, name));
  }

  get(resource: Resource, namespace: string, name: string): KubeObject {
    const found = this.find(resource, namespace, name);
    if (found === undefined) throw notFound(resource, name);
    return found;
  }

  uid(): string {
    const words = Array.from({ length: 4 }, () => this.#rng.uint32().toString(16).padStart(8, "0")).join("");
    const variant = "89ab".charAt(this.#rng.uint32() & 3);
    return `${words.slice(0, 8)}-${words.slice(8, 12)}-4${words.slice(13, 16)}-${variant}${words.slice(17, 20)}-${words.slice(20)}`;
  }

  #suffix(): string {
    return Array.from({ length: 5 }, () => alphabet.charAt(this.#rng.uint32() % alphabet.length)).join("");
  }

  /** @param draft of the resource's own version, decoded, and the registry's to change */
  create(resource: Resource, namespace: string, draft: Draft, writer: Writer): KubeObject {
    const metadata: Draft = isObject(draft["metadata"]) ? { ...draft["metadata"] } : {};
    draft["metadata"] = metadata;
    const generated = metadata["generateName"];
    if ((metadata["name"] ?? "") === "" && typeof generated === "string" && generated !== "") {
      metadata["name"] = `${generated.slice(0, 58)}${this.#suffix()}`;
    }
    if (resource.namespaced) metadata["namespace"] = namespace;
    else if (metadata["namespace"] === "") Reflect.deleteProperty(metadata, "namespace");
    for (const key of ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields", "generation"]) {
      Reflect.deleteProperty(metadata, key);
    }
    if ((metadata["resourceVersion"] ?? "") !== "") {
      throw badRequest("resourceVersion should not be set on objects to be created");
    }
    Reflect.deleteProperty(metadata, "resourceVersion");
    metadata["uid"] = this.uid();
    metadata["creationTimestamp"] = this.time;
    if (hasGeneration(resource.kind, resource.custom !== undefined)) metadata["generation"] = 1;
    applyDefaults(resource.struct, draft);
    const kept = convert(draft as KubeObject, resource, this.#kept(resource)) as Draft;
    const own = this.#kept(resource);
    if (own !== resource) applyDefaults(own.struct, kept);
    if (own.kind === "Secret") encodeStringData(kept);
    this.#mutate({
      operation: "CREATE",
      resource,
      subresource: "",
      namespace,
      name: stringAt(metadata, "name") ?? "",
      user: writer.user,
      dryRun: writer.options.dryRun,
      object: kept,
      old: undefined,
      warn: writer.warn,
    });
    const strategy = strategies.get(own.kind);
    const errors = new FieldErrors();
    if (own.subresources.includes("status") && strategy?.create === undefined)
      kept["status"] = own.kind === "Node" ? kept["status"] : own.custom === undefined ? {} : undefined;
    if (kept["status"] === undefined) Reflect.deleteProperty(kept, "status");
    strategy?.create?.(kept, { rng: this.#rng, addresses: this.#addresses, now: this.time }, errors);
    const object = kept as KubeObject;
    this.#refuse(own, object, validate(own.struct, object, own.namespaced), errors);
    this.#validate({
      operation: "CREATE",
      resource,
      subresource: "",
      namespace,
      name: stringAt(metadata, "name") ?? "",
      user: writer.user,
      dryRun: writer.options.dryRun,
      object: kept,
      old: undefined,
      warn: writer.warn,
    });
    const name = object.metadata.name ?? "";
    if (this.find(resource, namespace, name) !== undefined) throw alreadyExists(resource, name);
    trackUpdate(own, undefined, kept, writer.options.manager, "", this.time);
    if (writer.options.dryRun) return object;
    const written = this.storage.put(this.key(resource, namespace, name), object, 0);
    if (!written.ok)
      throw written.failure === "conflict" ? alreadyExists(resource, name) : storageError(written as StorageFailure);
    return object;
  }

  /**
   * Puts what `make` makes of the object that is there in its place.
   * @param make gets the object in the resource's version; what it returns is decoded and new
   * @param subresource which part of the object may change: "" all but the status
   */
  update(
    resource: Resource,
    namespace: string,
    name: string,
    subresource: Subresource | "",
    make: (old: KubeObject) => Draft,
    writer: Writer,
    tracked = false,
  ): KubeObject {
    const own = this.#kept(resource);
    const old = this.get(resource, namespace, name);
    const made = make(convert(old, own, resource));
    const wanted = stringAt(made, "metadata", "resourceVersion") ?? "";
    const { resourceVersion = "" } = old.metadata;
    if (wanted !== "" && wanted !== resourceVersion) throw modified(resource, name);
    const uid = stringAt(made, "metadata", "uid") ?? "";
    if (uid !== "" && uid !== old.metadata.uid) {
      throw conflict(
        resource,
        name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid ?? ""}`,
      );
    }
    applyDefaults(resource.struct, made);
    let draft = convert(made as KubeObject, resource, own) as Draft;
    if (own !== resource) applyDefaults(own.struct, draft);
    if (own.kind === "Secret") encodeStringData(draft);
    const metadata = this.#meta(draft, old, resource.namespaced ? namespace : undefined);
    draft["metadata"] = metadata;
    draft = this.#part(own, draft, old, subresource);
    const call: AdmissionCall = {
      operation: "UPDATE",
      resource,
      subresource,
      namespace,
      name,
      user: writer.user,
      dryRun: writer.options.dryRun,
      object: draft,
      old,
      warn: writer.warn,
    };
    this.#mutate(call);
    const errors = new FieldErrors();
    if (subresource === "") {
      strategies
        .get(own.kind)
        ?.update?.(draft, old, { rng: this.#rng, addresses: this.#addresses, now: this.time }, errors);
    }
    if (hasGeneration(own.kind, own.custom !== undefined)) {
      const changed = subresource !== "status" && !equal(plainOf(draft), plainOf(old));
      const generation = old.metadata.generation ?? 1;
      (draft["metadata"] as Draft)["generation"] = changed ? generation + 1 : generation;
    }
    const object = draft as KubeObject;
    const checked =
      subresource === "status" ? new FieldErrors() : validateUpdate(own.struct, object, old, own.namespaced);
    this.#refuse(own, object, checked, errors);
    this.#validate(call);
    if (!tracked)
      trackUpdate(
        own,
        old,
        draft,
        writer.options.manager,
        subresource === "status" || subresource === "scale" ? subresource : "",
        this.time,
      );
    if (equal(object, old)) return old;
    if (writer.options.dryRun) return object;
    if (object.metadata.deletionTimestamp !== undefined && gone(own, object))
      return this.#remove(resource, object, old);
    return this.#put(resource, object, old);
  }

  /** @returns the object as it is left, and whether it is gone */
  delete(
    resource: Resource,
    namespace: string,
    name: string,
    options: DeleteOptions,
    writer: Writer,
  ): { readonly object: KubeObject; readonly gone: boolean } {
    const own = this.#kept(resource);
    const old = this.get(resource, namespace, name);
    const { metadata } = old;
    if (options.uid !== undefined && options.uid !== metadata.uid) {
      throw conflict(
        resource,
        name,
        `Precondition failed: UID in precondition: ${options.uid}, UID in object meta: ${metadata.uid ?? ""}`,
      );
    }
    if (options.resourceVersion !== undefined && options.resourceVersion !== metadata.resourceVersion) {
      throw conflict(
        resource,
        name,
        `Precondition failed: ResourceVersion in precondition: ${options.resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion ?? ""}`,
      );
    }
    const call: AdmissionCall = {
      operation: "DELETE",
      resource,
      subresource: "",
      namespace,
      name,
      user: writer.user,
      dryRun: options.dryRun,
      object: undefined,
      old,
      warn: writer.warn,
    };
    this.#mutate(call);
    this.#validate(call);
    const left: Draft = { ...metadata };
    const finalizers = new Set(metadata.finalizers ?? []);
    const { propagationPolicy } = options;
    if (propagationPolicy !== undefined) {
      finalizers.delete("orphan");
      finalizers.delete("foregroundDeletion");
      if (propagationPolicy === "Orphan") finalizers.add("orphan");
      if (propagationPolicy === "Foreground") finalizers.add("foregroundDeletion");
    }
    if (finalizers.size > 0) left["finalizers"] = [...finalizers];
    else Reflect.deleteProperty(left, "finalizers");
    const grace = this.#grace(own, old, options);
    if (metadata.deletionTimestamp === undefined) {
      left["deletionTimestamp"] = formatTime(Math.floor(this.seconds + grace));
      left["deletionGracePeriodSeconds"] = grace;
      if (metadata.generation !== undefined) left["generation"] = metadata.generation + 1;
    } else if (grace < (metadata.deletionGracePeriodSeconds ?? 0)) {
      left["deletionGracePeriodSeconds"] = grace;
      left["deletionTimestamp"] = formatTime(Math.floor(this.seconds + grace));
    }
    let object = { ...old, metadata: left } as KubeObject;
    if (own.kind === "Namespace") object = withAt(object, ["status", "phase"], "Terminating") as KubeObject;
    if (gone(own, object)) {
      if (options.dryRun) return { object, gone: true };
      return { object: this.#remove(resource, object, old), gone: true };
    }
    if (options.dryRun || equal(object, old)) return { object: options.dryRun ? object : old, gone: false };
    return { object: this.#put(resource, object, old), gone: false };
  }

  /** Notes in a new object who owns its fields: what server-side apply has computed before there were defaults. */
  note(resource: Resource, object: KubeObject, managedFields: Json): KubeObject {
    return this.#put(resource, withAt(object, ["metadata", "managedFields"], managedFields) as KubeObject, object);
  }

  /** Puts a pod on a node, and notes that it is scheduled. */
  bind(pods: Resource, old: KubeObject, node: string, metadata: JsonObject, writer: Writer): void {
    this.admit({
      operation: "CREATE",
      resource: pods,
      subresource: "binding",
      namespace: old.metadata.namespace ?? "",
      name: old.metadata.name ?? "",
      user: writer.user,
      dryRun: writer.options.dryRun,
      object: undefined,
      old,
      warn: writer.warn,
    });
    const condition = { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: this.time };
    const status = at(old, "status");
    const rest = listAt(status, "conditions").filter((each) => stringAt(each, "type") !== "PodScheduled");
    const merged: Draft = { ...old.metadata };
    for (const key of ["labels", "annotations"]) {
      const given = metadata[key];
      if (isObject(given)) merged[key] = { ...(isObject(merged[key]) ? merged[key] : {}), ...given };
    }
    const object = {
      ...old,
      metadata: merged,
      spec: { ...(isObject(old["spec"]) ? old["spec"] : {}), nodeName: node },
      status: { ...(isObject(status) ? status : {}), conditions: [...rest, condition] },
    } as KubeObject;
    if (!writer.options.dryRun) this.#put(pods, object, old);
  }

  /** Puts another status in an object's, for what the server itself accounts for. */
  setStatus(resource: Resource, old: KubeObject, status: JsonObject): void {
    this.#put(resource, { ...old, metadata: { ...old.metadata }, status } as KubeObject, old);
  }

  /** Admits what isn't written: bindings, evictions, connections. */
  admit(call: AdmissionCall): void {
    this.#mutate(call);
    this.#validate(call);
  }

  #grace(resource: Resource, object: KubeObject, { gracePeriodSeconds }: DeleteOptions): number {
    if (resource.kind !== "Pod") return 0;
    if (deletesAtOnce(object)) return 0;
    const asked = gracePeriodSeconds ?? numberAt(object, "spec", "terminationGracePeriodSeconds") ?? 30;
    const already = object.metadata.deletionGracePeriodSeconds;
    if (already !== undefined && gracePeriodSeconds === undefined) return already;
    return Math.max(0, asked);
  }

  /** The version that is kept. */
  #kept(resource: Resource): Resource {
    const { storage } = resource;
    if (storage.version === resource.version && storage.group === resource.group) return resource;
    return this.resourceAt(storage.group, storage.version, storage.plural) ?? resource;
  }

  /** Set by whoever knows what is served. */
  resourceAt: (group: string, version: string, plural: string) => Resource | undefined = () => undefined;

  /** What a client may not change of the metadata is as it was. */
  #meta(draft: Draft, old: KubeObject, namespace: string | undefined): Draft {
    const given = isObject(draft["metadata"]) ? draft["metadata"] : {};
    const metadata: Draft = { ...given };
    if (namespace !== undefined) metadata["namespace"] ??= namespace;
    for (const key of [
      "uid",
      "creationTimestamp",
      "deletionTimestamp",
      "deletionGracePeriodSeconds",
      "generation",
      "selfLink",
    ]) {
      if (old.metadata[key] === undefined) Reflect.deleteProperty(metadata, key);
      else if (key !== "uid" || metadata["uid"] === undefined || metadata["uid"] === "")
        metadata[key] = old.metadata[key];
    }
    metadata["resourceVersion"] = old.metadata.resourceVersion;
    if (metadata["managedFields"] === undefined && old.metadata.managedFields !== undefined) {
      metadata["managedFields"] = old.metadata.managedFields;
    }
    return metadata;
  }

  #part(resource: Resource, draft: Draft, old: KubeObject, subresource: Subresource | ""): Draft {
    if (subresource === "status") {
      const metadata: Draft = { ...old.metadata, managedFields: (draft["metadata"] as Draft)["managedFields"] };
      for (const key of ["labels", "annotations", "finalizers", "ownerReferences"]) {
        const given = (draft["metadata"] as Draft)[key];
        if (given !== undefined) metadata[key] = given;
      }
      for (const key in metadata) if (metadata[key] === undefined) Reflect.deleteProperty(metadata, key);
      const part: Draft = { ...old, metadata };
      if (draft["status"] !== undefined) part["status"] = draft["status"];
      return part;
    }
    if (subresource === "" && resource.subresources.includes("status")) {
      if (old["status"] === undefined) Reflect.deleteProperty(draft, "status");
      else draft["status"] = old["status"];
    }
    return draft;
  }

  #put(resource: Resource, object: KubeObject, old: KubeObject): KubeObject {
    const name = object.metadata.name ?? "";
    const key = this.key(resource, object.metadata.namespace ?? "", name);
    const written = this.storage.put(key, object, Number(old.metadata.resourceVersion));
    if (written.ok) return object;
    throw written.failure === "conflict" ? modified(resource, name) : storageError(written as StorageFailure);
  }

  #remove(resource: Resource, object: KubeObject, old: KubeObject): KubeObject {
    const name = object.metadata.name ?? "";
    const written = this.storage.delete(
      this.key(resource, object.metadata.namespace ?? "", name),
      Number(old.metadata.resourceVersion),
    );
    if (written.ok) return object;
    throw written.failure === "conflict" ? modified(resource, name) : storageError(written as StorageFailure);
  }

  #mutate(call: AdmissionCall): void {
    for (const plugin of this.#admission) plugin.mutate?.(call, this.#view);
  }

  #validate(call: AdmissionCall): void {
    for (const plugin of this.#admission) plugin.validate?.(call, this.#view);
  }

  #refuse({ group, kind, custom }: Resource, object: KubeObject, ...errors: readonly FieldErrors[]): void {
    if (custom !== undefined) {
      const own = new FieldErrors();
      const { metadata: _metadata, ...rest } = object;
      validateSchema(custom.schema, rest, "", own);
      errors = [...errors, own];
    }
    const all = errors.flatMap((each) => each.all);
    if (all.length > 0) throw invalid(group, kind, object.metadata.name ?? "", all);
  }
}

/** All of an object that a client asks for: without metadata and status. */
function plainOf(object: JsonObject): JsonObject {
  const rest: Draft = { ...object };
  Reflect.deleteProperty(rest, "metadata");
  Reflect.deleteProperty(rest, "status");
  return rest;
}

/** Whether nothing holds an object any more that is to be deleted. */
function gone({ kind }: Resource, object: KubeObject): boolean {
  if ((object.metadata.finalizers ?? []).length > 0) return false;
  if (kind === "Namespace" && listAt(object, "spec", "finalizers").length > 0) return false;
  return (object.metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

/** What clients write as text is kept as bytes. */
function encodeStringData(draft: Draft): void {
  const plain = at(draft, "stringData");
  if (!isObject(plain)) return;
  draft["stringData"] = Object.fromEntries(
    Object.entries(plain).map(([key, value]) => [key, encodeBase64(encodeUtf8(String(value)))]),
  );
}

/** Reads what a client sent as a kind, with what it says about unknown fields. @throws ApiError 400 */
export function decodeAs(resource: Resource, given: JsonObject, { options, warn }: Writer): Draft {
  const { struct, kind, version } = resource;
  const { value, unknown, error } = decode(struct, given);
  const refuse = (why: string): ApiError =>
    badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
  if (error !== undefined) throw refuse(error);
  if (unknown.length > 0 && options.fieldValidation !== "Ignore") {
    const messages = unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
    if (options.fieldValidation === "Strict") throw refuse(`strict decoding error: ${messages.join(", ")}`);
    for (const message of messages) warn(message);
  }
  return { kind, apiVersion: groupVersion(resource), ...value };
}
