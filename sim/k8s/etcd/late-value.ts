import type { KeyValue, LateValue } from "./types.js";

/** A record of a value whose bytes are made late. To all who read it by its fields it is as any other. */
class LateRecord implements KeyValue {
  readonly key: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly sub: number;
  readonly version: number;
  readonly lease: number;
  readonly #value: LateValue;

  constructor(record: Omit<KeyValue, "value">, value: LateValue) {
    this.key = record.key;
    this.createRevision = record.createRevision;
    this.modRevision = record.modRevision;
    this.sub = record.sub;
    this.version = record.version;
    this.lease = record.lease;
    this.#value = value;
  }

  get value(): string {
    return this.#value.bytes();
  }

  get late(): LateValue {
    return this.#value;
  }
}

/** A record as the store keeps it. */
export const recordOf = (record: Omit<KeyValue, "value">, value: string | LateValue): KeyValue =>
  typeof value === "string" ? { ...record, value } : new LateRecord(record, value);

/** What a record's value is made of, where it is made late. */
export const heldIn = (record: KeyValue): LateValue | undefined =>
  record instanceof LateRecord ? record.late : undefined;

/** The bytes of a value, or what they will be made of. */
export const valueOf = (record: KeyValue): string | LateValue => heldIn(record) ?? record.value;

/** The record with its bytes: plain data. */
export const plainRecord = (record: KeyValue): KeyValue =>
  heldIn(record) === undefined ? record : { ...record, value: record.value };
