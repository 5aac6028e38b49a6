import { nearest, UsageError, type Activity } from "../../core/index.js";
import { capabilityNames, signalNumbers, type Sys } from "../../os/index.js";
import type { DeviceCgroupSpec, IdMapping } from "../bundle/spec.js";
import { readText } from "../runtime/files.js";

/** One network of a container: lxc.net.N.*. */
export interface NetworkSettings {
  readonly type: "none" | "empty" | "veth";
  /** The bridge that a veth's outer end becomes a port of. */
  readonly link: string | undefined;
  readonly name: string | undefined;
  readonly up: boolean;
  readonly hwaddr: string | undefined;
  readonly mtu: number | undefined;
  /** "10.0.3.2/24" */
  readonly addresses: readonly string[];
  /** "auto": the bridge's own address. */
  readonly gateway: string | undefined;
  /** The outer end's name. */
  readonly pair: string | undefined;
}

/** A configuration, read and checked. */
export interface Configuration {
  /** As they stood, includes followed. */
  readonly items: readonly (readonly [key: string, value: string])[];
  readonly name: string | undefined;
  /** "/path", "dir:/path" or "overlay:lower:upper", without the "dir:". */
  readonly rootfs: string | undefined;
  readonly rootfsReadonly: boolean;
  readonly init: readonly string[];
  readonly environment: readonly string[];
  readonly networks: readonly NetworkSettings[];
  /** Files of cgroup v2. */
  readonly cgroup: Readonly<Record<string, string>>;
  /** lxc.cgroup2.devices.allow and .deny, in their order; none leaves all devices open. */
  readonly devices: readonly DeviceCgroupSpec[];
  readonly idmaps: { readonly u: readonly IdMapping[]; readonly g: readonly IdMapping[] };
  /** Lines of fstab(5). */
  readonly mounts: readonly string[];
  /** Words as "proc:mixed". */
  readonly automounts: readonly string[];
  readonly dropped: readonly string[];
  /** Where it is there, all others are dropped. */
  readonly kept: readonly string[] | undefined;
  readonly haltSignal: number | undefined;
  readonly consoleLog: string | undefined;
  readonly seccompProfile: string | undefined;
  readonly noNewPrivileges: boolean;
  readonly sysctl: Readonly<Record<string, string>>;
  /** Namespaces that it has in common with who starts it. */
  readonly shared: readonly string[];
}

const lists = [
  "lxc.mount.entry",
  "lxc.cap.drop",
  "lxc.cap.keep",
  "lxc.idmap",
  "lxc.environment",
  "lxc.mount.auto",
  "lxc.include",
];
const single = [
  "lxc.uts.name",
  "lxc.rootfs.path",
  "lxc.rootfs.options",
  "lxc.init.cmd",
  "lxc.signal.halt",
  "lxc.console.logfile",
  "lxc.seccomp.profile",
  "lxc.no_new_privs",
  "lxc.namespace.keep",
];
/** Understood and without effect: there are no such terminals here, one processor, and nobody starts containers at boot. */
const ignored = [
  "lxc.tty.max",
  "lxc.pty.max",
  "lxc.tty.dir",
  "lxc.arch",
  "lxc.autodev",
  "lxc.start.auto",
  "lxc.start.delay",
  "lxc.group",
  "lxc.log.level",
  "lxc.log.file",
];
const netKeys = [
  "type",
  "link",
  "name",
  "flags",
  "hwaddr",
  "mtu",
  "ipv4.address",
  "ipv4.gateway",
  "veth.pair",
  "script.up",
];

interface Place {
  readonly file: string;
  readonly line: number;
}

const refuse = ({ file, line }: Place, what: string, mend: string): UsageError =>
  new UsageError(`${file}:${line}: ${what}`, mend);

function checkKey(key: string, place: Place): void {
  if (lists.includes(key) || single.includes(key) || ignored.includes(key)) return;
  if (/^lxc\.(cgroup2|sysctl)\.[\w.-]+$/.test(key)) return;
  const net = /^lxc\.net\.\d+\.(.+)$/.exec(key)?.[1];
  if (net !== undefined && netKeys.includes(net)) return;
  if (key.startsWith("lxc.apparmor.") || key.startsWith("lxc.selinux."))
    throw refuse(
      place,
      `${key}: the kernel has no such security module`,
      "Leave the line out; lxc.cap.drop and lxc.idmap hold here.",
    );
  if (/^lxc\.cgroup\.[\w.-]+$/.test(key))
    throw refuse(
      place,
      `${key}: there is only version 2 of control groups`,
      `Write lxc.cgroup2${key.slice("lxc.cgroup".length)}, with version 2's name of the file.`,
    );
  const known = [...lists, ...single, ...ignored, ...netKeys.map((one) => `lxc.net.0.${one}`)];
  const near = nearest(key, known);
  throw refuse(
    place,
    `unknown configuration key "${key}"`,
    near === undefined ? "See lxc.container.conf(5)." : `Did you mean "${near}"?`,
  );
}

