/**
 * A value as the JSON that it stands for on the wire: typed arrays as arrays, what isn't finite as null, big integers as
 * text, dates by their own `toJSON`; functions and undefined are left out as `JSON.stringify` leaves them out.
 * @throws TypeError for a structure that contains itself
 */
export function toJson(value: unknown): unknown {
  const text: unknown = JSON.stringify(value, (_, one: unknown) => {
    if (typeof one === "bigint") return String(one);
    if (ArrayBuffer.isView(one) && !(one instanceof DataView)) return Array.from(one as Uint8Array);
    return one;
  });
  return typeof text === "string" ? JSON.parse(text) : undefined;
}

/** An object made by a literal, and not by a class. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
