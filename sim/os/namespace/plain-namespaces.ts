import type { Cgroup } from "../cgroup/cgroup.js";
import type { MountNamespace } from "../vfs/mount.js";
import type { Namespace } from "./namespace.js";
import type { NetNamespace } from "./net-namespace.js";
import type { UserNamespace } from "./user-namespace.js";

/** uts_namespaces(7). */
interface UtsNamespace extends Namespace {
  readonly kind: "uts";
  readonly userNamespace: UserNamespace;
  hostname: string;
  domainname: string;
}

/** ipc_namespaces(7). System V objects and POSIX queues are absent, so that it is nothing but an identity. */
interface IpcNamespace extends Namespace {
  readonly kind: "ipc";
  readonly userNamespace: UserNamespace;
}

/** cgroup_namespaces(7): what /proc/PID/cgroup shows as the root. */
interface CgroupNamespace extends Namespace {
  readonly kind: "cgroup";
  readonly userNamespace: UserNamespace;
  readonly root: Cgroup;
}

/** time_namespaces(7): what is added to the monotonic clock and to the time since boot, in nanoseconds. */
export interface TimeNamespace extends Namespace {
  readonly kind: "time";
  readonly userNamespace: UserNamespace;
  monotonic: number;
  boottime: number;
}

/** The namespaces of a task, but its pid and user ones. Never changes: a task gets another set. */
export interface NamespaceSet {
  readonly mnt: MountNamespace;
  readonly uts: UtsNamespace;
  readonly ipc: IpcNamespace;
  readonly net: NetNamespace;
  readonly cgroup: CgroupNamespace;
  readonly time: TimeNamespace;
}