function capability(name: string, place: Place): string {
  const upper = name.toUpperCase();
  if (!capabilityNames.some((one) => one === upper))
    throw refuse(place, `"${name}" is no capability`, 'Write it without "CAP_": sys_module.');
  return upper;
}

function signal(text: string, place: Place): number {
  const realTime = /^SIGRTMIN\+(\d+)$/.exec(text)?.[1];
  const number =
    realTime !== undefined
      ? 34 + Number(realTime)
      : /^\d+$/.test(text)
        ? Number(text)
        : (signalNumbers as Readonly<Record<string, number>>)[text];
  if (number === undefined || number > 64)
    throw refuse(place, `"${text}" is no signal`, "Write it as SIGPWR, SIGRTMIN+3 or a number.");
  return number;
}

function idmap(value: string, place: Place): readonly ["u" | "g", IdMapping][] {
  const [, kind, inside, outside, size] = /^([ugb])\s+(\d+)\s+(\d+)\s+(\d+)$/.exec(value) ?? [];
  if (kind === undefined)
    throw refuse(
      place,
      `lxc.idmap = ${value}`,
      "Write u, g or b, then the first id inside, the first outside, how many.",
    );
  const mapping = { containerID: Number(inside), hostID: Number(outside), size: Number(size) };
  return (kind === "b" ? (["u", "g"] as const) : ([kind === "u" ? "u" : "g"] as const)).map(
    (one) => [one, mapping] as const,
  ) as unknown as ["u" | "g", IdMapping][];
}

interface Item extends Place {
  readonly key: string;
  readonly value: string;
}

const deviceKeys = { "lxc.cgroup2.devices.allow": true, "lxc.cgroup2.devices.deny": false } as const;

/** "c 1:3 rwm", "b *:* m", "a". */
function deviceRule(item: Item): DeviceCgroupSpec {
  const allow = item.key === "lxc.cgroup2.devices.allow";
  if (item.value === "a") return { allow };
  const [, type, major = "*", minor = "*", access = "rwm"] =
    /^([abc]) (\d+|\*):(\d+|\*) ([rwm]+)$/.exec(item.value) ?? [];
  if (type !== "a" && type !== "b" && type !== "c")
    throw refuse(item, `${item.key} = ${item.value}`, "Write a kind, numbers and letters: c 1:3 rwm; or a for all.");
  return {
    ...{ allow, type, access },
    ...(major !== "*" && { major: Number(major) }),
    ...(minor !== "*" && { minor: Number(minor) }),
  };
}

/** A file's lines, with those of the files that it includes in their places. */
function* itemsOf(sys: Sys, file: string, above: readonly string[] = []): Activity<Item[]> {
  if (above.includes(file))
    throw new UsageError(`${file} includes itself`, "Take the lxc.include out that leads back.");
  const found: Item[] = [];
  for (const item of parseLines(yield* readText(sys, file), file)) {
    if (item.key === "lxc.include") found.push(...(yield* itemsOf(sys, item.value, [...above, file])));
    else found.push(item);
  }
  return found;
}

function parseLines(text: string, file: string): Item[] {
  return text.split("\n").flatMap((raw, at): Item[] => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return [];
    const place = { file, line: at + 1 };
    const [, key, value] = /^([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined) throw refuse(place, `"${line}" is no setting`, "Write KEY = VALUE.");
    checkKey(key, place);
    return [{ ...place, key, value }];
  });
}

/** Reads a container's configuration with what it includes. @throws UsageError that names file, line and mend; Errno */
export function* readConfiguration(sys: Sys, file: string): Activity<Configuration> {
  return configurationOf(yield* itemsOf(sys, file));
}

