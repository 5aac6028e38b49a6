import { E } from "../errno.js";
import {
  PR_CAP_AMBIENT,
  PR_CAPBSET_DROP,
  PR_CAPBSET_READ,
  PR_GET_NAME,
  PR_GET_NO_NEW_PRIVS,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_KEEPCAPS,
  PR_SET_NAME,
  PR_SET_NO_NEW_PRIVS,
  PR_SET_PDEATHSIG,
} from "../flags.js";
import { noId } from "../namespace/user-namespace.js";
import { capabilityNames, noCapabilities, type Capability, type CapabilitySet } from "../security/capabilities.js";
import { afterUidChange, capable, type Credentials } from "../security/credentials.js";
import type { Filter } from "../security/seccomp.js";
import type { Task } from "../task/task.js";
import { taskOf } from "./task-calls.js";
import { full, partial, type Rows } from "./row.js";

const mayUids = (task: Task): boolean => capable(task.credentials, task.credentials.userNamespace, "SETUID");
const mayGids = (task: Task): boolean => capable(task.credentials, task.credentials.userNamespace, "SETGID");

/** A kernel id. @throws EINVAL where the caller's namespace doesn't map it */
function mapped(id: number): number {
  if (id === noId) throw E.EINVAL;
  return id;
}

const uidOf = (task: Task, uid: number): number => mapped(task.credentials.userNamespace.uidToKernel(uid));
const gidOf = (task: Task, gid: number): number => mapped(task.credentials.userNamespace.gidToKernel(gid));

function become(task: Task, after: Credentials): undefined {
  task.credentials = afterUidChange(task.credentials, after);
  // A change of who it is ends what it was to die with: prctl(2).
  task.deathSignal = 0;
}

export interface CapabilitySets {
  readonly permitted: CapabilitySet;
  readonly effective: CapabilitySet;
  readonly inheritable: CapabilitySet;
}

