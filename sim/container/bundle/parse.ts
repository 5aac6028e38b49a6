import { invariant, nearest, UsageError } from "../../core/index.js";
import { Field, parseJson, type Json } from "../json.js";
import {
  capabilityKinds,
  hookKinds,
  namespaceTypes,
  type CapabilitySpec,
  type DeviceCgroupSpec,
  type DeviceSpec,
  type Hook,
  type Hooks,
  type IdMapping,
  type LinuxSpec,
  type MountSpec,
  type ProcessSpec,
  type Resources,
  type RuntimeSpec,
  type SeccompArgument,
  type ThrottleSpec,
  type SeccompSpec,
} from "./spec.js";

const wrong = (where: string, why: string, hint: string): UsageError => new UsageError(`${where} ${why}`, hint);

/** Leaves out what is undefined. */
function present<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): T {
  const found: Partial<T> = {};
  for (const key in fields) if (fields[key] !== undefined) found[key] = fields[key];
  return found as T;
}

const text = (field: Field): string => field.text();
const texts = (field: Field): string[] => field.texts();
const boolean = (field: Field): boolean => field.boolean();
const number = (field: Field): number => field.number();

function absolute(field: Field): string {
  const path = field.text();
  if (!path.startsWith("/")) throw wrong(field.where, `is "${path}"`, "Give an absolute path.");
  return path;
}

function id(field: Field): number {
  const value = field.number();
  if (!Number.isInteger(value) || value < 0 || value > 2 ** 32 - 2)
    throw wrong(field.where, `is ${value}`, "Give a user's or group's id: a whole number from 0 on.");
  return value;
}

function word<T extends string>(field: Field, valid: readonly T[]): T {
  const value = field.text();
  const found = valid.find((one) => one === value);
  if (found === undefined)
    throw wrong(
      field.where,
      `is "${value}"`,
      `Did you mean "${nearest(value, valid) ?? ""}"? There are: ${valid.join(", ")}.`,
    );
  return found;
}

function readProcess(field: Field): ProcessSpec {
  const user = field.at("user");
  const args = field.at("args").texts();
  if (args.length === 0) throw wrong(`${field.where}.args`, "is empty", "Name a program to run.");
  return present<ProcessSpec>({
    terminal: field.at("terminal").optional(boolean),
    user: present<ProcessSpec["user"]>({
      uid: id(user.at("uid")),
      gid: id(user.at("gid")),
      umask: user.at("umask").optional(number),
      additionalGids: user.at("additionalGids").optional((one) => one.list().map(id)),
    }),
    args,
    env: field.at("env").optional(texts) ?? [],
    cwd: absolute(field.at("cwd")),
    capabilities: field.at("capabilities").optional(readCapabilities),
    rlimits: field.at("rlimits").optional((list) =>
      list.list().map((one) => ({
        type: one.at("type").text(),
        soft: one.at("soft").number(),
        hard: one.at("hard").number(),
      })),
    ),
    noNewPrivileges: field.at("noNewPrivileges").optional(boolean),
    oomScoreAdj: field.at("oomScoreAdj").optional(number),
  });
}

const readCapabilities = (field: Field): CapabilitySpec =>
  Object.fromEntries(
    capabilityKinds.flatMap((kind) => {
      const names = field.at(kind).optional(texts);
      return names === undefined ? [] : [[kind, names]];
    }),
  );

const readMount = (field: Field): MountSpec =>
  present<MountSpec>({
    destination: absolute(field.at("destination")),
    type: field.at("type").optional(text),
    source: field.at("source").optional(text),
    options: field.at("options").optional(texts),
  });

const readHook = (field: Field): Hook =>
  present<Hook>({
    path: absolute(field.at("path")),
    args: field.at("args").optional(texts),
    env: field.at("env").optional(texts),
  });

const readHooks = (field: Field): Hooks =>
  Object.fromEntries(
    hookKinds.flatMap((kind) => {
      const hooks = field.at(kind).optional((list) => list.list().map(readHook));
      return hooks === undefined ? [] : [[kind, hooks]];
    }),
  );

const readMapping = (field: Field): IdMapping => ({
  containerID: id(field.at("containerID")),
  hostID: id(field.at("hostID")),
  size: id(field.at("size")),
});

