import { UsageError } from "../../core/index.js";
import { textOf } from "../../net/index.js";
import type { ExecutionConfig } from "../image/oci.js";
import { bytesOf } from "../../userland/index.js";
import { resolved, type FileSet } from "./file-set.js";
import { argsOf, type Command, type Health, type SettingInstruction } from "./instruction.js";
import { mistake } from "./lines.js";
import { expandWord, expandWords, type Lookup } from "./words.js";

export interface SettingContext {
  readonly lookup: Lookup;
  readonly escape: string;
  /** Whether this stage has a CMD of its own. */
  readonly ownCommand: boolean;
}

/** An instruction after its variables are replaced, which changes how an image runs and no file. */
export interface Setting {
  readonly config: ExecutionConfig;
  /** As history tells it: with the values that variables had. */
  readonly text: string;
}

const setPair = (list: readonly string[] = [], name: string, value: string): string[] => {
  const entry = `${name}=${value}`;
  const place = list.findIndex((one) => one.startsWith(`${name}=`));
  return place < 0 ? [...list, entry] : list.with(place, entry);
};

/** An environment as a table. */
export const environmentOf = (list: readonly string[] = []): Map<string, string> =>
  new Map(list.map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)]));

/** A path from where the image is, made absolute. */
export function absolute(path: string, { WorkingDir = "/" }: ExecutionConfig): string {
  const whole = path.startsWith("/") ? path : `${WorkingDir === "/" ? "" : WorkingDir}/${path}`;
  const parts: string[] = [];
  for (const part of whole.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Go's durations: "1m30s", in nanoseconds. */
function durationOf(text: string, flag: string, line: number): number {
  let sum = 0;
  const rest = text.replace(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g, (_, count: string, unit: string) => {
    sum += Number(count) * (units[unit] ?? 0);
    return "";
  });
  if (rest !== "" || text === "")
    throw mistake(line, `Interval "${flag}" isn't a duration: ${text}`, 'Write "30s", "1m30s" or "500ms".');
  if (sum !== 0 && sum < 1e6) throw mistake(line, `Interval "${flag}" cannot be less than 1ms`, "Give at least 1ms.");
  return sum;
}

function healthOf(
  { command, interval, timeout, startPeriod, startInterval, retries }: Health,
  line: number,
): ExecutionConfig {
  if (command === "none") return { Healthcheck: { Test: ["NONE"] } };
  const test = command.form === "exec" ? ["CMD", ...command.args] : ["CMD-SHELL", command.text];
  return {
    Healthcheck: {
      Test: test,
      ...(interval !== undefined && { Interval: durationOf(interval, "interval", line) }),
      ...(timeout !== undefined && { Timeout: durationOf(timeout, "timeout", line) }),
      ...(startPeriod !== undefined && { StartPeriod: durationOf(startPeriod, "start-period", line) }),
      ...(startInterval !== undefined && { StartInterval: durationOf(startInterval, "start-interval", line) }),
      ...(retries !== undefined && { Retries: retries }),
    },
  };
}

/** "80", "80/udp", "8000-8002": a list of ports with protocols. */
function portsOf(word: string, line: number): string[] {
  const [, first = "", last = first, protocol = "tcp"] = /^(\d+)(?:-(\d+))?(?:\/([a-zA-Z]+))?$/.exec(word) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === "" || !["tcp", "udp", "sctp"].includes(protocol.toLowerCase()) || to > 65_535 || from < 1 || to < from)
    throw mistake(line, `invalid containerPort: ${word}`, 'Write "80", "53/udp" or "8000-8010".');
  return Array.from({ length: to - from + 1 }, (_, more) => `${from + more}/${protocol.toLowerCase()}`);
}

const described = (command: Command, config: ExecutionConfig): string => JSON.stringify(argsOf(command, config));
const keyed = (words: readonly string[]): Record<string, object> => Object.fromEntries(words.map((word) => [word, {}]));

/**
 * What an instruction that touches no file makes of a configuration.
 * @throws UsageError with the line
 */
export function setting(
  instruction: SettingInstruction,
  config: ExecutionConfig,
  { lookup, escape, ownCommand }: SettingContext,
): Setting {
  const word = (text: string): string => expandWord(text, escape, lookup);
  const { line } = instruction;
  switch (instruction.keyword) {
    case "ENV": {
      // All of a line's values are replaced before the first is set.
      const pairs = instruction.pairs.map(([name, value]) => [word(name), word(value)] as const);
      const Env = pairs.reduce((list, [name, value]) => setPair(list, name, value), config.Env ?? []);
      return { config: { ...config, Env }, text: `ENV ${pairs.map(([name, value]) => `${name}=${value}`).join(" ")}` };
    }
    case "LABEL": {
      const pairs = instruction.pairs.map(([name, value]) => [word(name), word(value)] as const);
      const Labels = { ...config.Labels, ...Object.fromEntries(pairs) };
      return {
        config: { ...config, Labels },
        text: `LABEL ${pairs.map(([name, value]) => `${name}=${value}`).join(" ")}`,
      };
    }
    case "CMD": {
      const { command } = instruction;
      return { config: { ...config, Cmd: argsOf(command, config) }, text: `CMD ${described(command, config)}` };
    }
    case "ENTRYPOINT": {
      // A new entry point takes the base image's CMD away: it was written for another program.
      const { Cmd, ...rest } = config;
      const { command } = instruction;
      const kept = ownCommand && Cmd !== undefined ? { ...rest, Cmd } : rest;
      return {
        config: { ...kept, Entrypoint: argsOf(command, config) },
        text: `ENTRYPOINT ${described(command, config)}`,
      };
    }
    case "EXPOSE": {
      const ports = instruction.words
        .flatMap((one) => expandWords(one, escape, lookup))
        .flatMap((one) => portsOf(one, line));
      const ExposedPorts = { ...config.ExposedPorts, ...keyed(ports) };
      return { config: { ...config, ExposedPorts }, text: `EXPOSE ${ports.join(" ")}` };
    }
    case "VOLUME": {
      const paths = instruction.words.map(word);
      return {
        config: { ...config, Volumes: { ...config.Volumes, ...keyed(paths) } },
        text: `VOLUME ${JSON.stringify(paths)}`,
      };
    }
    case "USER": {
      const User = word(instruction.word);
      if (User === "") throw mistake(line, "USER is blank", "Give a user's name or number.");
      return { config: { ...config, User }, text: `USER ${User}` };
    }
    case "STOPSIGNAL": {
      const StopSignal = word(instruction.word);
      if (!/^(?:SIG[A-Z0-9+-]+|\d+)$/.test(StopSignal))
        throw mistake(line, `invalid signal: ${StopSignal}`, 'Write "SIGTERM", or a number.');
      return { config: { ...config, StopSignal }, text: `STOPSIGNAL ${StopSignal}` };
    }
    case "HEALTHCHECK":
      return { config: { ...config, ...healthOf(instruction.health, line) }, text: instruction.text };
    case "SHELL":
      return { config: { ...config, Shell: instruction.args }, text: `SHELL ${JSON.stringify(instruction.args)}` };
    case "ONBUILD":
      return {
        config: { ...config, OnBuild: [...(config.OnBuild ?? []), instruction.trigger] },
        text: instruction.text,
      };
    case "MAINTAINER":
      return { config, text: instruction.text };
  }
}

/** @throws UsageError for an option of COPY and ADD that is no mode */
export function modeOf(text: string | undefined, line: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^0?[0-7]{3,4}$/.test(text))
    throw mistake(line, `invalid chmod parameter: '${text}'`, "Give octal digits, like 755.");
  return Number.parseInt(text, 8);
}

