import type { Activity } from "../../core/index.js";
import { capabilityNames, attempt, Errno, O_RDONLY, RESOLVE_IN_ROOT, type Sys } from "../../os/index.js";
import { bytesOf, fileEntry, type TarEntry } from "../../userland/index.js";
import type { FileSet } from "../build/file-set.js";
import { userIn } from "../build/settings.js";
import { defaultSpec, dockerCapabilities } from "../bundle/default-spec.js";
import type { MountSpec, NamespaceType, ProcessSpec, Resources, RuntimeSpec } from "../bundle/spec.js";
import { textOf } from "../../net/index.js";
import type { Container } from "./container.js";
import type { ContainerDevices } from "./devices.js";
import type { HostConfig } from "./config.js";
import { invalid } from "./errors.js";
import { mountSpecOf } from "./mounts.js";

type User = ProcessSpec["user"];

/** A file of a root file system, its links followed inside of it. Nothing where there is none. */
function* fileIn(sys: Sys, root: number, path: string): Activity<TarEntry[]> {
  const fd = yield* attempt(sys.openat2(root, path, { flags: O_RDONLY, resolve: RESOLVE_IN_ROOT }));
  if (fd instanceof Errno) return [];
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const bytes = yield* sys.read(fd, 65_536);
    if (bytes.length === 0) break;
    parts.push(bytes.slice());
    length += bytes.length;
  }
  yield* sys.close(fd);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return [fileEntry(path, whole)];
}

/**
 * Who "user[:group]" is in a container, by its own tables, with the groups that list it.
 * @param root the container's, opened
 * @throws UsageError for a name that isn't there
 */
export function* userOf(sys: Sys, root: number, text: string, more: readonly string[] = []): Activity<User> {
  const entries: TarEntry[] = [];
  for (const path of ["etc/passwd", "etc/group"]) entries.push(...(yield* fileIn(sys, root, path)));
  const files: FileSet = new Map(entries.map((entry) => [entry.name, entry]));
  const [uid, gid] = text === "" ? [0, 0] : userIn(files, text);
  const rows = (path: string): string[] => {
    const entry = files.get(path);
    return entry === undefined ? [] : textOf(bytesOf(entry)).split("\n");
  };
  const asked = more.map((group) => userIn(files, `0:${group}`)[1]);
  const listed = function* (): Generator<number> {
    const name = rows("etc/passwd")
      .map((row) => row.split(":", 3))
      .find((row) => row[2] === String(uid))?.[0];
    if (name === undefined) return;
    for (const row of rows("etc/group")) {
      const [, , gid, members] = row.split(":");
      if (members?.split(",").includes(name) === true) yield Number(gid);
    }
  };
  // Where a group is named, the tables' own don't count.
  const groups = text.includes(":") ? asked : [...listed(), ...asked];
  const additionalGids = [...new Set(groups)].filter((one) => one !== gid);
  return { uid, gid, ...(additionalGids.length > 0 && { additionalGids }) };
}

/** What of 41 capabilities a container gets: Docker's 14, and what was asked for. @throws EngineError for a name that is none */
export function capabilitiesFor({ CapAdd, CapDrop, Privileged }: HostConfig): readonly string[] {
  const plain = (name: string): string => name.toUpperCase().replace(/^CAP_/, "");
  const add = CapAdd.map(plain);
  const drop = CapDrop.map(plain);
  const known = new Set<string>([...capabilityNames, "ALL"]);
  for (const [list, what] of [
    [add, "CapAdd"],
    [drop, "CapDrop"],
  ] as const)
    for (const name of list)
      if (!known.has(name))
        throw invalid(
          `invalid ${what}: unknown capability: "CAP_${name}"`,
          'Write it as in capabilities(7): "NET_ADMIN".',
        );
  if (Privileged) return capabilityNames;
  const base: readonly string[] = add.includes("ALL")
    ? capabilityNames
    : drop.includes("ALL")
      ? []
      : dockerCapabilities;
  // ALL and single ones: "all but these", "none but these".
  return [...new Set([...base, ...add])].filter(
    (name) => name !== "ALL" && (!drop.includes(name) || add.includes(name)),
  );
}