const readDevice = (field: Field): DeviceSpec =>
  present<DeviceSpec>({
    type: word(field.at("type"), ["c", "b", "u", "p"] as const),
    path: absolute(field.at("path")),
    major: field.at("major").optional(number),
    minor: field.at("minor").optional(number),
    fileMode: field.at("fileMode").optional(number),
    uid: field.at("uid").optional(id),
    gid: field.at("gid").optional(id),
  });

const readDeviceRule = (field: Field): DeviceCgroupSpec =>
  present<DeviceCgroupSpec>({
    allow: field.at("allow").boolean(),
    type: field.at("type").optional((one) => word(one, ["a", "b", "c"] as const)),
    major: field.at("major").optional(number),
    minor: field.at("minor").optional(number),
    access: field.at("access").optional(text),
  });

const readThrottle = (field: Field): ThrottleSpec => ({
  major: field.at("major").number(),
  minor: field.at("minor").number(),
  rate: field.at("rate").number(),
});

function readBlockIo(field: Field): NonNullable<Resources["blockIO"]> {
  const throttles = (name: string): readonly ThrottleSpec[] | undefined =>
    field.at(name).optional((list) => list.list().map(readThrottle));
  return present<NonNullable<Resources["blockIO"]>>({
    weight: field.at("weight").optional(number),
    throttleReadBpsDevice: throttles("throttleReadBpsDevice"),
    throttleWriteBpsDevice: throttles("throttleWriteBpsDevice"),
    throttleReadIOPSDevice: throttles("throttleReadIOPSDevice"),
    throttleWriteIOPSDevice: throttles("throttleWriteIOPSDevice"),
  });
}

function readResources(field: Field): Resources {
  const numbers = <K extends string>(key: string, names: readonly K[]): { readonly [N in K]?: number } | undefined =>
    field.at(key).optional((group) => {
      const found = names.map((name) => [name, group.at(name).optional(number)] as const);
      return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as { readonly [N in K]?: number };
    });
  return present<Resources>({
    memory: numbers("memory", ["limit", "reservation", "swap"]),
    cpu: field.at("cpu").optional((group) =>
      present<NonNullable<Resources["cpu"]>>({
        ...numbers("cpu", ["shares", "quota", "period"]),
        cpus: group.at("cpus").optional((one) => one.text()),
        mems: group.at("mems").optional((one) => one.text()),
      }),
    ),
    blockIO: field.at("blockIO").optional(readBlockIo),
    pids: field.at("pids").optional((pids) => ({ limit: pids.at("limit").number() })),
    devices: field.at("devices").optional((list) => list.list().map(readDeviceRule)),
    unified: field.at("unified").optional((one) => one.textMap()),
  });
}

const readArgument = (field: Field): SeccompArgument =>
  present<SeccompArgument>({
    index: field.at("index").number(),
    value: field.at("value").number(),
    valueTwo: field.at("valueTwo").optional(number),
    op: field.at("op").text(),
  });

const readSeccomp = (field: Field): SeccompSpec =>
  present<SeccompSpec>({
    defaultAction: field.at("defaultAction").text(),
    defaultErrnoRet: field.at("defaultErrnoRet").optional(number),
    architectures: field.at("architectures").optional(texts),
    syscalls: field.at("syscalls").optional((list) =>
      list.list().map((rule) =>
        present<NonNullable<SeccompSpec["syscalls"]>[number]>({
          names: rule.at("names").texts(),
          action: rule.at("action").text(),
          errnoRet: rule.at("errnoRet").optional(number),
          args: rule.at("args").optional((args) => args.list().map(readArgument)),
        }),
      ),
    ),
  });

/** Profiles that were read, the last first: containers of one profile share what was read and what is compiled of it. */
const profiles: { readonly value: Json | undefined; readonly profile: SeccompSpec }[] = [];
const mostProfiles = 16;

function sharedSeccomp(field: Field): SeccompSpec {
  const place = profiles.findIndex(({ value }) => same(value, field.value));
  const known = place < 0 ? { value: field.value, profile: readSeccomp(field) } : profiles[place];
  invariant(known !== undefined, "a profile that was found");
  if (place !== 0) {
    if (place > 0) profiles.splice(place, 1);
    profiles.unshift(known);
    if (profiles.length > mostProfiles) profiles.pop();
  }
  return known.profile;
}