/** The same of text alone: a line with lxc.include is refused. */
export function parseConfiguration(text: string, file = "config"): Configuration {
  const items = parseLines(text, file);
  const includes = items.find(({ key }) => key === "lxc.include");
  if (includes !== undefined)
    throw refuse(includes, "lxc.include needs a file system", "Read it there, with lxc-start.");
  return configurationOf(items);
}

function configurationOf(all: readonly Item[]): Configuration {
  // An empty value takes away what stood before: of a list all, of "lxc.net" every network.
  const items = all.filter(
    ({ key, value }, at) => value !== "" && !all.slice(at + 1).some((later) => later.value === "" && later.key === key),
  );
  const last = (key: string): Item | undefined => items.findLast((one) => one.key === key);
  const values = (key: string): readonly Item[] => items.filter((one) => one.key === key);
  const wordsOf = (key: string): readonly { readonly word: string; readonly item: Item }[] =>
    values(key).flatMap((item) => item.value.split(/\s+/).map((word) => ({ word, item })));
  const prefixed = (prefix: string): Record<string, string> =>
    Object.fromEntries(
      items
        .filter(({ key }) => key.startsWith(prefix) && !(key in deviceKeys))
        .map(({ key, value }) => [key.slice(prefix.length), value]),
    );
  const maps = values("lxc.idmap").flatMap((item) => idmap(item.value, item));
  const halt = last("lxc.signal.halt");
  const kept = wordsOf("lxc.cap.keep");
  const numbers = new Set(items.flatMap(({ key }) => /^lxc\.net\.(\d+)\./.exec(key)?.[1] ?? []));
  return {
    items: items.map(({ key, value }) => [key, value]),
    name: last("lxc.uts.name")?.value,
    rootfs: last("lxc.rootfs.path")?.value.replace(/^dir:/, ""),
    rootfsReadonly: last("lxc.rootfs.options")?.value.split(",").includes("ro") === true,
    init: (last("lxc.init.cmd")?.value ?? "/sbin/init").split(/\s+/),
    environment: values("lxc.environment").map(({ value }) => value),
    networks: [...numbers]
      .sort((a, b) => Number(a) - Number(b))
      .map((number) => networkOf(items, `lxc.net.${number}.`)),
    cgroup: prefixed("lxc.cgroup2."),
    devices: items.filter(({ key }) => key in deviceKeys).map(deviceRule),
    idmaps: {
      u: maps.filter(([kind]) => kind === "u").map(([, one]) => one),
      g: maps.filter(([kind]) => kind === "g").map(([, one]) => one),
    },
    mounts: values("lxc.mount.entry").map(({ value }) => value),
    automounts: wordsOf("lxc.mount.auto").map(({ word }) => word),
    dropped: wordsOf("lxc.cap.drop").map(({ word, item }) => capability(word, item)),
    kept:
      kept.length === 0 ? undefined : kept.flatMap(({ word, item }) => (word === "none" ? [] : capability(word, item))),
    haltSignal: halt === undefined ? undefined : signal(halt.value, halt),
    consoleLog: last("lxc.console.logfile")?.value,
    seccompProfile: last("lxc.seccomp.profile")?.value,
    noNewPrivileges: last("lxc.no_new_privs")?.value === "1",
    sysctl: prefixed("lxc.sysctl."),
    shared: wordsOf("lxc.namespace.keep").map(({ word }) => word),
  };
}

function networkOf(items: readonly Item[], prefix: string): NetworkSettings {
  const of = (key: string): Item | undefined => items.findLast((one) => one.key === prefix + key);
  const type = of("type");
  const kind = type?.value ?? "empty";
  if (kind !== "none" && kind !== "empty" && kind !== "veth")
    throw refuse(
      type ?? { file: "config", line: 0 },
      `${prefix}type = ${kind}`,
      "Of LXC's types veth, empty and none are here.",
    );
  const script = of("script.up");
  if (script !== undefined) throw refuse(script, `${script.key}: hooks are absent here`, "Do it behind lxc-start.");
  const mtu = of("mtu")?.value;
  return {
    type: kind,
    link: of("link")?.value,
    name: of("name")?.value,
    up: of("flags")?.value === "up",
    hwaddr: of("hwaddr")?.value,
    mtu: mtu === undefined ? undefined : Number(mtu),
    addresses: items
      .filter(({ key }) => key === `${prefix}ipv4.address`)
      .map(({ value }) => value.split(/\s+/)[0] ?? ""),
    gateway: of("ipv4.gateway")?.value,
    pair: of("veth.pair")?.value,
  };
}