/** Limits, as the runtime takes them. */
export function resourcesOf(host: HostConfig): Resources {
  const { Memory, MemoryReservation, NanoCpus, CpuShares, CpuPeriod, CpuQuota, PidsLimit } = host;
  const { CpusetCpus, CpusetMems, BlkioWeight } = host;
  const period = NanoCpus > 0 ? 100_000 : CpuPeriod > 0 ? CpuPeriod : undefined;
  const quota = NanoCpus > 0 ? Math.round(NanoCpus / 10_000) : CpuQuota > 0 ? CpuQuota : undefined;
  const cpu = {
    ...(CpuShares > 0 && { shares: CpuShares }),
    ...(period !== undefined && { period }),
    ...(quota !== undefined && { quota }),
    ...(CpusetCpus !== "" && { cpus: CpusetCpus }),
    ...(CpusetMems !== "" && { mems: CpusetMems }),
  };
  return {
    ...((Memory > 0 || MemoryReservation > 0) && {
      memory: {
        ...(Memory > 0 && { limit: Memory }),
        ...(MemoryReservation > 0 && { reservation: MemoryReservation }),
      },
    }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(PidsLimit > 0 && { pids: { limit: PidsLimit } }),
    ...(BlkioWeight > 0 && { blockIO: { weight: BlkioWeight } }),
  };
}

/** Which namespaces are made, and which are others'. */
export interface Shared {
  /** Paths of namespaces to enter. */
  readonly paths: Readonly<Partial<Record<NamespaceType, string>>>;
  /** Kinds that it has in common with the host. */
  readonly ofHost: readonly NamespaceType[];
}

/** A container's config.json. @param files what is mounted over /etc: hostname, hosts, resolv.conf */
export function specOf(
  container: Container,
  rootfs: string,
  user: User,
  files: readonly MountSpec[],
  shared: Shared,
  devices: ContainerDevices,
): RuntimeSpec {
  const { config, host } = container;
  const cwd = config.WorkingDir === "" ? "/" : config.WorkingDir;
  const isPath = (one: string): boolean => one.startsWith("PATH=");
  const env = [
    ...config.Env.filter(isPath),
    `HOSTNAME=${config.Hostname}`,
    ...(config.Tty ? ["TERM=xterm"] : []),
    ...config.Env.filter((one) => !isPath(one)),
  ];
  const base = defaultSpec({
    args: container.args,
    rootfs,
    env: config.Env.some((one) => one.startsWith("HOME=")) ? env : [...env, `HOME=${user.uid === 0 ? "/root" : "/"}`],
    cwd,
    user,
    ...(!shared.ofHost.includes("uts") && { hostname: config.Hostname }),
    capabilities: capabilitiesFor(host),
    privileged: host.Privileged,
  });
  const own = container.mounts.map(mountSpecOf);
  const replaced = new Set(own.map(({ destination }) => destination));
  const shm = (mount: MountSpec): MountSpec =>
    mount.destination === "/dev/shm"
      ? {
          ...mount,
          options: (mount.options ?? []).map((one) => (one.startsWith("size=") ? `size=${host.ShmSize}` : one)),
        }
      : mount;
  const { seccomp, ...linux } = base.linux;
  const unconfined = host.SecurityOpt.some((one) => /^seccomp[=:]unconfined$/.test(one));
  const limits = host.Ulimits.map(({ Name, Soft, Hard }) => ({
    type: `RLIMIT_${Name.toUpperCase()}`,
    soft: Soft,
    hard: Hard,
  }));
  return {
    ...base,
    process: {
      ...base.process,
      ...(config.Tty && { terminal: true }),
      ...(limits.length > 0 && { rlimits: limits }),
      ...(host.OomScoreAdj !== 0 && { oomScoreAdj: host.OomScoreAdj }),
      ...(host.SecurityOpt.some((one) => /^no-new-privileges([=:]true)?$/.test(one)) && { noNewPrivileges: true }),
    },
    root: { path: rootfs, ...(host.ReadonlyRootfs && { readonly: true }) },
    mounts: [...[...base.mounts, ...files].filter(({ destination }) => !replaced.has(destination)).map(shm), ...own],
    linux: {
      ...linux,
      namespaces: linux.namespaces
        .filter(({ type }) => !shared.ofHost.includes(type))
        .map(({ type }) => {
          const path = shared.paths[type];
          return path === undefined ? { type } : { type, path };
        }),
      cgroupsPath: `${host.CgroupParent === "" ? "/docker" : host.CgroupParent}/${container.id}`,
      ...(devices.nodes.length > 0 && { devices: devices.nodes }),
      resources: {
        ...resourcesOf(host),
        devices: devices.rules,
        ...((host.BlkioWeight > 0 || Object.keys(devices.throttles).length > 0) && {
          blockIO: { ...(host.BlkioWeight > 0 && { weight: host.BlkioWeight }), ...devices.throttles },
        }),
      },
      ...(seccomp !== undefined && !unconfined && { seccomp }),
      ...(Object.keys(host.Sysctls).length > 0 && { sysctl: host.Sysctls }),
    },
  };
}
