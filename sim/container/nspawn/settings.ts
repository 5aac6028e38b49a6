import { UsageError } from "../../core/index.js";
import { capabilityNames } from "../../os/index.js";
import type { Invocation } from "../../userland/index.js";
import type { MountSpec } from "../bundle/spec.js";

/** What a machine is to be. */
export interface Settings {
  readonly directory: string;
  readonly name: string;
  readonly boot: boolean;
  /** What is run where it isn't booted. */
  readonly command: readonly string[];
  readonly ephemeral: boolean;
  /** Its network: the host's, none, a veth, a veth that is a bridge's port. */
  readonly network: "host" | "private" | "veth" | { readonly bridge: string };
  readonly binds: readonly MountSpec[];
  /** The first of 65536 ids of the host, for -U one that is free. */
  readonly users: number | "pick" | undefined;
  readonly capabilities: readonly string[];
  readonly environment: readonly string[];
  readonly hostname: string;
  readonly readonly: boolean;
  /** Files of cgroup v2. */
  readonly limits: Readonly<Record<string, string>>;
}

/** What nspawn leaves to a machine's root: systemd-nspawn(1), --capability=. */
const kept =
  "AUDIT_CONTROL AUDIT_WRITE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_OWNER KILL LEASE LINUX_IMMUTABLE MKNOD NET_BIND_SERVICE NET_BROADCAST NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_NICE SYS_PTRACE SYS_RESOURCE SYS_TTY_CONFIG".split(
    " ",
  );

function capability(word: string): string {
  const plain = word.toUpperCase().replace(/^CAP_/, "");
  if (capabilityNames.some((one) => one === plain)) return plain;
  throw new UsageError(`Failed to parse capability ${word}`, "Write it as in capabilities(7): CAP_NET_ADMIN.");
}

const words = (texts: readonly string[]): string[] => texts.flatMap((one) => one.split(",")).map(capability);

function bind(text: string, readonly: boolean): MountSpec {
  const [source = "", destination = source] = text.split(":");
  if (!source.startsWith("/") || !destination.startsWith("/"))
    throw new UsageError(`Failed to parse --bind= argument ${text}`, "Write absolute paths: --bind=/host:/inside.");
  return { destination, type: "none", source, options: ["rbind", ...(readonly ? ["ro"] : [])] };
}

const properties: Readonly<Record<string, string>> = {
  TasksMax: "pids.max",
  MemoryMax: "memory.max",
  CPUWeight: "cpu.weight",
};

function limit(text: string): readonly [string, string] {
  const [key = "", value = ""] = text.split("=");
  const file = properties[key];
  if (file === undefined)
    throw new UsageError(`Unknown assignment: ${text}`, `There are ${Object.keys(properties).join(", ")}.`);
  return [file, value === "infinity" ? "max" : value];
}

/** What a command line says. @throws UsageError */
export function settingsOf(it: Invocation): Settings {
  const machine = it.value("M");
  const directory = it.value("D") ?? (machine === undefined ? undefined : `/var/lib/machines/${machine}`);
  if (directory === undefined)
    throw new UsageError("no directory given", "Write -D DIRECTORY, or -M NAME for one of /var/lib/machines.");
  const name = machine ?? directory.replace(/\/+$/, "").split("/").at(-1) ?? "";
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) throw new UsageError(`"${name}" is no machine's name`, "Give one: -M NAME.");
  const bridge = it.value("network-bridge");
  const network =
    bridge !== undefined ? { bridge } : it.has("n") ? "veth" : it.has("private-network") ? "private" : "host";
  const given = it.value("private-users");
  const users =
    it.has("U") || given === "pick" ? "pick" : given === undefined || given === "no" ? undefined : Number(given);
  if (typeof users === "number" && !(Number.isInteger(users) && users % 65_536 === 0))
    throw new UsageError(`--private-users=${given ?? ""}`, "Write a multiple of 65536, pick or no.");
  const dropped = words(it.values("drop-capability"));
  const own = network === "host" ? [] : ["NET_ADMIN"];
  if (it.has("b") && it.operands.length > 0 && it.operands.some((one) => !one.startsWith("-")))
    throw new UsageError("--boot takes no command", "What it boots is the tree's own init.");
  return {
    directory,
    name,
    boot: it.has("b"),
    command: it.operands.length > 0 ? it.operands : ["/bin/sh"],
    ephemeral: it.has("x"),
    network,
    binds: [...it.values("bind").map((one) => bind(one, false)), ...it.values("bind-ro").map((one) => bind(one, true))],
    users,
    capabilities: [...kept, ...own, ...words(it.values("capability"))].filter((one) => !dropped.includes(one)),
    environment: it.values("E"),
    hostname: it.value("hostname") ?? name,
    readonly: it.has("read-only"),
    limits: Object.fromEntries(it.values("property").map(limit)),
  };
}
