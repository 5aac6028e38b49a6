import { noId, type UserNamespace } from "../namespace/user-namespace.js";
import { allCapabilities, noCapabilities, type Capability, type CapabilitySet } from "./capabilities.js";

/**
 * Who a task is, credentials(7) and capabilities(7). Never changes: a task gets other credentials, and tasks share them.
 * Ids are kernel ids, those of the initial user namespace. File-system ids follow the effective ones (setfsuid(2) is absent).
 */
export interface Credentials {
  readonly uid: number;
  readonly euid: number;
  readonly suid: number;
  readonly gid: number;
  readonly egid: number;
  readonly sgid: number;
  readonly groups: readonly number[];
  readonly permitted: CapabilitySet;
  readonly effective: CapabilitySet;
  readonly inheritable: CapabilitySet;
  readonly bounding: CapabilitySet;
  readonly ambient: CapabilitySet;
  readonly noNewPrivileges: boolean;
  /** PR_SET_KEEPCAPS. */
  readonly keepCapabilities: boolean;
  readonly userNamespace: UserNamespace;
}

/** Root of the initial namespace, with everything. */
export function rootCredentials(userNamespace: UserNamespace): Credentials {
  return {
    uid: 0,
    euid: 0,
    suid: 0,
    gid: 0,
    egid: 0,
    sgid: 0,
    groups: [],
    permitted: allCapabilities,
    effective: allCapabilities,
    inheritable: noCapabilities,
    bounding: allCapabilities,
    ambient: noCapabilities,
    noNewPrivileges: false,
    keepCapabilities: false,
    userNamespace,
  };
}

/**
 * Whether `who` has a capability towards what `target` owns (cap_capable in security/commoncap.c): it has it in that
 * namespace itself, or it made the namespace, or an ancestor of it, from the namespace that it is in.
 */
export function capable(who: Credentials, target: UserNamespace, capability: Capability): boolean {
  for (let at = target; ;) {
    if (at === who.userNamespace) return who.effective.has(capability);
    if (at.level <= who.userNamespace.level || at.parent === undefined) return false;
    if (at.parent === who.userNamespace && at.owner === who.euid) return true;
    at = at.parent;
  }
}

/** Whether `who` has a capability over something with these kernel ids: both must be mapped where it is. */
export function capableOver(
  who: Credentials,
  owned: { readonly uid: number; readonly gid: number },
  capability: Capability,
): boolean {
  const { userNamespace, effective } = who;
  if (!effective.has(capability)) return false;
  if (userNamespace.parent === undefined) return true;
  return userNamespace.uidFromKernel(owned.uid) !== noId && userNamespace.gidFromKernel(owned.gid) !== noId;
}

export const inGroup = (who: Credentials, gid: number): boolean => who.egid === gid || who.groups.includes(gid);

/** What a change of user ids does to capabilities, capabilities(7) "Effect of user ID changes on capabilities". */
export function afterUidChange(before: Credentials, after: Credentials): Credentials {
  const root = after.userNamespace.uidToKernel(0);
  const had = [before.uid, before.euid, before.suid].includes(root);
  const has = [after.uid, after.euid, after.suid].includes(root);
  let { permitted, effective, ambient } = after;
  if (had && !has) {
    if (!after.keepCapabilities) {
      permitted = noCapabilities;
      effective = noCapabilities;
    }
    ambient = noCapabilities;
  }
  if (before.euid === root && after.euid !== root) effective = noCapabilities;
  if (before.euid !== root && after.euid === root) effective = permitted;
  return { ...after, permitted, effective, ambient };
}

/** What a file brings to execve(2). */
export interface FilePrivileges {
  /** Kernel ids that the set-user-ID and set-group-ID bits give; undefined where the bit is off or doesn't count. */
  readonly uid?: number;
  readonly gid?: number;
  /** From the attribute security.capability. */
  readonly capabilities?: {
    readonly permitted: CapabilitySet;
    readonly inheritable: CapabilitySet;
    readonly effective: boolean;
  };
}

/** Credentials after execve(2): capabilities(7) "Transformation of capabilities during execve()", and that of root. */
export function afterExecve(who: Credentials, file: FilePrivileges): Credentials {
  const gains = who.noNewPrivileges ? {} : file;
  const euid = gains.uid ?? who.euid;
  const egid = gains.gid ?? who.egid;
  const root = who.userNamespace.uidToKernel(0);
  const asRoot = who.uid === root || euid === root;
  const privileged = gains.uid !== undefined || gains.gid !== undefined || gains.capabilities !== undefined;
  const ambient = privileged ? noCapabilities : who.ambient;
  const given = asRoot
    ? { permitted: allCapabilities, inheritable: allCapabilities, effective: euid === root }
    : (gains.capabilities ?? { permitted: noCapabilities, inheritable: noCapabilities, effective: false });
  const permitted = who.inheritable.and(given.inheritable).or(given.permitted.and(who.bounding)).or(ambient);
  return {
    ...who,
    euid,
    suid: euid,
    egid,
    sgid: egid,
    permitted,
    effective: given.effective ? permitted : ambient,
    ambient,
    keepCapabilities: false,
  };
}
