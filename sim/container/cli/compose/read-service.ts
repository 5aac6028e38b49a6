import type { Field } from "../../json.js";
import { CliError } from "../client.js";
import { parsePorts } from "../run-options.js";
import { parseDuration, parseSize } from "../units.js";
import { shellWords, type Lookup } from "./interpolate.js";
import type { Build, Condition, Healthcheck, Service, ServiceNetwork, ServicePort, ServiceVolume } from "./project.js";

/** What reading a service needs beside it. */
export interface Surroundings {
  readonly project: string;
  readonly directory: string;
  readonly lookup: Lookup;
  /** Settings of env_file's files, by their paths from the root on. */
  readonly envFiles: ReadonlyMap<string, ReadonlyMap<string, string | undefined>>;
}

const known =
  "build cap_add cap_drop command container_name cpus depends_on deploy dns domainname entrypoint env_file environment expose extra_hosts group_add " +
  "healthcheck hostname image init ipc labels mem_limit mem_reservation network_mode networks pid pids_limit platform ports privileged profiles " +
  "pull_policy read_only restart scale security_opt shm_size stdin_open stop_grace_period stop_signal sysctls tmpfs tty ulimits user volumes " +
  "volumes_from working_dir";

const scalar = (field: Field): string => {
  const { value } = field;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new CliError(`${field.where} must be a string`);
};

/** A list, or a single value that stands for a list of one. */
const several = (field: Field): string[] => (Array.isArray(field.value) ? field.list().map(scalar) : [scalar(field)]);

const optional = <T>(field: Field, read: (one: Field) => T): T | undefined => field.optional(read);

/** A map, or a list of NAME=value; a name without a value is null. */
function pairs(field: Field): Record<string, string | null> {
  if (Array.isArray(field.value))
    return Object.fromEntries(
      field.list().map((one) => {
        const [name = "", value] = scalar(one).split(/=(.*)/s);
        return [name, value ?? null] as const;
      }),
    );
  return Object.fromEntries(field.entries().map(([name, one]) => [name, one.absent ? null : scalar(one)]));
}

export const labelsOf = (field: Field): Record<string, string> =>
  Object.fromEntries(Object.entries(optional(field, pairs) ?? {}).map(([name, value]) => [name, value ?? ""]));

/** @throws CliError for a key that there isn't */
export function demandKeys(field: Field, keys: string): void {
  const names = keys.split(" ");
  for (const [key] of field.entries())
    if (!names.includes(key) && !key.startsWith("x-"))
      throw new CliError(`${field.where} additional properties '${key}' not allowed`);
}

