import type { Prison } from "./prison.js";

/** Rights of uid 0 by priv(9)'s names, without PRIV_: those that calls here ask for. */
export type Privilege =
  | "CLOCK_SETTIME"
  | "CRED_SETUID"
  | "DEBUG_DIFFCRED"
  | "JAIL_ATTACH"
  | "JAIL_REMOVE"
  | "JAIL_SET"
  | "KLD_LOAD"
  | "KLD_UNLOAD"
  | "NETINET_RAW"
  | "NETINET_RESERVEDPORT"
  | "NET_ADDIFADDR"
  | "NET_BPF"
  | "NET_SETIFFLAGS"
  | "PROC_LIMIT"
  | "RCTL_ADD_RULE"
  | "REBOOT"
  | "SIGNAL_DIFFCRED"
  | "SYSCTL_WRITE"
  | "SYSCTL_WRITEJAIL"
  | "VFS_ADMIN"
  | "VFS_CHOWN"
  | "VFS_CHROOT"
  | "VFS_MKNOD_DEV"
  | "VFS_MOUNT"
  | "VFS_READ"
  | "VFS_SYSFLAGS"
  | "VFS_UNMOUNT"
  | "VFS_WRITE";

/** What every prison grants its root: it commands files, users and processes below its own root, and child jails. */
const granted: ReadonlySet<Privilege> = new Set<Privilege>([
  "CRED_SETUID",
  "DEBUG_DIFFCRED",
  "JAIL_ATTACH",
  "JAIL_REMOVE",
  "JAIL_SET",
  "PROC_LIMIT",
  "SIGNAL_DIFFCRED",
  "SYSCTL_WRITEJAIL",
  "VFS_ADMIN",
  "VFS_CHOWN",
  "VFS_CHROOT",
  "VFS_READ",
  "VFS_WRITE",
]);

/** prison_priv_check: a jail's root has what is on the list, or what its jail allows; all else is refused. */
export function prisonGrants(prison: Prison, privilege: Privilege): boolean {
  if (prison.parent === undefined || granted.has(privilege)) return true;
  if (privilege === "VFS_SYSFLAGS") return prison.allows("allow.chflags");
  if (privilege === "VFS_MOUNT" || privilege === "VFS_UNMOUNT")
    return prison.allows("allow.mount") && prison.enforceStatfs < 2;
  if (privilege === "NETINET_RAW") return prison.allows("allow.raw_sockets");
  return privilege === "NETINET_RESERVEDPORT" && prison.allows("allow.reserved_ports");
}
