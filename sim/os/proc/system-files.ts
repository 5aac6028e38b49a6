import { resources } from "../cgroup/pressure.js";
import { E } from "../errno.js";
import { overflowId } from "../namespace/user-namespace.js";
import { capable } from "../security/credentials.js";
import type { KernelState } from "../task/task.js";
import { PseudoDirectory, type Text } from "../vfs/pseudo.js";
import { networkSysctls } from "./network-files.js";
import { reader } from "./task-files.js";

const kib = (bytes: number): string => `${String(Math.floor(bytes / 1024)).padStart(8)} kB`;

/** A file of /proc/sys: a value that may be read, and perhaps set. */
const value = (read: Text["read"], write?: Text["write"]): Text => ({ ...(read && { read }), ...(write && { write }) });

/** The files of /proc that are about the whole system: proc(5). */
export function addSystemFiles(root: PseudoDirectory, kernel: KernelState): void {
  const { scheduler, engine } = kernel;
  const tasks = kernel.pidNamespace.tasks;
  const centiseconds = (nanos: number): number => Math.floor(nanos / 1e7);
  root.file("cpuinfo", {
    read: () =>
      Array.from(
        { length: scheduler.cpus },
        (_, cpu) => `processor\t: ${cpu}\nmodel name\t: simulated ${kernel.machine}\n\n`,
      ).join(""),
  });
  root.file("meminfo", {
    read: () => {
      const { memory: total, freeMemory: free } = kernel;
      const { current, file, shmem, active, dirty, writeback } = kernel.cgroups.memory;
      const anonymous = current - file - shmem;
      const rows: [name: string, bytes: number][] = [
        ["MemTotal", total],
        ["MemFree", free],
        ["MemAvailable", free + file],
        ["Buffers", 0],
        ["Cached", file + shmem],
        ["Active", anonymous + active],
        ["Inactive", shmem + file - active],
        ["Active(file)", active],
        ["Inactive(file)", file - active],
        ["SwapTotal", 0],
        ["SwapFree", 0],
        ["Dirty", dirty],
        ["Writeback", writeback],
        ["AnonPages", anonymous],
        ["Shmem", shmem],
      ];
      return rows.map(([name, bytes]) => `${`${name}:`.padEnd(16)}${kib(bytes)}\n`).join("");
    },
  });
  root.file("uptime", {
    read: (caller) => {
      const up = (engine.now + reader(caller).namespaces.time.boottime) / 1e9;
      return `${up.toFixed(2)} ${(scheduler.idle / 1e9).toFixed(2)}\n`;
    },
  });
  root.file("stat", {
    read: () => {
      const used = kernel.cgroups.group.usage;
      const line = [
        "cpu ",
        centiseconds(used),
        0,
        0,
        centiseconds(scheduler.idle),
        0,
        0,
        centiseconds(scheduler.softirq),
        centiseconds(scheduler.steal),
        0,
        0,
      ];
      const running = [...tasks.values()].filter((task) => task.state === "running").length;
      return `${line.join(" ")}\nctxt ${scheduler.switches}\nbtime ${Math.floor(kernel.bootTime / 1e9)}\nprocs_running ${running}\n`;
    },
  });
  root.file("version", { read: () => `Linux version ${kernel.release} (virtlab) #1 SMP\n` });
  root.file("filesystems", {
    read: () =>
      ["sysfs", "tmpfs", "proc", "cgroup2", "devtmpfs", "devpts", "overlay"].map((type) => `nodev\t${type}\n`).join(""),
  });
  root.file("cmdline", { read: () => "BOOT_IMAGE=/vmlinuz root=/dev/root\n" });
  root.later("pressure", () => pressure(root, kernel));
  root.later("sys", () => sysctls(root, kernel));
}

/** /proc/pressure, psi.rst. */
function pressure(root: PseudoDirectory, { cgroups, engine, scheduler }: KernelState): PseudoDirectory {
  const directory = new PseudoDirectory(root.fs, root, "pressure");
  for (const resource of resources)
    directory.file(resource, { read: () => cgroups.pressure.text(engine.now, scheduler.cpus, resource, true) });
  return directory;
}

/** /proc/sys. */
function sysctls(root: PseudoDirectory, kernel: KernelState): PseudoDirectory {
  const sys = new PseudoDirectory(root.fs, root, "sys");
  if (kernel.networkHost !== undefined) sys.later("net", () => networkSysctls(sys));
  sys.later("kernel", () => kernelSysctls(sys, kernel));
  sys.later("vm", () => memorySysctls(sys, kernel));
  return sys;
}

/** /proc/sys/vm: Documentation/admin-guide/sysctl/vm.rst. */
function memorySysctls(sys: PseudoDirectory, { pageCache, cgroups }: KernelState): PseudoDirectory {
  const vm = new PseudoDirectory(sys.fs, sys, "vm");
  const write: Text["write"] = (_caller, text) => {
    if (!/^[1-4]$/.test(text)) throw E.EINVAL;
    // 2 is for directory entries and inodes, of which there is no cache.
    if (text === "1" || text === "3") pageCache.drop(cgroups);
  };
  vm.file("drop_caches", value(undefined, write), 0o200);
  return vm;
}

function kernelSysctls(sys: PseudoDirectory, kernel: KernelState): PseudoDirectory {
  const names = new PseudoDirectory(sys.fs, sys, "kernel");
  for (const [file, field] of [
    ["hostname", "hostname"],
    ["domainname", "domainname"],
  ] as const) {
    const read: Text["read"] = (caller) => `${reader(caller).namespaces.uts[field]}\n`;
    names.file(
      file,
      value(read, (caller, text) => {
        const { uts } = reader(caller).namespaces;
        if (!capable(caller.credentials, uts.userNamespace, "SYS_ADMIN")) throw E.EPERM;
        uts[field] = text;
      }),
      0o644,
    );
  }
  names.file(
    "ostype",
    value(() => "Linux\n"),
  );
  names.file(
    "osrelease",
    value(() => `${kernel.release}\n`),
  );
  names.file(
    "overflowuid",
    value(() => `${overflowId}\n`),
  );
  names.file(
    "overflowgid",
    value(() => `${overflowId}\n`),
  );
  names.file(
    "pid_max",
    value(
      (caller) => `${reader(caller).pidNamespace.max}\n`,
      (caller, text) => {
        if (!/^\d+$/.test(text) || Number(text) < 301 || Number(text) > 4194304) throw E.EINVAL;
        reader(caller).pidNamespace.max = Number(text);
      },
    ),
    0o644,
  );
  return names;
}
