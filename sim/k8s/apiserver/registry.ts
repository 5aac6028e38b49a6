import type { Engine, Rng } from "../../core/index.js";
import type { AdmissionCall, AdmissionPlugin, AdmissionView } from "../admission/admission.js";
import { convert } from "../objects/conversion.js";
import { applyDefaults } from "../objects/defaults.js";
import { FieldErrors } from "../objects/field-error.js";
import type { Resource, Subresource } from "../objects/kinds.js";
import { epoch, formatTime } from "../objects/time.js";
import {
  at,
  copyOf,
  equal,
  isObject,
  joined,
  listAt,
  omit,
  stringAt,
  withAt,
  type Draft,
  type Json,
  type JsonObject,
  type KubeObject,
} from "../objects/value.js";
import { validate, validateUpdate } from "../objects/validation.js";
import { storageError } from "./collection.js";
import { validateSchema } from "./crd/schema-validation.js";
import { encodeStringData, type Writer } from "./decoding.js";
import { changesNothing, trackUpdate } from "./fields/managed-fields.js";
import { changedPart, gone, gracePeriod, keptMetadata, newMetadata, plainOf } from "./object-life.js";
import type { DeleteOptions } from "./options.js";
import { Reader } from "./reader.js";
import { uuidText } from "../objects/uuid.js";
import { ServiceAddresses } from "./service-addresses.js";
import { alreadyExists, ApiError, conflict, invalid, modified } from "./status.js";
import type { Storage } from "./storage.js";
import { hasGeneration, strategies } from "./strategy.js";

export interface RegistrySurroundings {
  readonly engine: Engine;
  readonly rng: Rng;
  readonly storage: Storage;
  readonly admission: readonly AdmissionPlugin[];
}

/** How long the store keeps an object by itself: events for an hour (`--event-ttl`), in seconds. */
const lifetime = ({ kind }: Resource): number | undefined => (kind === "Event" ? 3600 : undefined);

const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/**
 * Objects and the rules by which they come, change and go (apiserver, `pkg/registry/generic`). What it is handed is decoded; what
 * it hands out is as stored. Errors are thrown as ApiError, before anything has been written.
 */
export class Registry extends Reader {
  readonly #engine: Engine;
  readonly #rng: Rng;
  readonly #admission: readonly AdmissionPlugin[];
  readonly #addresses: ServiceAddresses;
  readonly #view: AdmissionView;
  #second = -1;
  #time = "";

