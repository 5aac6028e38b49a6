import { E } from "../../os/index.js";
import { namespaceTypes, type RuntimeSpec } from "../bundle/spec.js";
import type { Settings } from "./settings.js";

const tmpfs = (destination: string, mode: string): RuntimeSpec["mounts"][number] => ({
  destination,
  type: "tmpfs",
  source: "tmpfs",
  options: ["nosuid", "nodev", `mode=${mode}`],
});

/** Settings as OCI's spec. @param shift the first of the machine's ids on the host */
export function specOfSettings(settings: Settings, group: string, shift: number | undefined): RuntimeSpec {
  const capabilities = settings.capabilities.map((one) => `CAP_${one}`);
  const mapping = [{ containerID: 0, hostID: shift ?? 0, size: 65_536 }];
  const own = settings.network !== "host";
  return {
    ociVersion: "1.2.0",
    process: {
      user: { uid: 0, gid: 0 },
      args: settings.boot ? ["/sbin/init"] : settings.command,
      env: [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "container=systemd-nspawn",
        "HOME=/root",
        ...settings.environment,
      ],
      cwd: "/",
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: settings.directory, readonly: settings.readonly },
    hostname: settings.hostname,
    mounts: [
      { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "nodev", "noexec"] },
      { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "nodev", "noexec", "ro"] },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
      {
        destination: "/dev/pts",
        type: "devpts",
        source: "devpts",
        options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
      },
      tmpfs("/dev/shm", "1777"),
      tmpfs("/run", "755"),
      tmpfs("/tmp", "1777"),
      { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup2", options: ["nosuid", "nodev", "noexec"] },
      ...settings.binds,
    ],
    linux: {
      namespaces: namespaceTypes
        .filter((type) => type !== "time" && (type !== "user" || shift !== undefined) && (type !== "network" || own))
        .map((type) => ({ type })),
      ...(shift !== undefined && { uidMappings: mapping, gidMappings: mapping }),
      cgroupsPath: group,
      resources: { unified: settings.limits },
      readonlyPaths: ["/proc/sys", "/proc/sysrq-trigger", "/proc/bus", "/proc/fs"],
      seccomp: {
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [
          {
            names: [
              "kexec_load",
              "kexec_file_load",
              "init_module",
              "finit_module",
              "delete_module",
              "swapon",
              "swapoff",
            ],
            action: "SCMP_ACT_ERRNO",
            errnoRet: E.EPERM.number,
          },
        ],
      },
    },
  };
}
