import { UsageError } from "../../core/index.js";
import { capabilityNames } from "../../os/index.js";
import { namespaceTypes, type MountSpec, type RuntimeSpec, type SeccompSpec } from "../bundle/spec.js";
import type { Configuration } from "./configuration.js";

/** What lxc.mount.auto's words mount: lxc.container.conf(5). "mixed" leaves what settings of the host's kernel hang on read-only. */
const automounts: Readonly<Record<string, readonly MountSpec[]>> = {
  proc: [{ destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "nodev", "noexec"] }],
  sys: [{ destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "nodev", "noexec", "ro"] }],
  "sys:rw": [{ destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "nodev", "noexec"] }],
  cgroup: [
    { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup2", options: ["nosuid", "nodev", "noexec"] },
  ],
};
const kernelSettings = ["/proc/sys", "/proc/sysrq-trigger"];

/** /dev as lxc.autodev makes it. */
const devices: readonly MountSpec[] = [
  { destination: "/dev", type: "tmpfs", source: "none", options: ["nosuid", "mode=755", "size=500k"] },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  { destination: "/dev/shm", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev"] },
];

const namespaceWords: Readonly<Record<string, (typeof namespaceTypes)[number]>> = { net: "network", mnt: "mount" };

/** A line of lxc.mount.entry. @throws UsageError */
function mountOf(line: string): MountSpec {
  const [source, place, type, options = "defaults"] = line.split(/\s+/);
  if (source === undefined || place === undefined || type === undefined)
    throw new UsageError(`lxc.mount.entry = ${line}`, "Write source, place without a leading slash, type, options.");
  const words = options.split(",").filter((one) => one !== "optional" && !one.startsWith("create="));
  return { source, destination: `/${place.replace(/^\//, "")}`, ...(type !== "none" && { type }), options: words };
}

/**
 * A configuration as OCI's spec, which the runtime's parts follow.
 * @param args what runs as pid 1
 * @throws UsageError for a configuration that can't be followed
 */
export function specOfConfiguration(
  configuration: Configuration,
  name: string,
  args: readonly string[],
  seccomp?: SeccompSpec,
): RuntimeSpec {
  const { dropped, kept, idmaps, networks, shared } = configuration;
  const keeps = capabilityNames.filter((one) => (kept === undefined ? !dropped.includes(one) : kept.includes(one)));
  const capabilities = keeps.map((one) => `CAP_${one}`);
  const mapped = idmaps.u.length > 0;
  const ofHost = new Set(shared.map((one) => namespaceWords[one] ?? one));
  if (networks.some(({ type }) => type === "none")) ofHost.add("network");
  const auto = configuration.automounts.flatMap((word) => {
    const found = automounts[word] ?? automounts[word.split(":")[0] ?? ""];
    if (found === undefined)
      throw new UsageError(
        `lxc.mount.auto = ${word}`,
        "Of LXC's words proc, sys and cgroup are here, with :ro, :rw, :mixed.",
      );
    return found;
  });
  const settings = configuration.automounts.includes("proc:mixed") ? kernelSettings : [];
  return {
    ociVersion: "1.2.0",
    process: {
      user: { uid: 0, gid: 0 },
      args,
      env: [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "container=lxc",
        ...configuration.environment,
      ],
      cwd: "/",
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: configuration.noNewPrivileges,
    },
    root: { path: configuration.rootfs ?? "/", readonly: configuration.rootfsReadonly },
    ...(!ofHost.has("uts") && { hostname: configuration.name ?? name }),
    mounts: [
      ...auto.filter(({ destination }) => destination !== "/sys/fs/cgroup"),
      ...devices,
      ...auto.filter(({ destination }) => destination === "/sys/fs/cgroup"),
      ...configuration.mounts.map(mountOf),
    ],
    linux: {
      namespaces: namespaceTypes
        .filter((type) => type !== "time" && (type !== "user" || mapped) && !ofHost.has(type))
        .map((type) => ({ type })),
      ...(mapped && { uidMappings: idmaps.u, gidMappings: idmaps.g }),
      cgroupsPath: `/lxc.payload.${name}`,
      resources: {
        unified: configuration.cgroup,
        ...(configuration.devices.length > 0 && { devices: configuration.devices }),
      },
      readonlyPaths: settings,
      sysctl: configuration.sysctl,
      ...(seccomp !== undefined && { seccomp }),
    },
  };
}
