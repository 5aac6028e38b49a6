import { capabilityNames } from "../../os/index.js";
import { noDevices } from "./device-rules.js";
import { defaultSeccomp } from "./seccomp.js";
import { namespaceTypes, type MountSpec, type RuntimeSpec } from "./spec.js";

/** What Docker leaves to a container's root, of 41 capabilities. */
export const dockerCapabilities: readonly string[] = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FSETID",
  "FOWNER",
  "MKNOD",
  "NET_RAW",
  "SETGID",
  "SETUID",
  "SETFCAP",
  "SETPCAP",
  "NET_BIND_SERVICE",
  "SYS_CHROOT",
  "KILL",
  "AUDIT_WRITE",
];

/** Paths that Docker hides, and those that it leaves to be read: moby's oci.DefaultLinuxSpec. */
const maskedPaths = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];
const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

const mounts: readonly MountSpec[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  {
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: ["ro", "nosuid", "noexec", "nodev"],
  },
  {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: ["nosuid", "noexec", "nodev", "mode=1777", "size=67108864"],
  },
];

export interface DefaultSpecOptions {
  readonly args: readonly string[];
  /** Where the bundle has its root file system. */
  readonly rootfs?: string;
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly hostname?: string;
  readonly user?: RuntimeSpec["process"]["user"];
  /** Without "CAP_". */
  readonly capabilities?: readonly string[];
  /** Every capability, no filter, nothing hidden, all devices. */
  readonly privileged?: boolean;
}

/**
 * A configuration as Docker makes it: seven namespaces (not user), 14 capabilities, its seccomp profile, its masked paths, no devices but those
 * that the runtime always allows.
 * No mqueue is mounted (the simulated kernel has none).
 */
export function defaultSpec(options: DefaultSpecOptions): RuntimeSpec {
  const { args, rootfs = "rootfs", privileged = false } = options;
  const names = privileged ? capabilityNames : (options.capabilities ?? dockerCapabilities);
  const capabilities = names.map((name) => `CAP_${name}`);
  const writable = (mount: MountSpec): MountSpec =>
    privileged ? { ...mount, options: (mount.options ?? []).filter((option) => option !== "ro") } : mount;
  return {
    ociVersion: "1.2.0",
    process: {
      user: options.user ?? { uid: 0, gid: 0 },
      args,
      env: options.env ?? ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      cwd: options.cwd ?? "/",
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: rootfs },
    ...(options.hostname !== undefined && { hostname: options.hostname }),
    mounts: mounts.map(writable),
    linux: {
      namespaces: namespaceTypes.filter((type) => type !== "user" && type !== "time").map((type) => ({ type })),
      resources: { devices: [privileged ? { allow: true, access: "rwm" } : noDevices] },
      ...(!privileged && { seccomp: defaultSeccomp(names), maskedPaths, readonlyPaths }),
    },
  };
}
