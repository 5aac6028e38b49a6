import { dayNumber, rfc3339 } from "../core/index.js";

/** As Go writes RFC 3339 with nanoseconds: "2025-01-01T00:00:00.5Z", zeros at the end left out. */
export function timestamp(nanos: number): string {
  const seconds = Math.floor(nanos / 1e9);
  const fraction = String(nanos - seconds * 1e9)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return rfc3339(seconds).replace("Z", fraction === "" ? "Z" : `.${fraction}Z`);
}

/** "2024-09-06T12:05:36.5Z" in seconds since 1970. */
export function secondsOf(time: string): number {
  const [year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0] = time.split(/[-T:Z]/).map(Number);
  return dayNumber({ year, month, day }) * 86_400 + hour * 3600 + minute * 60 + second;
}
