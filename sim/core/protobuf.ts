import { concatBytes, encodeUtf8 } from "./bytes.js";

/** How a field's value is written (protobuf.dev, "Encoding"): a varint, 8 bytes, so many bytes as a length says, 4 bytes. Groups are gone from the language. */
export type WireType = 0 | 1 | 2 | 5;

/** Bytes that are no message; the text is that of Go's decoder. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
}

/** One field of a message, as it stands in its bytes. */
export interface WireField {
  readonly number: number;
  readonly wire: WireType;
  /** A varint's value as if it had no sign; of the other types 0. */
  readonly value: bigint;
  /** The bytes of other types; of a varint none. */
  readonly bytes: Uint8Array;
}

const nothing = new Uint8Array(0);

/**
 * A message's fields in their order; repeated ones come again.
 * @param name the message's, for what is said of its errors
 * @throws ProtobufError for what is cut short or no message
 */
export function readProtobuf(bytes: Uint8Array, name: string): readonly WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0;
    // 49 bits are exact; most numbers have fewer.
    for (let scale = 1, count = 0; count < 7; count++, scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new ProtobufError("unexpected EOF");
      value += (byte & 127) * scale;
      if (byte < 128) return BigInt(value);
    }
    let whole = BigInt(value);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new ProtobufError("unexpected EOF");
      whole |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, whole);
    }
    throw new ProtobufError("proto: integer overflow");
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new ProtobufError("unexpected EOF");
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = varint();
    const number = Number(BigInt.asIntN(32, key >> 3n));
    const wire = Number(key & 7n);
    if (number <= 0) throw new ProtobufError(`proto: ${name}: illegal tag ${number} (wire type ${wire})`);
    if (wire === 0) fields.push({ number, wire, value: varint(), bytes: nothing });
    else if (wire === 1 || wire === 5) fields.push({ number, wire, value: 0n, bytes: take(wire === 1 ? 8 : 4) });
    else if (wire === 2) fields.push({ number, wire, value: 0n, bytes: take(Number(varint())) });
    else if (wire === 4) throw new ProtobufError(`proto: ${name}: wiretype end group for non-group`);
    else throw new ProtobufError(`proto: illegal wireType ${wire}`);
  }
  return fields;
}

/** The varints of a field: one, or in a packed field several. @throws ProtobufError */
export function varintsOf({ wire, value, bytes }: WireField): readonly bigint[] {
  if (wire === 0) return [value];
  const values: bigint[] = [];
  for (let at = 0; at < bytes.length;) {
    let end = at;
    while ((bytes[end] ?? 0) > 127) end++;
    // A field's number before the varint makes of it a message that is read as any.
    const [field] = readProtobuf(concatBytes([Uint8Array.of(8), bytes.subarray(at, end + 1)]), "");
    values.push(field?.value ?? 0n);
    at = end + 1;
  }
  return values;
}

/** Writes one message, field by field. */
export class ProtobufMessage {
  readonly #bytes: number[] = [];

  #varint(value: bigint | number): void {
    let rest: bigint | number = value;
    if (typeof rest === "number" && (rest < 0 || !Number.isSafeInteger(rest))) rest = BigInt.asUintN(64, BigInt(rest));
    if (typeof rest === "bigint") {
      for (rest = BigInt.asUintN(64, rest); rest > 127n; rest >>= 7n) this.#bytes.push(Number(rest & 127n) | 128);
      this.#bytes.push(Number(rest));
      return;
    }
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes.push((rest % 128) | 128);
    this.#bytes.push(rest);
  }

  /** @param value an integer; negative ones take ten bytes */
  varint(field: number, value: bigint | number): this {
    this.#varint(field * 8);
    this.#varint(value);
    return this;
  }

  bytes(field: number, value: readonly number[] | Uint8Array): this {
    this.#varint(field * 8 + 2);
    this.#varint(value.length);
    for (const byte of value) this.#bytes.push(byte);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, encodeUtf8(value));
  }

  double(field: number, value: number): this {
    this.#varint(field * 8 + 1);
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setFloat64(0, value, true);
    for (let i = 0; i < 8; i++) this.#bytes.push(bytes.getUint8(i));
    return this;
  }

  message(field: number, value: ProtobufMessage): this {
    return this.bytes(field, value.#bytes);
  }

  get length(): number {
    return this.#bytes.length;
  }

  get done(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }
}
