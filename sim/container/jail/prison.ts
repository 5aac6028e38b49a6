import { nearest } from "../../core/index.js";
import { rulesets } from "./devfs-rules.js";
import { fail } from "./errno.js";
import type { Vnode } from "./vnode.js";

/** Permissions and whether a jail has them if nothing is said: jail(8). */
export const permissions: Readonly<Record<string, boolean>> = {
  "allow.set_hostname": true,
  "allow.sysvipc": false,
  "allow.raw_sockets": false,
  "allow.chflags": false,
  "allow.mount": false,
  "allow.mount.devfs": false,
  "allow.mount.nullfs": false,
  "allow.mount.procfs": false,
  "allow.mount.tmpfs": false,
  "allow.quotas": false,
  "allow.read_msgbuf": false,
  "allow.socket_af": false,
  "allow.reserved_ports": true,
  "allow.unprivileged_proc_debug": true,
};

export type ParameterValue = string | number | boolean | readonly string[];
export type Parameters = Readonly<Record<string, ParameterValue>>;

const plain = [
  "jid",
  "name",
  "path",
  "securelevel",
  "persist",
  "children.max",
  "enforce_statfs",
  "devfs_ruleset",
  "host.hostname",
  "host.domainname",
  "host",
  "ip4",
  "ip4.addr",
  "osrelease",
  "sysvshm",
];

/** A prison: prison0 is the host itself. */
export class Prison {
  readonly id: number;
  readonly name: string;
  readonly parent: Prison | undefined;
  readonly path: string;
  readonly root: Vnode;
  readonly children: Set<Prison> = new Set();
  hostname: string;
  domainname = "";
  /** Its addresses; undefined: all that the host has. */
  ip4: readonly string[] | undefined;
  securelevel: number;
  enforceStatfs = 2;
  devfsRuleset = 4;
  childrenMax = 0;
  persist = false;
  osrelease: string;
  /** System V's shared memory: none, its own, or its parent's. */
  sysvshm: "disable" | "new" | "inherit" = "disable";
  readonly #allowed: Set<string>;

  constructor(given: {
    readonly id: number;
    readonly name: string;
    readonly parent: Prison | undefined;
    readonly path: string;
    readonly root: Vnode;
    readonly hostname: string;
    readonly allowed: Iterable<string>;
    readonly securelevel: number;
    readonly osrelease: string;
  }) {
    this.id = given.id;
    this.name = given.name;
    this.parent = given.parent;
    this.path = given.path;
    this.root = given.root;
    this.hostname = given.hostname;
    this.securelevel = given.securelevel;
    this.osrelease = given.osrelease;
    this.#allowed = new Set(given.allowed);
  }

  allows(permission: string): boolean {
    return this.#allowed.has(permission);
  }

  allow(permission: string, yes: boolean): void {
    if (yes) this.#allowed.add(permission);
    else this.#allowed.delete(permission);
    for (const child of this.children) if (!yes) child.allow(permission, false);
  }

  /** Whether it is another one, or lies below it. */
  isWithin(other: Prison): boolean {
    return this === other || this.parent?.isWithin(other) === true;
  }

  /** All prisons below. */
  descendants(): Prison[] {
    return [...this.children].flatMap((child) => [child, ...child.descendants()]);
  }

  /** Where System V's objects of its processes are: undefined where it has none. */
  get sysvRoot(): Prison | undefined {
    if (this.parent === undefined || this.sysvshm === "new") return this;
    return this.sysvshm === "inherit" ? this.parent.sysvRoot : undefined;
  }
}

/** prison_check: a process sees another one that is in its own prison or below. @throws ESRCH, as if there were none */
export function demandVisible(own: Prison, other: Prison): void {
  if (!other.isWithin(own)) fail("ESRCH");
}

