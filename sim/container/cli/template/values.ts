/** Values of JSON as Go prints them. */

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What text/template takes for true: what isn't its type's zero. */
export function truth(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isObject(value) || Object.keys(value).length > 0;
}

/** fmt's %v: maps with sorted keys. */
export function goText(value: unknown): string {
  if (value === undefined || value === null) return "<nil>";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${(value as readonly unknown[]).map(goText).join(" ")}]`;
  if (!isObject(value)) return "";
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goText(value[key])}`);
  return `map[${entries.join(" ")}]`;
}

/** encoding/json's encoder as docker's function has it: nothing is escaped for HTML. */
export const goJson = (value: unknown): string => JSON.stringify(value ?? null);

/** json.Marshal: `<`, `>` and `&` are escaped. */
export function goMarshalled(value: unknown): string {
  return goJson(value).replace(/[<>&\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
