import { ms, s, type Nanos } from "../../core/index.js";

/** What of a [Service] section is followed. */
export interface ServiceSettings {
  readonly type: "simple" | "oneshot";
  readonly start: readonly Command[];
  readonly stop: readonly Command[];
  readonly restart: Restart;
  readonly restartDelay: Nanos;
  readonly remainAfterExit: boolean;
  readonly stopTimeout: Nanos;
  readonly environment: readonly string[];
  readonly directory: string;
  readonly user: string;
}

export interface Command {
  readonly words: readonly string[];
  /** Written with "-" before it: a failure of it counts for nothing. */
  readonly mayFail: boolean;
}

const restarts = ["no", "on-success", "on-failure", "on-abnormal", "always"] as const;
export type Restart = (typeof restarts)[number];

export interface Unit {
  readonly name: string;
  readonly description: string;
  readonly after: readonly string[];
  readonly before: readonly string[];
  readonly requires: readonly string[];
  readonly wants: readonly string[];
  readonly wantedBy: readonly string[];
  /** Starts in StartLimitIntervalSec= before a unit is given up. */
  readonly startLimit: { readonly burst: number; readonly interval: Nanos };
  readonly service?: ServiceSettings;
}

/** A unit file that was read: with what was passed over, in systemd's words. */
export interface UnitFile {
  readonly unit: Unit | undefined;
  readonly complaints: readonly string[];
}

const known: Readonly<Record<string, readonly string[]>> = {
  Unit: [
    "Description",
    "Documentation",
    "After",
    "Before",
    "Requires",
    "Wants",
    "StartLimitBurst",
    "StartLimitIntervalSec",
  ],
  Service: [
    "Type",
    "ExecStart",
    "ExecStop",
    "Restart",
    "RestartSec",
    "RemainAfterExit",
    "TimeoutStopSec",
    "Environment",
    "WorkingDirectory",
    "User",
  ],
  Install: ["WantedBy"],
};

const spanUnits: Readonly<Record<string, number>> = {
  "": 1e9,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  sec: 1e9,
  m: 6e10,
  min: 6e10,
  h: 3.6e12,
};

/** A time span as systemd.time(7) writes it: "100ms", "1min 30s", "5". undefined where it is none. */
function parseSpan(text: string): Nanos | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)\s*/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join("") !== text) return undefined;
  let sum = 0;
  for (const [, number = "", unit = ""] of parts) {
    const factor = spanUnits[unit];
    if (factor === undefined) return undefined;
    sum += Number(number) * factor;
  }
  return Math.round(sum) as Nanos;
}

/** A command line's words: quotes keep blanks, "-" before it lets it fail. */
function parseCommand(text: string): Command {
  const mayFail = text.startsWith("-");
  const words = [...text.slice(mayFail ? 1 : 0).matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double: string | undefined, single: string | undefined) => {
      return double ?? single ?? "";
    }),
  );
  return { words, mayFail };
}

const isRestart = (text: string): text is Restart => restarts.some((one) => one === text);

/**
 * Reads a unit file: systemd.syntax(7). What isn't known is passed over with a complaint, as systemd does; a value that makes no sense too. A
 * service without a command line, or of a type that is absent here, is no unit.
 */
export function parseUnit(name: string, text: string): UnitFile {
  const complaints: string[] = [];
  const values = new Map<string, string[]>();
  let section = "";
  const lines = text.replaceAll(/\\\n\s*/g, " ").split("\n");
  for (const [at, raw] of lines.entries()) {
    const line = raw.trim();
    const complain = (what: string): number => complaints.push(`${name}:${at + 1}: ${what}`);
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    const header = /^\[(.*)\]$/.exec(line)?.[1];
    if (header !== undefined) {
      section = header;
      if (known[header] === undefined && !header.startsWith("X-")) complain(`Unknown section '${header}'. Ignoring.`);
      continue;
    }
    const equals = line.indexOf("=");
    if (equals < 1) {
      complain("Missing '=', ignoring line.");
      continue;
    }
    const [key, value] = [line.slice(0, equals).trim(), line.slice(equals + 1).trim()];
    if (known[section] === undefined) continue;
    if (known[section]?.includes(key) !== true) {
      complain(`Unknown key '${key}' in section [${section}], ignoring.`);
      continue;
    }
    const place = `${section}.${key}`;
    // An empty value takes away what stood before.
    if (value === "") values.delete(place);
    else values.set(place, [...(values.get(place) ?? []), value]);
  }
  const last = (place: string): string | undefined => values.get(place)?.at(-1);
  const names = (place: string): string[] => (values.get(place) ?? []).flatMap((one) => one.split(/\s+/));
  const span = (place: string, otherwise: Nanos): Nanos => {
    const given = last(place);
    const read = given === undefined ? otherwise : parseSpan(given);
    if (read === undefined)
      complaints.push(`${name}: Failed to parse ${place.split(".")[1] ?? ""}= '${given ?? ""}', ignoring.`);
    return read ?? otherwise;
  };
  const truth = (place: string): boolean => ["yes", "true", "on", "1"].includes(last(place) ?? "no");
  const unit = {
    name,
    description: last("Unit.Description") ?? name,
    after: names("Unit.After"),
    before: names("Unit.Before"),
    requires: names("Unit.Requires"),
    wants: names("Unit.Wants"),
    wantedBy: names("Install.WantedBy"),
    startLimit: {
      burst: Number(last("Unit.StartLimitBurst") ?? 5),
      interval: span("Unit.StartLimitIntervalSec", seconds10),
    },
  };
  if (!name.endsWith(".service")) return { unit, complaints };
  const type = last("Service.Type") ?? "simple";
  const start = (values.get("Service.ExecStart") ?? []).map(parseCommand);
  if (type !== "simple" && type !== "exec" && type !== "oneshot") {
    complaints.push(`${name}: Type=${type} is absent here: write simple or oneshot. Refusing.`);
    return { unit: undefined, complaints };
  }
  if (start.length === 0 || (type !== "oneshot" && start.length > 1)) {
    complaints.push(
      start.length === 0
        ? `${name}: Service has no ExecStart=. Refusing.`
        : `${name}: Service has more than one ExecStart= setting, which is only allowed for Type=oneshot services. Refusing.`,
    );
    return { unit: undefined, complaints };
  }
  const restart = last("Service.Restart") ?? "no";
  if (!isRestart(restart)) complaints.push(`${name}: Failed to parse service restart specifier, ignoring: ${restart}`);
  const service: ServiceSettings = {
    type: type === "oneshot" ? "oneshot" : "simple",
    start,
    stop: (values.get("Service.ExecStop") ?? []).map(parseCommand),
    restart: isRestart(restart) ? restart : "no",
    restartDelay: span("Service.RestartSec", ms(100)),
    remainAfterExit: truth("Service.RemainAfterExit"),
    stopTimeout: span("Service.TimeoutStopSec", seconds90),
    environment: (values.get("Service.Environment") ?? []).flatMap((one) => parseCommand(one).words),
    directory: last("Service.WorkingDirectory") ?? "/",
    user: last("Service.User") ?? "root",
  };
  return { unit: { ...unit, service }, complaints };
}

const seconds10 = s(10);
const seconds90 = s(90);