/** Whether two documents say the same, in the same order. */
function same(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one)) {
    const [a, b] = [one as readonly Json[], other as readonly Json[]];
    return Array.isArray(other) && a.length === b.length && a.every((item, place) => same(item, b[place]));
  }
  const keys = Object.keys(one);
  const others = Object.keys(other);
  if (keys.length !== others.length || Array.isArray(other)) return false;
  const [a, b] = [one as Readonly<Record<string, Json>>, other as Readonly<Record<string, Json>>];
  return keys.every((key, place) => key === others[place] && same(a[key], b[key]));
}

function readLinux(field: Field): LinuxSpec {
  const namespaces = (field.at("namespaces").optional((one) => one.list()) ?? []).map((one) =>
    present<LinuxSpec["namespaces"][number]>({
      type: word(one.at("type"), namespaceTypes),
      path: one.at("path").optional(absolute),
    }),
  );
  const twice = namespaces.find(({ type }, place) => namespaces.findIndex((one) => one.type === type) !== place);
  if (twice !== undefined)
    throw wrong(`${field.where}.namespaces`, `has "${twice.type}" twice`, "Name each kind once.");
  return present<LinuxSpec>({
    namespaces,
    uidMappings: field.at("uidMappings").optional((list) => list.list().map(readMapping)),
    gidMappings: field.at("gidMappings").optional((list) => list.list().map(readMapping)),
    devices: field.at("devices").optional((list) => list.list().map(readDevice)),
    cgroupsPath: field.at("cgroupsPath").optional(text),
    resources: field.at("resources").optional(readResources),
    rootfsPropagation: field.at("rootfsPropagation").optional(text),
    seccomp: field.at("seccomp").optional(sharedSeccomp),
    maskedPaths: field.at("maskedPaths").optional(texts),
    readonlyPaths: field.at("readonlyPaths").optional(texts),
    sysctl: field.at("sysctl").optional((one) => one.textMap()),
  });
}

/**
 * A bundle's config.json, checked.
 * @throws UsageError naming the field that is wrong, and how to mend it
 */
export function parseSpec(bytes: Uint8Array): RuntimeSpec {
  const field = new Field(parseJson(bytes, "config.json"), "config");
  const version = field.at("ociVersion").text();
  if (!/^1\.\d+\.\d+/.test(version))
    throw wrong("config.ociVersion", `is "${version}"`, 'Give a version of the runtime specification: "1.2.0".');
  const root = field.at("root");
  const spec = present<RuntimeSpec>({
    ociVersion: version,
    process: readProcess(field.at("process")),
    root: present<RuntimeSpec["root"]>({
      path: root.at("path").text(),
      readonly: root.at("readonly").optional(boolean),
    }),
    hostname: field.at("hostname").optional(text),
    domainname: field.at("domainname").optional(text),
    mounts: (field.at("mounts").optional((one) => one.list()) ?? []).map(readMount),
    hooks: field.at("hooks").optional(readHooks),
    annotations: field.at("annotations").optional((one) => one.textMap()),
    linux: field.at("linux").optional(readLinux) ?? { namespaces: [] },
  });
  checkTogether(spec);
  return spec;
}

/** What has to fit together: config-linux.md. */
function checkTogether({ hostname, linux, mounts }: RuntimeSpec): void {
  const has = (type: string): boolean => linux.namespaces.some((one) => one.type === type);
  if (!has("mount"))
    throw wrong("config.linux.namespaces", 'lacks "mount"', "A container has a mount namespace: add it.");
  if (hostname !== undefined && !has("uts"))
    throw wrong("config.hostname", "is set without a uts namespace", "Add the namespace, or leave the name out.");
  const maps = linux.uidMappings !== undefined || linux.gidMappings !== undefined;
  if (maps && !has("user"))
    throw wrong(
      "config.linux.uidMappings",
      "are set without a user namespace",
      "Add the namespace, or leave them out.",
    );
  if (linux.sysctl !== undefined && !mounts.some(({ type }) => type === "proc"))
    throw wrong("config.linux.sysctl", "is set without /proc", "Mount proc, or leave it out.");
}
