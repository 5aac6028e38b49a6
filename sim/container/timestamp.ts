import { rfc3339 } from "../core/index.js";

/** As Go writes RFC 3339 with nanoseconds: "2025-01-01T00:00:00.5Z", zeros at the end left out. */
export function timestamp(nanos: number): string {
  const seconds = Math.floor(nanos / 1e9);
  const fraction = String(nanos - seconds * 1e9)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return rfc3339(seconds).replace("Z", fraction === "" ? "Z" : `.${fraction}Z`);
}