/** Checks parameters' names and kinds before anything is done. @throws EINVAL with errmsg */
export function checkParameters(given: Parameters): void {
  for (const [key, value] of Object.entries(given)) {
    if (key === "vnet" || key.startsWith("vnet."))
      fail("EINVAL", "vnet: virtual network stacks are absent here; give ip4.addr");
    if (!plain.includes(key) && permissions[key] === undefined) {
      const near = nearest(key, [...plain, ...Object.keys(permissions)]);
      fail("EINVAL", `unknown parameter: ${key}${near === undefined ? "" : ` (did you mean ${near}?)`}`);
    }
    if (permissions[key] !== undefined && typeof value !== "boolean") fail("EINVAL", `${key} is true or false`);
  }
}

/** Applies parameters to a prison. @param fresh whether it is just being made @throws EPERM where a jail would get more than its parent has */
export function applyParameters(prison: Prison, given: Parameters): void {
  const { parent } = prison;
  const number = (key: string): number | undefined => {
    const value = given[key];
    if (value === undefined) return undefined;
    const read = Number(value);
    if (!Number.isInteger(read)) fail("EINVAL", `${key} is a number`);
    return read;
  };
  for (const [key, value] of Object.entries(given)) {
    if (permissions[key] === undefined) continue;
    // Nobody gives what he hasn't himself.
    if (value === true && parent !== undefined && !parent.allows(key))
      fail("EPERM", `${key} is not allowed to the jail that makes this one`);
    prison.allow(key, value === true);
  }
  const addresses = given["ip4.addr"];
  if (addresses !== undefined) {
    const wanted = typeof addresses === "object" ? addresses : String(addresses).split(",");
    const outside = wanted.find((one) => parent?.ip4 !== undefined && !parent.ip4.includes(one));
    if (outside !== undefined) fail("EPERM", `ip4.addr ${outside} is none of the parent's`);
    prison.ip4 = wanted;
  } else if (given["ip4"] === "inherit") prison.ip4 = parent?.ip4;
  else if (given["ip4"] === "disable" || given["ip4"] === "new") prison.ip4 = [];
  const level = number("securelevel");
  if (level !== undefined) {
    if (level < Math.max(prison.securelevel, parent?.securelevel ?? -1)) fail("EPERM", "a securelevel is only raised");
    prison.securelevel = level;
  }
  const children = number("children.max");
  if (children !== undefined) {
    if (parent !== undefined && children > parent.childrenMax - 1)
      fail("EPERM", "children.max is more than the parent may have");
    prison.childrenMax = children;
  }
  const statfs = number("enforce_statfs");
  if (statfs !== undefined) {
    if (statfs < 0 || statfs > 2) fail("EINVAL", "enforce_statfs is 0, 1 or 2");
    if (statfs < (parent?.enforceStatfs ?? 0)) fail("EPERM", "enforce_statfs is less than the parent's");
    prison.enforceStatfs = statfs;
  }
  const ruleset = number("devfs_ruleset");
  if (ruleset !== undefined) {
    if (rulesets[ruleset] === undefined) fail("EINVAL", `devfs_ruleset ${ruleset} is not defined`);
    prison.devfsRuleset = ruleset;
  }
  const shm = given["sysvshm"];
  if (shm !== undefined) {
    if (shm !== "disable" && shm !== "new" && shm !== "inherit") fail("EINVAL", "sysvshm is disable, new or inherit");
    prison.sysvshm = shm;
  } else if (given["allow.sysvipc"] === true) prison.sysvshm = "inherit";
  if (given["host"] === "inherit" && parent !== undefined) prison.hostname = parent.hostname;
  if (given["host.hostname"] !== undefined) prison.hostname = String(given["host.hostname"]);
  if (given["host.domainname"] !== undefined) prison.domainname = String(given["host.domainname"]);
  if (given["osrelease"] !== undefined) prison.osrelease = String(given["osrelease"]);
  if (given["persist"] !== undefined) prison.persist = given["persist"] === true;
}