/** A table of passwd(5) or group(5) in an image, by rows. */
function table(files: FileSet, path: string): readonly (readonly string[])[] {
  const entry = files.get(resolved(files, path));
  return entry === undefined
    ? []
    : textOf(bytesOf(entry))
        .split("\n")
        .map((row) => row.split(":"));
}

function idOf(files: FileSet, path: string, name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  const id = table(files, path).find(([first]) => first === name)?.[2];
  if (id === undefined)
    throw new UsageError(
      `unable to find ${path.endsWith("group") ? "group" : "user"} ${name}: no matching entries in ${path.slice(4)} file`,
      "Give a number, or make it first.",
    );
  return Number(id);
}

/** Who "user:group" of --chown is, by an image's own tables; without a group, the one of the user's number. */
export function ownerIn(files: FileSet, text: string): readonly [uid: number, gid: number] {
  const [user = "", group = user] = text.split(":");
  return [idOf(files, "etc/passwd", user), idOf(files, text.includes(":") ? "etc/group" : "etc/passwd", group)];
}

/** Who USER is: without a group, the one that passwd names, else root's. */
export function userIn(files: FileSet, text: string): readonly [uid: number, gid: number] {
  const [user = "", group] = text.split(":");
  const uid = idOf(files, "etc/passwd", user);
  if (group !== undefined) return [uid, idOf(files, "etc/group", group)];
  return [uid, Number(table(files, "etc/passwd").find((row) => row[2] === String(uid))?.[3] ?? 0)];
}
