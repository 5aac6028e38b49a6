import { calendarDay } from "../../../core/index.js";

/**
 * Cron's schedules, as Kubernetes takes them (robfig/cron v3, `ParseStandard`): minute, hour, day of the month, month, day of the week; `*`,
 * lists, ranges, steps, names, and `@hourly` to `@yearly`. Where both days are restricted either of them is enough.
 */
export interface Schedule {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** Whether a day must fit both its number and its weekday: where one of them is `*`. */
  readonly bothDays: boolean;
}

const named: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** @returns what is wrong with the text, as a string */
export function parseSchedule(text: string): Schedule | string {
  const fields = (named[text.trim()] ?? text.trim()).split(/\s+/);
  if (fields.length !== 5) return `expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`;
  const limits = [
    { low: 0, high: 59, names: [] },
    { low: 0, high: 23, names: [] },
    { low: 1, high: 31, names: [] },
    { low: 1, high: 12, names: months },
    { low: 0, high: 6, names: weekdays },
  ];
  const sets: Set<number>[] = [];
  for (const [i, limit] of limits.entries()) {
    const set = parseField(fields[i] ?? "", limit);
    if (typeof set === "string") return set;
    sets.push(set);
  }
  const none = new Set<number>();
  const [minutes = none, hours = none, days = none, monthSet = none, weekdaySet = none] = sets;
  const any = (field = ""): boolean => field.startsWith("*") || field.startsWith("?");
  return { minutes, hours, days, months: monthSet, weekdays: weekdaySet, bothDays: any(fields[2]) || any(fields[4]) };
}

interface Limit {
  readonly low: number;
  readonly high: number;
  readonly names: readonly string[];
}

function parseField(field: string, { low, high, names }: Limit): Set<number> | string {
  const found = new Set<number>();
  for (const part of field.split(",")) {
    const match = /^(\*|\?|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part);
    if (match === null) return `failed to parse int from ${part}`;
    const value = (word: string): number => {
      const at = names.indexOf(word.toLowerCase());
      return at >= 0 ? at + low : /^\d+$/.test(word) ? Number(word) : Number.NaN;
    };
    const [, range, first = "", last, step] = match;
    const from = range === "*" || range === "?" ? low : value(first);
    // `5/10` goes on to the end, `5` doesn't.
    const to =
      range === "*" || range === "?" ? high : last !== undefined ? value(last) : step !== undefined ? high : from;
    if (Number.isNaN(from) || Number.isNaN(to)) return `failed to parse int from ${part}`;
    if (from < low) return `beginning of range (${from}) below minimum (${low}): ${part}`;
    if (to > high) return `end of range (${to}) above maximum (${high}): ${part}`;
    if (from > to) return `beginning of range (${from}) beyond end of range (${to}): ${part}`;
    if (step === "0") return `step of range should be a positive number: ${part}`;
    for (let each = from; each <= to; each += Number(step ?? 1)) found.add(each);
  }
  return found;
}

/** The zone's distance from UTC in seconds; undefined for a zone that isn't known. */
export function zoneOffset(zone: string): number | undefined {
  if (["", "UTC", "Etc/UTC", "Etc/GMT", "GMT"].includes(zone)) return 0;
  // Named by the sign of what must be added to local time, as in the zone database: `Etc/GMT-2` is two hours ahead.
  const match = /^Etc\/GMT([+-])(\d{1,2})$/.exec(zone);
  if (match === null || Number(match[2]) > 14) return undefined;
  return (match[1] === "-" ? 1 : -1) * Number(match[2]) * 3600;
}

const day = 86_400;
/** No schedule that can be met needs longer: 29 February, over a century without one. */
const farthest = 9 * 366;

/** The first time after `after` that a schedule means, both in seconds since 1970; undefined where there is none. */
export function nextTime(schedule: Schedule, after: number, offset = 0): number | undefined {
  const local = Math.floor(after) + offset;
  let date = Math.floor(local / day);
  // From the next whole minute on.
  let second = (Math.floor((local - date * day) / 60) + 1) * 60;
  for (let i = 0; i <= farthest; i++, date++, second = 0) {
    const { month, day: number } = calendarDay(date);
    if (!schedule.months.has(month)) continue;
    const byNumber = schedule.days.has(number);
    // 1 January 1970 was a Thursday.
    const byWeekday = schedule.weekdays.has((((date + 4) % 7) + 7) % 7);
    if (!(schedule.bothDays ? byNumber && byWeekday : byNumber || byWeekday)) continue;
    for (let minute = second / 60; minute < 1440; minute++) {
      if (!schedule.hours.has(Math.floor(minute / 60)) || !schedule.minutes.has(minute % 60)) continue;
      return date * day + minute * 60 - offset;
    }
  }
  return undefined;
}
