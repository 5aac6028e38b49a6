import { E } from "../errno.js";
import type { Task } from "../task/task.js";
import type { Cgroup, Controller } from "./cgroup.js";
import { settleCpus, settleGroup } from "./cpuset.js";

/** Puts a task into another group; what memory it has stays with the group that paid for it. */
export function moveTask(task: Task, to: Cgroup): void {
  const from = task.cgroup;
  if (from === to) return;
  to.demandRoom();
  task.countAs(0);
  from.members.delete(task);
  from.died();
  to.born(true);
  to.members.add(task);
  task.cgroup = to;
  task.notePressure();
  task.memory.move(to);
  task.kernel.scheduler.move(task, to.schedulingGroup);
  settleCpus(task);
  task.freeze(to.isFrozen);
  from.changed();
  to.changed();
}

/** Hands a controller down or takes it back; where it is cpu, tasks below compete elsewhere from now on. */
export function enableController(cgroup: Cgroup, controller: Controller, on: boolean, kernel: Task["kernel"]): void {
  const before = cgroup.enabled.has(controller);
  cgroup.enable(controller, on);
  if (before === on) return;
  if (controller === "cpuset") settleGroup(cgroup);
  if (controller !== "cpu") return;
  for (const child of cgroup.children.values()) {
    for (const below of child.subtree())
      for (const member of below.members) kernel.scheduler.move(taskOf(member), below.schedulingGroup);
  }
}

/** cgroup.freeze: nobody in it or below goes on until it thaws. */
export function freeze(cgroup: Cgroup, frozen: boolean): void {
  cgroup.frozen = frozen;
  for (const below of cgroup.subtree()) {
    for (const member of below.members) member.freeze(below.isFrozen);
    below.change.wake();
  }
}

/** cgroup.kill: SIGKILL to everybody in it and below. */
export function killAll(cgroup: Cgroup): void {
  for (const below of cgroup.subtree()) for (const member of [...below.members]) member.kill();
}

/** The members of cgroups are tasks: nothing else is put there. */
function taskOf(member: object): Task {
  if (!("pidNamespace" in member)) throw E.EINVAL;
  return member as Task;
}

/**
 * The path of a group as seen from a cgroup namespace with that root, cgroup_namespaces(7): "/.." where it lies outside.
 */
export function pathFrom(root: Cgroup, cgroup: Cgroup): string {
  let ups = "";
  for (let top: Cgroup | undefined = root; top !== undefined; top = top.parent) {
    if (cgroup.isWithin(top)) {
      const below = cgroup.path.slice(top.path === "/" ? 0 : top.path.length);
      return ups === "" ? (below === "" ? "/" : below) : ups + (below === "/" ? "" : below);
    }
    ups += "/..";
  }
  return "/";
}