  constructor(
    { engine, rng, storage, admission }: RegistrySurroundings,
    resourceOf: (plural: string) => Resource | undefined,
  ) {
    super(storage);
    this.#engine = engine;
    this.#rng = rng;
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

  uid(): string {
    const rng = this.#rng;
    const a = rng.uint32();
    const b = rng.uint32();
    const c = rng.uint32();
    const d = rng.uint32();
    return uuidText(a, (b & 0xffff_0fff) | 0x4000, (c & 0x0fff_ffff) | ((8 | (rng.uint32() & 3)) << 28), d);
  }

  #suffix(): string {
    return Array.from({ length: 5 }, () => alphabet.charAt(this.#rng.uint32() % alphabet.length)).join("");
  }

  /** @param draft of the resource's own version, decoded, and the registry's to change */
  create(resource: Resource, namespace: string, draft: Draft, writer: Writer): KubeObject {
    const metadata = newMetadata(resource, namespace, draft, () => this.#suffix());
    draft["metadata"] = metadata;
    metadata["uid"] = this.uid();
    metadata["creationTimestamp"] = this.time;
    if (hasGeneration(resource.kind, resource.custom !== undefined)) metadata["generation"] = 1;
    applyDefaults(resource.struct, draft);
    const kept = convert(draft as KubeObject, resource, this.#kept(resource)) as Draft;
    const own = this.#kept(resource);
    if (own !== resource) applyDefaults(own.struct, kept);
    if (own.kind === "Secret") encodeStringData(kept);
    const call = {
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
    } as const;
    this.#mutate(call);
    const strategy = strategies.get(own.kind);
    const errors = new FieldErrors();
    if (own.subresources.includes("status") && strategy?.create === undefined)
      kept["status"] = own.kind === "Node" ? kept["status"] : own.custom === undefined ? {} : undefined;
    if (kept["status"] === undefined) Reflect.deleteProperty(kept, "status");
    strategy?.create?.(kept, { rng: this.#rng, addresses: this.#addresses, now: this.time }, errors);
    const object = kept as KubeObject;
    this.#refuse(own, object, validate(own.struct, object, own.namespaced), errors);
    const name = object.metadata.name ?? "";
    if (this.find(resource, namespace, name) !== undefined) throw alreadyExists(resource, name);
    this.#validate(call);
    trackUpdate(own, undefined, kept, writer.options.manager, "", this.time);
    if (writer.options.dryRun) return object;
    const written = this.storage.put(this.key(resource, namespace, name), object, 0, lifetime(own));
    if (!written.ok) throw written.failure === "conflict" ? alreadyExists(resource, name) : storageError(written);
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
    const metadata = keptMetadata(draft, old, resource.namespaced ? namespace : undefined);
    draft["metadata"] = metadata;
    draft = changedPart(own, draft, old, subresource);
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
    if (changesNothing(object, old)) return old;
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
    const grace = gracePeriod(own, old, options);
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
    const merged = copyOf(old.metadata);
    for (const key of ["labels", "annotations"]) {
      const given = metadata[key];
      if (isObject(given)) merged[key] = { ...(isObject(merged[key]) ? merged[key] : {}), ...given };
    }
    const spec = copyOf(isObject(old["spec"]) ? old["spec"] : {});
    spec["nodeName"] = node;
    const told = copyOf(isObject(status) ? status : {});
    told["conditions"] = joined(rest, [condition]);
    const object = copyOf(old);
    Object.assign(object, { metadata: merged, spec, status: told });
    if (!writer.options.dryRun) this.#put(pods, object as KubeObject, old);
  }

  /** Puts another status in an object's, for what the server itself accounts for. */
  setStatus(resource: Resource, old: KubeObject, status: JsonObject): void {
    this.#put(resource, { ...old, metadata: { ...old.metadata }, status }, old);
  }

  /** Admits what isn't written: bindings, evictions, connections. */
  admit(call: AdmissionCall): void {
    this.#mutate(call);
    this.#validate(call);
  }

  /** The version that is kept. */
  #kept(resource: Resource): Resource {
    const { storage } = resource;
    if (storage.version === resource.version && storage.group === resource.group) return resource;
    return this.resourceAt(storage.group, storage.version, storage.plural) ?? resource;
  }

  /** Set by whoever knows what is served. */
  resourceAt: (group: string, version: string, plural: string) => Resource | undefined = () => undefined;

  #put(resource: Resource, object: KubeObject, old: KubeObject): KubeObject {
    const name = object.metadata.name ?? "";
    const key = this.key(resource, object.metadata.namespace ?? "", name);
    const written = this.storage.put(key, object, Number(old.metadata.resourceVersion), lifetime(resource));
    if (written.ok) return object;
    throw written.failure === "conflict" ? modified(resource, name) : storageError(written);
  }

  #remove(resource: Resource, object: KubeObject, old: KubeObject): KubeObject {
    const name = object.metadata.name ?? "";
    const written = this.storage.delete(
      this.key(resource, object.metadata.namespace ?? "", name),
      Number(old.metadata.resourceVersion),
    );
    if (written.ok) return object;
    throw written.failure === "conflict" ? modified(resource, name) : storageError(written);
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
      validateSchema(custom.schema, omit(object, "metadata"), "", own);
      errors = [...errors, own];
    }
    const all = errors.flatMap((each) => each.all);
    if (all.length > 0) throw invalid(group, kind, object.metadata.name ?? "", all);
  }
}
