import type { Activity } from "../../core/index.js";
import { attempt, Errno, majorOf, minorOf, S_IFBLK, S_IFCHR, S_IFMT, type Sys } from "../../os/index.js";
import { noDevices } from "../bundle/device-rules.js";
import type { DeviceCgroupSpec, DeviceSpec, Resources, ThrottleSpec } from "../bundle/spec.js";
import { listDirectory } from "../runtime/files.js";
import type { HostConfig } from "./config.js";
import { invalid } from "./errors.js";

/** Nodes that a container gets, and the rules that let it use them. */
export interface ContainerDevices {
  readonly nodes: readonly DeviceSpec[];
  readonly rules: readonly DeviceCgroupSpec[];
  /** How fast it may use the host's disks. */
  readonly throttles: NonNullable<Resources["blockIO"]>;
}

/** --device-read-bps and its like: moby's getBlkioThrottleDevices(). @throws EngineError 400 for a path that isn't there */
function* throttlesFor(sys: Sys, host: HostConfig): Activity<ContainerDevices["throttles"]> {
  const found: Record<string, ThrottleSpec[]> = {};
  for (const [name, devices] of [
    ["throttleReadBpsDevice", host.BlkioDeviceReadBps],
    ["throttleWriteBpsDevice", host.BlkioDeviceWriteBps],
    ["throttleReadIOPSDevice", host.BlkioDeviceReadIOps],
    ["throttleWriteIOPSDevice", host.BlkioDeviceWriteIOps],
  ] as const)
    for (const { Path, Rate } of devices) {
      const node = yield* nodeAt(sys, Path, Path);
      if (node?.type !== "b") throw invalid(`${Path} is no block device`, "Name a disk of the host's: /dev/vda.");
      (found[name] ??= []).push({ major: node.major ?? 0, minor: node.minor ?? 0, rate: Rate });
    }
  return found;
}

/** A device of the host's as a node elsewhere; undefined for what is none. */
function* nodeAt(sys: Sys, path: string, inside: string): Activity<DeviceSpec | undefined> {
  const found = yield* attempt(sys.stat(path));
  if (found instanceof Errno) return undefined;
  const { mode, rdev, uid, gid } = found;
  const type = (mode & S_IFMT) === S_IFBLK ? "b" : (mode & S_IFMT) === S_IFCHR ? "c" : undefined;
  if (type === undefined) return undefined;
  return { type, path: inside, major: majorOf(rdev), minor: minorOf(rdev), fileMode: mode & 0o7777, uid, gid };
}

/** "c 189:* rmw" as a rule. @throws EngineError 400 */
function ruleOf(text: string): DeviceCgroupSpec {
  const [, type, major = "", minor = "", access = ""] = /^([abc]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text) ?? [];
  if (type !== "a" && type !== "b" && type !== "c")
    throw invalid(`invalid device cgroup rule format: '${text}'`, "Write c 189:* rmw.");
  return {
    ...{ allow: true, type, access },
    ...(major !== "*" && { major: Number(major) }),
    ...(minor !== "*" && { minor: Number(minor) }),
  };
}

/**
 * What --device, --device-cgroup-rule and --privileged ask for: moby's WithDevices. A privileged container gets every device of the host's /dev.
 * @throws EngineError 400 for a path that isn't a device
 */
export function* devicesFor(sys: Sys, host: HostConfig): Activity<ContainerDevices> {
  const throttles = yield* throttlesFor(sys, host);
  const { Devices, DeviceCgroupRules, Privileged } = host;
  const nodes: DeviceSpec[] = [];
  if (Privileged) {
    for (const name of yield* listDirectory(sys, "/dev")) {
      const node = yield* nodeAt(sys, `/dev/${name}`, `/dev/${name}`);
      // Terminals are the container's own.
      if (node !== undefined && !["console", "ptmx", "tty"].includes(name)) nodes.push(node);
    }
    return { nodes, rules: [{ allow: true, access: "rwm" }], throttles };
  }
  const rules: DeviceCgroupSpec[] = [noDevices];
  for (const { PathOnHost, PathInContainer, CgroupPermissions } of Devices) {
    const node = yield* nodeAt(sys, PathOnHost, PathInContainer === "" ? PathOnHost : PathInContainer);
    if (node === undefined || node.type === "u" || node.type === "p")
      throw invalid(
        `error gathering device information while adding custom device "${PathOnHost}": not a device node`,
        "Look at the host's /dev.",
      );
    nodes.push(node);
    const { type, major = 0, minor = 0 } = node;
    rules.push({ allow: true, type, major, minor, access: CgroupPermissions === "" ? "rwm" : CgroupPermissions });
  }
  return { nodes, rules: [...rules, ...DeviceCgroupRules.map(ruleOf)], throttles };
}
