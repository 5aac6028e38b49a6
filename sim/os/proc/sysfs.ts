import type { NetNamespace } from "../namespace/net-namespace.js";
import type { KernelState } from "../task/task.js";
import type { FileSystem } from "../vfs/inode.js";
import { PseudoDirectory, PseudoFs } from "../vfs/pseudo.js";
import { NetworkClass } from "./network-files.js";

/** sysfs(5), small: the CPUs, the interfaces of its mounter's network namespace, and where cgroups are mounted. */
export function sysfs(kernel: KernelState, net: NetNamespace): FileSystem {
  const fs = new PseudoFs("sysfs", kernel.nextDevice());
  const root = new PseudoDirectory(fs, undefined, "/");
  fs.root = root;
  root.directory("fs").directory("cgroup");
  for (const name of ["block", "bus", "kernel"]) root.later(name, () => new PseudoDirectory(fs, root, name));
  root.later("class", () => {
    const classes = new PseudoDirectory(fs, root, "class");
    if (net.present) classes.add("net", new NetworkClass(fs, classes, net));
    return classes;
  });
  root.later("devices", () => devices(root, kernel));
  return fs;
}

function devices(root: PseudoDirectory, { scheduler }: KernelState): PseudoDirectory {
  const top = new PseudoDirectory(root.fs, root, "devices");
  const cpu = top.directory("system").directory("cpu");
  const range = (): string => (scheduler.cpus === 1 ? "0\n" : `0-${scheduler.cpus - 1}\n`);
  for (const name of ["online", "possible", "present"]) cpu.file(name, { read: range });
  for (let number = 0; number < scheduler.cpus; number++) cpu.directory(`cpu${number}`);
  return top;
}