export const identityCalls = {
  getuid(task: Task): number {
    return task.credentials.userNamespace.shownUid(task.credentials.uid);
  },
  geteuid(task: Task): number {
    return task.credentials.userNamespace.shownUid(task.credentials.euid);
  },
  getgid(task: Task): number {
    return task.credentials.userNamespace.shownGid(task.credentials.gid);
  },
  getegid(task: Task): number {
    return task.credentials.userNamespace.shownGid(task.credentials.egid);
  },
  getgroups(task: Task): readonly number[] {
    return task.credentials.groups.map((gid) => task.credentials.userNamespace.shownGid(gid));
  },
  setgroups(task: Task, groups: readonly number[]): undefined {
    if (!mayGids(task) || !task.credentials.userNamespace.setgroupsAllowed) throw E.EPERM;
    task.credentials = { ...task.credentials, groups: groups.map((gid) => gidOf(task, gid)) };
  },
  setuid(task: Task, uid: number): undefined {
    const id = uidOf(task, uid);
    const { credentials: who } = task;
    if (mayUids(task)) become(task, { ...who, uid: id, euid: id, suid: id });
    else if (id === who.uid || id === who.suid) become(task, { ...who, euid: id });
    else throw E.EPERM;
  },
  setgid(task: Task, gid: number): undefined {
    const id = gidOf(task, gid);
    const { credentials: who } = task;
    if (mayGids(task)) task.credentials = { ...who, gid: id, egid: id, sgid: id };
    else if (id === who.gid || id === who.sgid) task.credentials = { ...who, egid: id };
    else throw E.EPERM;
  },
  setresuid(task: Task, real: number, effective: number, saved: number): undefined {
    const { credentials: who } = task;
    const [uid, euid, suid] = [
      real === -1 ? who.uid : uidOf(task, real),
      effective === -1 ? who.euid : uidOf(task, effective),
      saved === -1 ? who.suid : uidOf(task, saved),
    ];
    const own = [who.uid, who.euid, who.suid];
    if (!mayUids(task) && ![uid, euid, suid].every((id) => own.includes(id))) throw E.EPERM;
    become(task, { ...who, uid, euid, suid });
  },
  setresgid(task: Task, real: number, effective: number, saved: number): undefined {
    const { credentials: who } = task;
    const [gid, egid, sgid] = [
      real === -1 ? who.gid : gidOf(task, real),
      effective === -1 ? who.egid : gidOf(task, effective),
      saved === -1 ? who.sgid : gidOf(task, saved),
    ];
    const own = [who.gid, who.egid, who.sgid];
    if (!mayGids(task) && ![gid, egid, sgid].every((id) => own.includes(id))) throw E.EPERM;
    task.credentials = { ...who, gid, egid, sgid };
  },
  getresuid(task: Task): readonly [real: number, effective: number, saved: number] {
    const { uid, euid, suid, userNamespace } = task.credentials;
    return [userNamespace.shownUid(uid), userNamespace.shownUid(euid), userNamespace.shownUid(suid)];
  },
  getresgid(task: Task): readonly [real: number, effective: number, saved: number] {
    const { gid, egid, sgid, userNamespace } = task.credentials;
    return [userNamespace.shownGid(gid), userNamespace.shownGid(egid), userNamespace.shownGid(sgid)];
  },
  capget(task: Task, pid: number = 0): CapabilitySets {
    const { permitted, effective, inheritable } = taskOf(task, pid).credentials;
    return { permitted, effective, inheritable };
  },
  capset(task: Task, sets: CapabilitySets): undefined {
    const { credentials: who } = task;
    // cap_capset in security/commoncap.c.
    const mayInherit = capable(who, who.userNamespace, "SETPCAP")
      ? who.bounding.or(who.inheritable)
      : who.inheritable.or(who.permitted);
    if (!sets.inheritable.within(mayInherit) || !sets.inheritable.within(who.inheritable.or(who.bounding)))
      throw E.EPERM;
    if (!sets.permitted.within(who.permitted) || !sets.effective.within(sets.permitted)) throw E.EPERM;
    const { permitted, effective, inheritable } = sets;
    task.credentials = {
      ...who,
      permitted,
      effective,
      inheritable,
      ambient: who.ambient.and(permitted).and(inheritable),
    };
  },
  prctl(task: Task, option: number, argument: number | string = 0, capability?: Capability): number | string {
    const { credentials: who } = task;
    switch (option) {
      case PR_SET_PDEATHSIG:
        task.deathSignal = Number(argument);
        return 0;
      case PR_SET_NAME:
        task.name = String(argument).slice(0, 15);
        return 0;
      case PR_GET_NAME:
        return task.name;
      case PR_SET_KEEPCAPS:
        task.credentials = { ...who, keepCapabilities: argument === 1 };
        return 0;
      case PR_CAPBSET_READ:
        return who.bounding.has(named(argument)) ? 1 : 0;
      case PR_CAPBSET_DROP:
        if (!capable(who, who.userNamespace, "SETPCAP")) throw E.EPERM;
        task.credentials = { ...who, bounding: who.bounding.without(named(argument)) };
        return 0;
      case PR_SET_CHILD_SUBREAPER:
        task.subreaper = argument !== 0;
        return 0;
      case PR_SET_NO_NEW_PRIVS:
        if (argument !== 1) throw E.EINVAL;
        task.credentials = { ...who, noNewPrivileges: true };
        return 0;
      case PR_GET_NO_NEW_PRIVS:
        return who.noNewPrivileges ? 1 : 0;
      case PR_CAP_AMBIENT:
        return ambient(task, argument, capability);
      default:
        throw E.EINVAL;
    }
  },
  seccomp(task: Task, filter: Filter): undefined {
    const { credentials: who } = task;
    if (!who.noNewPrivileges && !capable(who, who.userNamespace, "SYS_ADMIN")) throw E.EACCES;
    task.filters = [...(task.filters ?? []), filter];
  },
};

/** A capability by its name or number. @throws EINVAL */
function named(argument: number | string): Capability {
  const name =
    typeof argument === "string" ? capabilityNames.find((one) => one === argument) : capabilityNames[argument];
  if (name === undefined) throw E.EINVAL;
  return name;
}

function ambient(task: Task, operation: number | string, capability: Capability | undefined): number {
  const { credentials: who } = task;
  switch (operation) {
    case "PR_CAP_AMBIENT_CLEAR_ALL":
      task.credentials = { ...who, ambient: noCapabilities };
      return 0;
    case "PR_CAP_AMBIENT_RAISE":
      if (capability === undefined) throw E.EINVAL;
      if (!who.permitted.has(capability) || !who.inheritable.has(capability)) throw E.EPERM;
      task.credentials = { ...who, ambient: who.ambient.with(capability) };
      return 0;
    case "PR_CAP_AMBIENT_LOWER":
      if (capability === undefined) throw E.EINVAL;
      task.credentials = { ...who, ambient: who.ambient.without(capability) };
      return 0;
    case "PR_CAP_AMBIENT_IS_SET":
      return capability !== undefined && who.ambient.has(capability) ? 1 : 0;
    default:
      throw E.EINVAL;
  }
}

export const identityRows: Rows<typeof identityCalls> = {
  getuid: full(102),
  geteuid: full(107),
  getgid: full(104),
  getegid: full(108),
  getgroups: full(115),
  setgroups: full(116),
  setuid: full(105),
  setgid: full(106),
  setresuid: full(117),
  setresgid: full(119),
  getresuid: full(118),
  getresgid: full(120),
  capget: full(125),
  capset: full(126),
  prctl: partial(157, "options that containers use; no securebits"),
  seccomp: partial(317, "filters as data (OCI's form), not as programs of BPF; no user notification"),
};
