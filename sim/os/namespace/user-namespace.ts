import type { Namespace } from "./namespace.js";

/** A line of /proc/PID/uid_map: `count` ids from `inside` on are those from `outside` on in the parent. */
export interface IdExtent {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** What an id without a mapping is shown as (/proc/sys/kernel/overflowuid). */
export const overflowId = 65534;

/** (uid_t) −1: no id at all. */
export const noId = -1;

/**
 * A user namespace, user_namespaces(7): ids inside map to ids outside, and capabilities count towards what it owns.
 * Tasks and inodes hold ids of the initial namespace ("kernel ids"); maps are kept resolved to these.
 */
export class UserNamespace implements Namespace {
  readonly kind = "user";
  readonly number: number;
  readonly parent: UserNamespace | undefined;
  readonly level: number;
  /** The kernel ids of whoever made it: that user has all capabilities in it, seen from the parent. */
  readonly owner: number;
  readonly group: number;
  /** As written, with `outside` in the parent's ids; undefined until written. */
  uidMap: readonly IdExtent[] | undefined;
  gidMap: readonly IdExtent[] | undefined;
  /** /proc/PID/setgroups. */
  setgroupsAllowed: boolean;

  constructor(number: number, parent: UserNamespace | undefined, owner: number, group: number) {
    this.number = number;
    this.parent = parent;
    this.level = parent === undefined ? 0 : parent.level + 1;
    this.owner = owner;
    this.group = group;
    const whole = [{ inside: 0, outside: 0, count: 2 ** 32 - 1 }];
    this.uidMap = parent === undefined ? whole : undefined;
    this.gidMap = parent === undefined ? whole : undefined;
    this.setgroupsAllowed = parent?.setgroupsAllowed ?? true;
  }

  get userNamespace(): UserNamespace {
    return this.parent ?? this;
  }

  /** The kernel id of one of this namespace's; `noId` where it has no mapping. */
  uidToKernel(id: number): number {
    return this.#toKernel(id, "uidMap");
  }

  gidToKernel(id: number): number {
    return this.#toKernel(id, "gidMap");
  }

  /** What a kernel id is called here; `noId` where it has no mapping. */
  uidFromKernel(id: number): number {
    return this.#fromKernel(id, "uidMap");
  }

  gidFromKernel(id: number): number {
    return this.#fromKernel(id, "gidMap");
  }

  /** As `uidFromKernel`, with the overflow id for what is not mapped: what stat(2) and getuid(2) give. */
  shownUid(id: number): number {
    const shown = this.uidFromKernel(id);
    return shown === noId ? overflowId : shown;
  }

  shownGid(id: number): number {
    const shown = this.gidFromKernel(id);
    return shown === noId ? overflowId : shown;
  }

  /** Whether this namespace is `other` or lies below it. */
  isWithin(other: UserNamespace): boolean {
    return this === other || this.parent?.isWithin(other) === true;
  }

  #toKernel(id: number, map: "uidMap" | "gidMap"): number {
    if (this.parent === undefined) return id;
    const extent = this[map]?.find(({ inside, count }) => id >= inside && id < inside + count);
    if (extent === undefined) return noId;
    return this.parent.#toKernel(extent.outside + id - extent.inside, map);
  }

  #fromKernel(id: number, map: "uidMap" | "gidMap"): number {
    if (this.parent === undefined) return id;
    const above = this.parent.#fromKernel(id, map);
    if (above === noId) return noId;
    const extent = this[map]?.find(({ outside, count }) => above >= outside && above < outside + count);
    return extent === undefined ? noId : extent.inside + above - extent.outside;
  }
}
