import { encodeUtf8 } from "../../core/index.js";
import { errors, type EtcdError } from "../etcd/errors.js";
import { heldIn } from "../etcd/late-value.js";
import type { KeyValue, LateValue } from "../etcd/types.js";
import { jsonLength } from "../objects/json-length.js";
import { decodeUtf8 } from "../objects/text.js";
import type { Draft, KubeObject } from "../objects/value.js";
import type { StorageFailure } from "./storage.js";

const ascii = /^[\0-\x7f]*$/;

/** A text as etcd's strings of bytes; most texts are one already. */
function bytesOf(text: string): string {
  return ascii.test(text) ? text : Array.from(encodeUtf8(text), (byte) => String.fromCharCode(byte)).join("");
}

function textOf(bytes: string): string {
  return ascii.test(bytes) ? bytes : decodeUtf8(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
}

/**
 * An object in etcd: JSON, where a real API server writes protobuf, and without its resourceVersion, which is the revision of its last
 * write. An API server that reads the key gets the very object, not a copy; the JSON is made when another client of etcd reads it.
 */
export class KeptObject implements LateValue {
  readonly object: KubeObject;
  readonly length: number;
  /** Of the spec alone, which most writes share with the one before. */
  readonly #specLength: number;

  /**
   * @param object new, and the store's from here on
   * @param before what is kept of the same key
   */
  constructor(object: KubeObject, before?: KeptObject) {
    (object.metadata as Draft)["resourceVersion"] = undefined;
    this.object = object;
    const { spec } = object;
    const same = before !== undefined && before.object["spec"] === spec;
    this.#specLength = same ? before.#specLength : spec === undefined ? 0 : jsonLength(spec);
    this.length = jsonLength(object, "spec") + this.#specLength;
  }

  bytes(): string {
    const { metadata } = this.object;
    // It has got its resourceVersion since.
    return bytesOf(JSON.stringify({ ...this.object, metadata: { ...metadata, resourceVersion: undefined } }));
  }
}

/** What is kept of a key, where it was an API server that wrote it. */
export function keptIn(record: KeyValue | undefined): KeptObject | undefined {
  const held = record === undefined ? undefined : heldIn(record);
  return held instanceof KeptObject ? held : undefined;
}

/** An object as it was written, with its resourceVersion. */
export function objectIn(record: KeyValue): KubeObject {
  const held = heldIn(record);
  const object = held instanceof KeptObject ? held.object : (JSON.parse(textOf(record.value)) as KubeObject);
  (object.metadata as Draft)["resourceVersion"] = String(record.modRevision);
  return object;
}

/** What an API server makes of etcd's errors. */
export function failureOf(error: EtcdError): StorageFailure {
  const failure = error === errors.compacted ? "compacted" : error === errors.futureRevision ? "future" : "unavailable";
  return failure === "unavailable" ? { ok: false, failure, why: error.message } : { ok: false, failure };
}

/** Keys that end soon after one another share a lease: this many seconds (apiserver, `leaseReuseDurationSeconds`). */
export const leaseReuse = 60;
/** So many keys at most (`leaseMaxObjectCount`). */
export const mostOfLease = 1000;

export interface SharedLease {
  readonly id: number;
  readonly ttl: number;
  /** Seconds of virtual time until which it takes further keys. */
  readonly until: number;
  keys: number;
}
