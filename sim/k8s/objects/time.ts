import { dayNumber, rfc3339 } from "../../core/index.js";

/** When a cluster's virtual time begins: an arbitrary instant, after the release of Kubernetes 1.32. Seconds since 1970. */
export const epoch = 1_735_689_600;

let written = { seconds: NaN, text: "" };

/** RFC 3339 in UTC, to the second as `meta/v1.Time` has it. @param seconds since 1970 */
export function formatTime(seconds: number): string {
  // One text for all objects of the same second.
  if (seconds !== written.seconds) written = { seconds, text: rfc3339(seconds) };
  return written.text;
}

const pattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Times that were read lately: objects of the same second name the same ones. */
const lately = new Map<string, number>();

/** Seconds since 1970 of an RFC 3339 time; undefined for what is none. */
export function parseTime(text: string): number | undefined {
  const known = lately.get(text);
  if (known !== undefined) return known;
  const read = readTime(text);
  if (read === undefined) return undefined;
  if (lately.size >= 1000) lately.clear();
  lately.set(text, read);
  return read;
}

function readTime(text: string): number | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const long = [4, 6, 9, 11].includes(month)
    ? 30
    : month !== 2
      ? 31
      : (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
        ? 29
        : 28;
  if (month < 1 || month > 12 || day < 1 || day > long || hour > 23 || minute > 59 || second > 59) return undefined;
  const zone = (match[8] === "-" ? -1 : 1) * (Number(match[9] ?? 0) * 3600 + Number(match[10] ?? 0) * 60);
  return dayNumber({ year, month, day }) * 86_400 + hour * 3600 + minute * 60 + second + Number(match[7] ?? 0) - zone;
}

/** A span as kubectl shows ages: `45s`, `3m12s`, `4d5h` (apimachinery, `pkg/util/duration`, HumanDuration). */
export function humanDuration(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < -1) return "<invalid>";
  if (whole < 0) return "0s";
  if (whole < 120) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  const pair = (big: number, unit: string, small: number, smaller: string): string =>
    small === 0 ? `${big}${unit}` : `${big}${unit}${small}${smaller}`;
  if (minutes < 10) return pair(minutes, "m", whole % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return pair(days, "d", hours % 24, "h");
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return days < 365 * 8 ? pair(years, "y", days % 365, "d") : `${years}y`;
}
