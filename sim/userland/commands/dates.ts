import { calendarDay, dayNumber } from "../../core/index.js";

/** A moment in UTC: the simulated machine's time zone. */
interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly yearDay: number;
}

const dayNanos = 86_400_000_000_000;

/** The calendar of nanoseconds since 1970. */
function momentOf(nanos: number): Moment {
  const days = Math.floor(nanos / dayNanos);
  const seconds = Math.floor((nanos - days * dayNanos) / 1e9);
  const { year, month, day } = calendarDay(days);
  return {
    year,
    month,
    day,
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
    weekday: (((days + 4) % 7) + 7) % 7,
    yearDay: days - dayNumber({ year, month: 1, day: 1 }) + 1,
  };
}

const months: readonly string[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const longMonths = "January February March April May June July August September October November December".split(" ");
const weekdays = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** strftime(3) in the C locale. @param nanos since 1970 */
export function formatTime(pattern: string, nanos: number): string {
  const at = momentOf(nanos);
  const two = (value: number, fill = "0"): string => String(value).padStart(2, fill);
  return pattern.replace(/%([-_0^]?)(:?[a-zA-Z%])/g, (whole, flag: string, letter: string) => {
    const shown = ((): string => {
      switch (letter) {
        case "Y":
          return String(at.year);
        case "y":
          return two(at.year % 100);
        case "C":
          return two(Math.floor(at.year / 100));
        case "m":
          return two(at.month);
        case "d":
          return two(at.day);
        case "e":
          return two(at.day, " ");
        case "H":
          return two(at.hour);
        case "I":
          return two(at.hour % 12 || 12);
        case "k":
          return two(at.hour, " ");
        case "M":
          return two(at.minute);
        case "S":
          return two(at.second);
        case "p":
          return at.hour < 12 ? "AM" : "PM";
        case "N":
          return String(((nanos % 1e9) + 1e9) % 1e9).padStart(9, "0");
        case "s":
          return String(Math.floor(nanos / 1e9));
        case "j":
          return String(at.yearDay).padStart(3, "0");
        case "u":
          return String(at.weekday || 7);
        case "w":
          return String(at.weekday);
        case "a":
          return (weekdays[at.weekday] ?? "").slice(0, 3);
        case "A":
          return weekdays[at.weekday] ?? "";
        case "b":
        case "h":
          return months[at.month - 1] ?? "";
        case "B":
          return longMonths[at.month - 1] ?? "";
        case "F":
          return formatTime("%Y-%m-%d", nanos);
        case "T":
          return formatTime("%H:%M:%S", nanos);
        case "R":
          return formatTime("%H:%M", nanos);
        case "D":
          return formatTime("%m/%d/%y", nanos);
        case "c":
          return formatTime("%a %b %e %H:%M:%S %Y", nanos);
        case "Z":
          return "UTC";
        case "z":
          return "+0000";
        case ":z":
          return "+00:00";
        case "n":
          return "\n";
        case "t":
          return "\t";
        case "%":
          return "%";
        default:
          return whole;
      }
    })();
    if (flag === "-") return shown.replace(/^[0 ]+(?=.)/, "");
    return flag === "^" ? shown.toUpperCase() : shown;
  });
}

/** A date as people write it: @seconds, 2024-01-31, with a time behind, or now. @returns nanoseconds since 1970 */
export function parseTime(text: string, now: number): number | undefined {
  if (text === "now" || text === "") return now;
  const seconds = /^@(-?\d+(?:\.\d+)?)$/.exec(text)?.[1];
  if (seconds !== undefined) return Math.round(Number(seconds) * 1e9);
  const [, year, month, day, hour = "0", minute = "0", second = "0"] =
    /^(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?(?:Z| ?UTC| ?\+0000)?$/.exec(text) ?? [];
  if (year === undefined || Number(month) > 12 || Number(day) > 31) return undefined;
  const days = dayNumber({ year: Number(year), month: Number(month), day: Number(day) });
  return (days * 86400 + Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1e9;
}
