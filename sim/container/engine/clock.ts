import type { Activity, Nanos } from "../../core/index.js";
import type { Kernel, Sys } from "../../os/index.js";

/** The time of day on a host, in nanoseconds since 1970. */
export const timeOn = (kernel: Kernel): number => kernel.bootTime + kernel.engine.now;

/** What Docker's API has for a time that there wasn't: Go's zero time. */
export const never = "0001-01-01T00:00:00Z";

/** Seconds that a task's host has, as a whole and a rest of nanoseconds. */
export function* timeOf(sys: Sys): Activity<number> {
  return yield* sys.clock_gettime("CLOCK_REALTIME");
}

/** In words as `docker ps` has them: "Less than a second", "5 minutes", "About an hour" (units.HumanDuration in docker/go-units). */
export function inWords(nanos: number): string {
  const seconds = Math.floor(nanos / 1e9);
  const minutes = Math.floor(nanos / 60e9);
  const hours = Math.round(nanos / 3600e9);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}

/** A duration that Docker's API gives in nanoseconds; `fallback` where it says nothing or 0. */
export const durationOr = (given: number | undefined, fallback: Nanos): Nanos =>
  given === undefined || given === 0 ? fallback : (given as Nanos);
