import type { MountSpec } from "../bundle/spec.js";
import type { ContainerConfig, HostConfig } from "./config.js";
import { invalid } from "./errors.js";

/** Where something is mounted in a container, before its volume has a place. */
export interface PlannedMount {
  readonly type: "bind" | "volume" | "tmpfs";
  /** A path of the host's, a volume's name; "" for a volume without a name. */
  readonly source: string;
  readonly target: string;
  readonly writable: boolean;
  /** As it was written: "ro", "z"; of a tmpfs its options. */
  readonly mode: string;
  /** Whether an empty volume gets what the image has there. */
  readonly copies: boolean;
  /** Whether a host's directory that is missing is made: -v does, --mount doesn't. */
  readonly makes: boolean;
}

const named = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

function clean(path: string, text: string): string {
  if (!path.startsWith("/"))
    throw invalid(`invalid volume specification: '${text}'`, "Write host:inside[:ro], inside being an absolute path.");
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.length === 0)
    throw invalid(`invalid volume specification: '${text}': destination can't be '/'`, "Mount below the root.");
  return `/${parts.join("/")}`;
}

/** "source:target[:modes]", as -v has it. @throws EngineError */
function parseBind(text: string): PlannedMount {
  const [source = "", target, modes = "", ...more] = text.split(":");
  if (target === undefined || more.length > 0)
    throw invalid(`invalid volume specification: '${text}'`, "Write host:inside[:ro].");
  const words = modes === "" ? [] : modes.split(",");
  for (const word of words)
    if (!/^(ro|rw|z|Z|nocopy|r?(private|shared|slave)|cached|delegated|consistent)$/.test(word))
      throw invalid(`invalid mode: ${modes}`, "Use ro, rw or nocopy.");
  const isPath = source.startsWith("/");
  if (!isPath && !named.test(source))
    throw invalid(
      `create ${source}: "${source}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
      "Write an absolute path, or a volume's name.",
    );
  return {
    type: isPath ? "bind" : "volume",
    source,
    target: clean(target, text),
    writable: !words.includes("ro"),
    mode: modes,
    copies: !isPath && !words.includes("nocopy"),
    makes: isPath,
  };
}

/**
 * What is to be mounted in a container, each place once: what was asked for goes before the image's volumes.
 * @param from mounts of the containers that VolumesFrom names
 * @throws EngineError
 */
export function planMounts(
  config: ContainerConfig,
  host: HostConfig,
  from: readonly PlannedMount[] = [],
): readonly PlannedMount[] {
  const planned = new Map<string, PlannedMount>(from.map((mount) => [mount.target, mount]));
  const asked: PlannedMount[] = host.Binds.map(parseBind);
  for (const mount of host.Mounts) {
    const { Type: type, Source: source = "", Target: target, ReadOnly = false, TmpfsOptions, VolumeOptions } = mount;
    if (type === "bind" && !source.startsWith("/"))
      throw invalid(
        `invalid mount config for type "bind": invalid mount path: '${source}' mount path must be absolute`,
        "Write an absolute path.",
      );
    const size = TmpfsOptions?.SizeBytes === undefined ? [] : [`size=${TmpfsOptions.SizeBytes}`];
    const mode = TmpfsOptions?.Mode === undefined ? [] : [`mode=${TmpfsOptions.Mode.toString(8)}`];
    asked.push({
      type,
      source,
      target: clean(target, target),
      writable: !ReadOnly,
      mode: type === "tmpfs" ? [...size, ...mode].join(",") : "z",
      copies: type === "volume" && VolumeOptions?.NoCopy !== true,
      makes: false,
    });
  }
  for (const [target, mode] of Object.entries(host.Tmpfs))
    asked.push({
      type: "tmpfs",
      source: "",
      target: clean(target, target),
      writable: true,
      mode,
      copies: false,
      makes: false,
    });
  const own = new Set<string>();
  for (const mount of asked) {
    if (own.has(mount.target))
      throw invalid(`Duplicate mount point: ${mount.target}`, "Mount one thing at each place.");
    own.add(mount.target);
    planned.set(mount.target, mount);
  }
  for (const path of Object.keys(config.Volumes)) {
    const target = clean(path, path);
    if (planned.has(target)) continue;
    planned.set(target, { type: "volume", source: "", target, writable: true, mode: "", copies: true, makes: false });
  }
  // What lies above comes first: it would hide what was mounted below it.
  return [...planned.values()].sort((a, b) => (a.target < b.target ? -1 : 1));
}

/** A mount with its place on the host. */
export interface MountPoint extends PlannedMount {
  /** Of a volume; "" for others. */
  readonly volume: string;
  /** On the host; "" for a tmpfs. */
  readonly path: string;
}

/** How the runtime is told. */
export function mountSpecOf({ type, path, target, writable, mode }: MountPoint): MountSpec {
  if (type === "tmpfs") {
    const options = ["nosuid", "nodev", "noexec", ...mode.split(",").filter((one) => one !== "")];
    return { destination: target, type: "tmpfs", source: "tmpfs", options: writable ? options : [...options, "ro"] };
  }
  return { destination: target, type: "bind", source: path, options: ["rbind", writable ? "rw" : "ro"] };
}
