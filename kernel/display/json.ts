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

/** Whether a value is an object made by a literal or parsed from JSON, and not by a class. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return true;
  // Another context (a `vm`, a frame) has an `Object.prototype` of its own.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}
