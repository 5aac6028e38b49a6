import { changeRoot } from "./calls.js";
import { fail } from "./errno.js";
import { lookup, pathFrom } from "./namei.js";
import {
  applyParameters,
  checkParameters,
  permissions,
  Prison,
  type Parameters,
  type ParameterValue,
} from "./prison.js";
import type { Process } from "./process.js";

/** Makes a prison below the caller's. */
function make(process: Process, given: Parameters): Prison {
  const { kernel, prison: parent } = process;
  if (parent.descendants().length >= parent.childrenMax)
    fail("EPERM", "children.max of the jail that makes this one is reached");
  const path = typeof given["path"] === "string" ? given["path"] : "/";
  if (!path.startsWith("/")) fail("EINVAL", `path ${path} is not absolute`);
  const root = lookup(process, path);
  if (root.type !== "directory") fail("ENOTDIR", `${path} is not a directory`);
  const wanted = given["jid"];
  const id = wanted === undefined ? kernel.nextJail() : Number(wanted);
  const bare = String(given["name"] ?? id);
  if (bare.includes(".") || bare === "") fail("EINVAL", `"${bare}" is no name of a jail`);
  const name = parent.parent === undefined ? bare : `${parent.name}.${bare}`;
  if (kernel.prisons().some((one) => one.id === id || one.name === name)) fail("EEXIST", `jail ${name} already exists`);
  const prison = new Prison({
    id,
    name,
    parent,
    path: pathFrom(process, kernel.root, root),
    root,
    hostname: given["host"] === "inherit" ? parent.hostname : "",
    // Nobody has more than the jail that made him.
    allowed: Object.keys(permissions).filter((one) => permissions[one] === true && parent.allows(one)),
    securelevel: parent.securelevel,
    osrelease: parent.osrelease,
  });
  prison.enforceStatfs = Math.max(prison.enforceStatfs, parent.enforceStatfs);
  // Where nothing is said of addresses, a jail has its parent's.
  prison.ip4 = parent.ip4;
  applyParameters(prison, given);
  parent.children.add(prison);
  return prison;
}

/** Puts a process into a prison: do_jail_attach. */
function attach(process: Process, prison: Prison): void {
  const { kernel } = process;
  const most = kernel.processLimits.get(prison);
  if (most !== undefined && kernel.processesOf(prison).length >= most) fail("EPROCLIM");
  changeRoot(process, prison.root);
  process.directories = { current: prison.root, root: prison.root, jail: prison.root };
  process.credentials = { ...process.credentials, prison };
}

export const jailCalls = {
  /**
   * jail_set(2). @returns the jail's number
   * @throws EPERM without the privilege, beyond children.max, or for more than the caller has; EINVAL for a wrong parameter
   */
  jail_set(
    process: Process,
    given: Parameters,
    flags: { readonly create?: boolean; readonly update?: boolean; readonly attach?: boolean },
  ): number {
    process.demand("JAIL_SET");
    checkParameters(given);
    const { kernel } = process;
    const key = given["jid"] ?? given["name"];
    const there = key === undefined ? undefined : kernel.findPrison(process.prison, String(key));
    if (there === undefined && flags.create !== true) fail("ENOENT", `jail ${String(key)} not found`);
    if (there !== undefined && flags.update !== true) fail("EEXIST", `jail ${there.name} already exists`);
    if (there !== undefined && given["path"] !== undefined && given["path"] !== there.path)
      fail("EINVAL", "path cannot be changed");
    const prison = there ?? make(process, given);
    if (there !== undefined) applyParameters(there, given);
    if (flags.attach === true) {
      process.demand("JAIL_ATTACH");
      attach(process, prison);
    } else if (there === undefined && !prison.persist) {
      // A jail without a process lasts only where it is to persist.
      prison.parent?.children.delete(prison);
      fail("EINVAL", "a jail needs persist or a process");
    }
    return prison.id;
  },
  /** jail_get(2): a jail's parameters. Its own jail nobody sees but as 0. */
  jail_get(process: Process, key: string): Readonly<Record<string, ParameterValue>> {
    const prison = process.kernel.prisonOf(process.prison, key);
    return {
      jid: prison.id,
      name: prison.name,
      path: prison.path,
      "host.hostname": prison.hostname,
      "ip4.addr": prison.ip4 ?? [],
      ip4: prison.ip4 === undefined ? "inherit" : prison.ip4.length === 0 ? "disable" : "new",
      securelevel: prison.securelevel,
      enforce_statfs: prison.enforceStatfs,
      "children.max": prison.childrenMax,
      "children.cur": prison.descendants().length,
      persist: prison.persist,
      osrelease: prison.osrelease,
      sysvshm: prison.sysvshm,
      ...Object.fromEntries(Object.keys(permissions).map((one) => [one, prison.allows(one)])),
    };
  },
  /** Names of the jails below the caller's, in the order of their numbers. */
  jail_list(process: Process): readonly string[] {
    return process.prison
      .descendants()
      .sort((a, b) => a.id - b.id)
      .map(({ id }) => String(id));
  },
  jail_attach(process: Process, jid: number): void {
    process.demand("JAIL_ATTACH");
    attach(process, process.kernel.prisonOf(process.prison, String(jid)));
  },
  /** Kills all that is in a jail and below, and takes these away. */
  jail_remove(process: Process, jid: number): void {
    process.demand("JAIL_REMOVE");
    const prison = process.kernel.prisonOf(process.prison, String(jid));
    process.kernel.removePrison(prison);
  },
  /** sysctl(3) by name; with a value it is set, where that may be. */
  __sysctl(process: Process, name: string, value?: string | number): string | number {
    const { kernel, prison } = process;
    const jailed = prison.parent !== undefined;
    switch (name) {
      case "kern.hostname":
        if (value !== undefined) {
          process.demand("SYSCTL_WRITEJAIL");
          if (!prison.allows("allow.set_hostname") && jailed) fail("EPERM");
          prison.hostname = String(value);
        }
        return prison.hostname;
      case "kern.securelevel":
        if (value !== undefined) {
          process.demand("SYSCTL_WRITEJAIL");
          if (Number(value) < prison.securelevel) fail("EPERM");
          prison.securelevel = Number(value);
        }
        return prison.securelevel;
      case "kern.osrelease":
        return prison.osrelease;
      case "security.jail.jailed":
        return jailed ? 1 : 0;
      case "kern.maxproc":
        if (value !== undefined) {
          process.demand("SYSCTL_WRITE");
          kernel.mostProcesses = Number(value);
        }
        return kernel.mostProcesses;
      case "kern.chroot_allow_open_directories":
        if (value !== undefined) {
          process.demand("SYSCTL_WRITE");
          kernel.chrootAllowOpenDirectories = Number(value);
        }
        return kernel.chrootAllowOpenDirectories;
      default:
        return fail("ENOENT");
    }
  },
};
