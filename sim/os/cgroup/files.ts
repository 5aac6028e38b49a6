import { E } from "../errno.js";
import { Task } from "../task/task.js";
import type { KernelState } from "../task/task.js";
import type { Caller } from "../vfs/caller.js";
import { controllers, type Cgroup, type Controller } from "./cgroup.js";
import { cpuFiles, memoryFiles, pidsFiles, pressureFiles } from "./controller-files.js";
import { cpusetFiles } from "./cpuset.js";
import { ioFiles } from "./io-files.js";
import { line, parseFlag, table, type CgroupFile, type MayWrite } from "./file.js";
import { enableController, freeze, killAll, moveTask } from "./membership.js";

/** The files of a group's directory by their names, cgroup-v2.rst. */
export const cgroupFiles: ReadonlyMap<string, CgroupFile> = new Map(
  Object.entries<CgroupFile>({
    "cgroup.procs": {
      read: ({ cgroup }, caller) => listProcesses(cgroup, caller),
      write: ({ cgroup, mayWrite }, caller, text) => {
        attach(cgroup, caller, text, mayWrite);
      },
    },
    "cgroup.controllers": { read: ({ cgroup }) => line(available(cgroup).join(" ")) },
    "cgroup.subtree_control": {
      read: ({ cgroup }) => line(controllers.filter((one) => cgroup.enabled.has(one)).join(" ")),
      write: ({ cgroup, kernel }, _caller, text) => {
        control(cgroup, text, kernel);
      },
    },
    "cgroup.events": {
      inner: true,
      read: ({ cgroup }) => table({ populated: Number(cgroup.populated), frozen: Number(cgroup.isFrozen) }),
    },
    "cgroup.type": { inner: true, read: () => line("domain") },
    "cgroup.freeze": {
      inner: true,
      read: ({ cgroup }) => line(Number(cgroup.frozen)),
      write: ({ cgroup }, _caller, text) => {
        freeze(cgroup, parseFlag(text));
      },
    },
    "cgroup.kill": {
      inner: true,
      write: ({ cgroup }, _caller, text) => {
        if (text !== "1") throw E.ERANGE;
        killAll(cgroup);
      },
    },
    "cgroup.stat": {
      read: ({ cgroup }) => table({ nr_descendants: [...cgroup.subtree()].length - 1, nr_dying_descendants: 0 }),
    },
    ...cpusetFiles,
    ...cpuFiles,
    ...ioFiles,
    ...memoryFiles,
    ...pidsFiles,
    ...pressureFiles,
  }),
);

const available = (cgroup: Cgroup): Controller[] => controllers.filter((one) => cgroup.has(one));

/** "+cpu -memory". @throws EINVAL for a name that is none */
function control(cgroup: Cgroup, text: string, kernel: KernelState): void {
  const wanted = text.split(/\s+/).filter((one) => one !== "");
  const parsed = wanted.map((one) => {
    const controller = controllers.find((name) => name === one.slice(1));
    if (controller === undefined || !/^[+-]/.test(one)) throw E.EINVAL;
    return { controller, on: one.startsWith("+") };
  });
  for (const { controller, on } of parsed) enableController(cgroup, controller, on, kernel);
}

function listProcesses(cgroup: Cgroup, caller: Caller): string {
  const pids: number[] = [];
  for (const member of cgroup.members) {
    if (member instanceof Task && caller instanceof Task) pids.push(member.pidIn(caller.pidNamespace));
  }
  return pids
    .sort((a, b) => a - b)
    .map((pid) => `${pid}\n`)
    .join("");
}

/** Writing a pid to cgroup.procs; 0 is the writer. @throws ESRCH; EACCES without the right over the group above both */
function attach(cgroup: Cgroup, caller: Caller, text: string, mayWrite: MayWrite): void {
  if (!(caller instanceof Task)) throw E.EINVAL;
  if (!/^\d+$/.test(text)) throw E.EINVAL;
  const task = text === "0" ? caller : caller.pidNamespace.tasks.get(Number(text));
  if (task === undefined || task.zombie) throw E.ESRCH;
  let common: Cgroup | undefined = cgroup;
  while (common !== undefined && !task.cgroup.isWithin(common)) common = common.parent;
  if (common !== undefined && !mayWrite(common, caller)) throw E.EACCES;
  // Neither end may lie outside of what the writer's cgroup namespace shows (nsdelegate).
  const { root } = caller.namespaces.cgroup;
  if (!cgroup.isWithin(root) || !task.cgroup.isWithin(root)) throw E.ENOENT;
  moveTask(task, cgroup);
}