export function resolve(directory: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${directory}/${path}`).split("/"))
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  return `/${parts.join("/")}`;
}

const duration = (field: Field): number => {
  const nanos = parseDuration(scalar(field));
  if (nanos === undefined) throw new CliError(`${field.where} must be a duration, such as 1m30s`);
  return nanos;
};

const size = (field: Field): number => {
  const bytes = parseSize(scalar(field));
  if (bytes === undefined) throw new CliError(`${field.where}: invalid size: '${scalar(field)}'`);
  return bytes;
};

const whole = (field: Field): number => {
  const text = scalar(field);
  if (!/^-?\d+$/.test(text)) throw new CliError(`${field.where} must be a integer`);
  return Number(text);
};

const words = (field: Field): string[] =>
  Array.isArray(field.value) ? field.list().map(scalar) : shellWords(scalar(field), field.where);

function readBuild(field: Field, { directory, lookup }: Surroundings): Build {
  if (typeof field.value === "string")
    return { context: resolve(directory, field.value), dockerfile: "", args: {}, labels: {}, target: undefined };
  demandKeys(
    field,
    "additional_contexts args cache_from context dockerfile labels no_cache platforms pull tags target",
  );
  const context = resolve(directory, optional(field.at("context"), scalar) ?? ".");
  const args = Object.entries(optional(field.at("args"), pairs) ?? {});
  const file = optional(field.at("dockerfile"), scalar);
  return {
    context,
    dockerfile: file === undefined ? "" : resolve(context, file),
    args: Object.fromEntries(args.map(([name, value]) => [name, value ?? lookup(name) ?? null])),
    labels: labelsOf(field.at("labels")),
    target: optional(field.at("target"), scalar),
  };
}

function readPort(field: Field): ServicePort[] {
  if (typeof field.value === "object") {
    demandKeys(field, "app_protocol host_ip mode name protocol published target");
    return [
      {
        target: whole(field.at("target")),
        published: optional(field.at("published"), scalar) ?? "",
        protocol: optional(field.at("protocol"), scalar) ?? "tcp",
        host: optional(field.at("host_ip"), scalar) ?? "",
      },
    ];
  }
  try {
    return Object.entries(parsePorts([scalar(field)]).bindings).flatMap(([key, ends]) => {
      const [port = "", protocol = "tcp"] = key.split("/");
      return ends.map(({ HostIp, HostPort }) => ({
        target: Number(port),
        published: HostPort,
        protocol,
        host: HostIp,
      }));
    });
  } catch (error) {
    throw error instanceof CliError ? new CliError(`${field.where}: ${error.message}`) : error;
  }
}

function readVolume(field: Field, { directory }: Surroundings): ServiceVolume {
  if (typeof field.value === "object") {
    demandKeys(field, "bind consistency read_only source target tmpfs type volume");
    const type = scalar(field.at("type"));
    if (type !== "bind" && type !== "volume" && type !== "tmpfs")
      throw new CliError(`${field.where}.type: ${type} is none of bind, volume, tmpfs`);
    const source = optional(field.at("source"), scalar);
    return {
      ...{ type, target: scalar(field.at("target")) },
      source: type === "bind" && source !== undefined ? resolve(directory, source) : source,
      readOnly: optional(field.at("read_only"), (one) => one.boolean()) ?? false,
    };
  }
  const parts = scalar(field).split(":");
  if (parts.length > 3) throw new CliError(`${field.where}: invalid spec: ${scalar(field)}: too many colons`);
  const [first = "", second, mode = ""] = parts;
  if (second === undefined) return { type: "volume", source: undefined, target: first, readOnly: false };
  const readOnly = mode.split(",").includes("ro");
  if (/^[./~]/.test(first)) return { type: "bind", source: resolve(directory, first), target: second, readOnly };
  return { type: "volume", source: first, target: second, readOnly };
}

function readNetworks(field: Field): Record<string, ServiceNetwork> {
  const plain: ServiceNetwork = { aliases: [], address: undefined };
  if (field.absent) return { default: plain };
  if (Array.isArray(field.value)) return Object.fromEntries(field.list().map((one) => [scalar(one), plain]));
  return Object.fromEntries(
    field.entries().map(([name, one]) => {
      if (one.absent) return [name, plain];
      demandKeys(one, "aliases ipv4_address priority");
      return [
        name,
        { aliases: optional(one.at("aliases"), several) ?? [], address: optional(one.at("ipv4_address"), scalar) },
      ];
    }),
  );
}

const conditions: readonly Condition[] = ["service_started", "service_healthy", "service_completed_successfully"];

function readDependencies(field: Field): Record<string, Condition> {
  if (field.absent) return {};
  if (Array.isArray(field.value))
    return Object.fromEntries(field.list().map((one) => [scalar(one), "service_started"]));
  return Object.fromEntries(
    field.entries().map(([name, one]) => {
      demandKeys(one, "condition required restart");
      const text = scalar(one.at("condition"));
      const condition = conditions.find((each) => each === text);
      if (condition === undefined)
        throw new CliError(
          `${one.where}.condition must be one of the following: ${conditions.map((each) => `"${each}"`).join(", ")}`,
        );
      return [name, condition];
    }),
  );
}

function readHealthcheck(field: Field): Healthcheck | undefined {
  if (field.absent) return undefined;
  demandKeys(field, "disable interval retries start_interval start_period test timeout");
  if (optional(field.at("disable"), (one) => one.boolean()) === true) return { Test: ["NONE"] };
  const test = field.at("test");
  const Test = test.absent ? [] : Array.isArray(test.value) ? test.list().map(scalar) : ["CMD-SHELL", scalar(test)];
  if (Test[0] !== undefined && !["NONE", "CMD", "CMD-SHELL"].includes(Test[0]))
    throw new CliError(`${test.where}: when a list, the first item must be NONE, CMD or CMD-SHELL`);
  return {
    Test,
    Interval: optional(field.at("interval"), duration),
    Timeout: optional(field.at("timeout"), duration),
    StartPeriod: optional(field.at("start_period"), duration),
    StartInterval: optional(field.at("start_interval"), duration),
    Retries: optional(field.at("retries"), whole),
  };
}

/** env_file's files and then `environment`; what has no value there is the client's own. */
function readEnvironment(field: Field, { directory, envFiles, lookup }: Surroundings): Record<string, string | null> {
  const settings = new Map<string, string | null>();
  for (const path of envFilePaths(field))
    for (const [name, value] of envFiles.get(resolve(directory, path)) ?? []) settings.set(name, value ?? null);
  for (const [name, value] of Object.entries(optional(field.at("environment"), pairs) ?? {}))
    settings.set(name, value ?? lookup(name) ?? null);
  return Object.fromEntries(settings);
}

/** Files that a service's variables come from. */
export function envFilePaths(service: Field): string[] {
  const field = service.at("env_file");
  if (field.absent) return [];
  if (!Array.isArray(field.value)) return [scalar(field)];
  return field.list().map((one) => (typeof one.value === "object" ? scalar(one.at("path")) : scalar(one)));
}

const flag = (field: Field): boolean | undefined =>
  optional(field, (one) => {
    if (typeof one.value === "boolean") return one.value;
    throw new CliError(`${one.where} must be a boolean`);
  });

const cpus = (field: Field): number => {
  const number = Number(scalar(field));
  if (!(number >= 0)) throw new CliError(`${field.where}: ${scalar(field)} is no number of CPUs`);
  return Math.round(number * 1e9);
};

/** @throws CliError, or UsageError of Field, naming the service and its key */
export function readService(name: string, field: Field, around: Surroundings): Service {
  demandKeys(field, known);
  const text = (key: string): string | undefined => optional(field.at(key), scalar);
  const build = optional(field.at("build"), (one) => readBuild(one, around));
  const image = text("image");
  if (image === undefined && build === undefined)
    throw new CliError(`service "${name}" has neither an image nor a build context specified: invalid compose project`);
  const deploy = field.at("deploy");
  const limits = deploy.absent || deploy.at("resources").absent ? undefined : deploy.at("resources").at("limits");
  const limit = <T>(key: string, of: (one: Field) => T): T | undefined =>
    limits === undefined || limits.absent ? undefined : optional(limits.at(key), of);
  const replicas = deploy.absent ? undefined : optional(deploy.at("replicas"), whole);
  const networkMode = text("network_mode");
  if (networkMode !== undefined && !field.at("networks").absent)
    throw new CliError(
      `service ${name} declares mutually exclusive \`network_mode\` and \`networks\`: invalid compose project`,
    );
  const list = (key: string): string[] | undefined => optional(field.at(key), several);
  const grace = optional(field.at("stop_grace_period"), duration);
  return {
    name,
    build,
    image: image ?? `${around.project}-${name}`,
    pullPolicy: text("pull_policy") ?? "missing",
    command: optional(field.at("command"), words),
    entrypoint: optional(field.at("entrypoint"), words),
    environment: readEnvironment(field, around),
    ports: optional(field.at("ports"), (one) => one.list().flatMap(readPort)) ?? [],
    expose: list("expose") ?? [],
    volumes: optional(field.at("volumes"), (one) => one.list().map((each) => readVolume(each, around))) ?? [],
    tmpfs: list("tmpfs") ?? [],
    networks: networkMode === undefined ? readNetworks(field.at("networks")) : {},
    networkMode,
    dependsOn: readDependencies(field.at("depends_on")),
    healthcheck: readHealthcheck(field.at("healthcheck")),
    replicas: replicas ?? optional(field.at("scale"), whole) ?? 1,
    restart: text("restart") ?? "no",
    containerName: text("container_name"),
    labels: labelsOf(field.at("labels")),
    profiles: list("profiles") ?? [],
    stopGracePeriod: grace === undefined ? undefined : Math.ceil(grace / 1e9),
    config: {
      Hostname: text("hostname"),
      Domainname: text("domainname"),
      User: text("user"),
      WorkingDir: text("working_dir"),
      Tty: flag(field.at("tty")),
      OpenStdin: flag(field.at("stdin_open")),
      StopSignal: text("stop_signal"),
    },
    host: {
      CapAdd: list("cap_add"),
      CapDrop: list("cap_drop"),
      Dns: list("dns"),
      ExtraHosts: optional(field.at("extra_hosts"), (one) =>
        Object.entries(pairs(one)).map(([host, address]) => (address === null ? host : `${host}:${address}`)),
      ),
      GroupAdd: list("group_add"),
      IpcMode: text("ipc"),
      PidMode: text("pid"),
      Privileged: flag(field.at("privileged")),
      ReadonlyRootfs: flag(field.at("read_only")),
      SecurityOpt: list("security_opt"),
      ShmSize: optional(field.at("shm_size"), size),
      Sysctls: optional(field.at("sysctls"), pairs),
      Memory: limit("memory", size) ?? optional(field.at("mem_limit"), size),
      MemoryReservation: optional(field.at("mem_reservation"), size),
      NanoCpus: limit("cpus", cpus) ?? optional(field.at("cpus"), cpus),
      PidsLimit: limit("pids", whole) ?? optional(field.at("pids_limit"), whole),
    },
  };
}
