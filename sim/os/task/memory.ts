import { E } from "../errno.js";
import type { Cgroup, Member } from "../cgroup/cgroup.js";
import { makeRoom, type Reclaimer } from "../memory/reclaim.js";
import type { Caller } from "../vfs/caller.js";
import { pageSize } from "../vfs/content.js";
import type { PageAccount } from "../vfs/tmpfs-body.js";

interface Mapping {
  readonly length: number;
  touched: number;
}

/** Where anonymous mappings are put, growing upwards (Linux goes downwards from the stack). */
const firstAddress = 0x7f00_0000_0000;

/**
 * What a task has of memory: mappings, and how much of each was touched. There are no bytes in it: programs keep their
 * data in variables. Pages are paid by the task's cgroup when they are touched first. After fork(2) parent and child
 * share all pages: the child pays for what it touches anew (Linux: for what either writes).
 */
export class AddressSpace {
  #mappings: Map<number, Mapping> | undefined;
  #next = firstAddress;
  #resident = 0;
  /** What of it the present payer pays for; and earlier ones, before it moved. */
  #charged = 0;
  #payer: Cgroup;
  #earlier: { readonly payer: Cgroup; charged: number }[] | undefined;
  readonly #charge: Charge;

  constructor(payer: Cgroup, charge: Charge) {
    this.#payer = payer;
    this.#charge = charge;
  }

  get resident(): number {
    return this.#resident;
  }

  get size(): number {
    let size = this.#resident;
    if (this.#mappings !== undefined)
      for (const { length, touched } of this.#mappings.values()) size += length - touched;
    return size;
  }

  /** @returns the address of a new mapping, nothing of it touched */
  map(length: number): number {
    const rounded = Math.ceil(length / pageSize) * pageSize;
    if (!(rounded > 0)) throw E.EINVAL;
    const address = this.#next;
    this.#next += rounded + pageSize;
    (this.#mappings ??= new Map()).set(address, { length: rounded, touched: 0 });
    return address;
  }

  /** @throws EINVAL for an address that no mapping begins at */
  unmap(address: number): void {
    const mapping = this.#mappings?.get(address);
    if (mapping === undefined) throw E.EINVAL;
    this.#mappings?.delete(address);
    this.#give(mapping.touched);
  }

  /** Touches a mapping's first `length` bytes. @throws EFAULT outside of it; ENOMEM */
  touch(address: number, length: number): void {
    const mapping = this.#mappings?.get(address);
    if (mapping === undefined || length > mapping.length) throw E.EFAULT;
    const wanted = Math.ceil(length / pageSize) * pageSize - mapping.touched;
    if (wanted <= 0) return;
    this.take(wanted);
    mapping.touched += wanted;
  }

  /** Memory outside of mappings: code, data, stack. @throws ENOMEM */
  take(bytes: number): void {
    this.#charge(this.#payer, bytes);
    this.#resident += bytes;
    this.#charged += bytes;
  }

  /** Another group pays from now on; what was paid stays with who paid it. */
  move(payer: Cgroup): void {
    if (this.#charged > 0) (this.#earlier ??= []).push({ payer: this.#payer, charged: this.#charged });
    this.#charged = 0;
    this.#payer = payer;
  }

  /** What fork(2) gives a child. */
  copy(payer: Cgroup): AddressSpace {
    const copy = new AddressSpace(payer, this.#charge);
    copy.#next = this.#next;
    copy.#resident = this.#resident;
    if (this.#mappings !== undefined)
      copy.#mappings = new Map([...this.#mappings].map(([at, mapping]) => [at, { ...mapping }]));
    return copy;
  }

  /** Everything goes: at execve(2), exit(2), and when the oom killer has chosen it. */
  release(): void {
    this.#mappings = undefined;
    this.#payer.count(-this.#charged);
    for (const { payer, charged } of this.#earlier ?? []) payer.count(-charged);
    this.#earlier = undefined;
    this.#charged = 0;
    this.#resident = 0;
  }

  #give(bytes: number): void {
    this.#resident -= bytes;
    const paid = Math.min(bytes, this.#charged);
    this.#charged -= paid;
    this.#payer.count(-paid);
    let left = bytes - paid;
    for (const one of this.#earlier ?? []) {
      const back = Math.min(left, one.charged);
      one.charged -= back;
      one.payer.count(-back);
      left -= back;
    }
  }
}

/** Has a cgroup pay for memory. @throws ENOMEM */
export type Charge = (payer: Cgroup, bytes: number) => void;

/**
 * How much a task would free, oom_badness() in mm/oom_kill.c: resident memory, swap (absent) and page tables, plus
 * oom_score_adj in thousandths of all memory there is. −Infinity for who may not be killed.
 */
export function badness(member: Member, total: number): number {
  if (member.oomAdjustment === -1000) return -Infinity;
  // One page of tables for each 512 pages, and three above.
  const tables = Math.ceil(member.residentBytes / (512 * pageSize)) + 3;
  return member.residentBytes / pageSize + tables + (member.oomAdjustment * Math.floor(total / pageSize)) / 1000;
}

/**
 * Pays. Where a limit would be passed, pages of files are freed first, as far as there are any; then the worst task of the group
 * over its limit is killed, or all tasks of its group where memory.oom.group says so; until there is room. Files of a tmpfs outlive those who wrote them, so one task after another goes for them, those without memory of their
 * own, too (each has page tables), until the group is empty.
 * @throws ENOMEM where nobody is left to kill
 */
export function charge(
  payer: Cgroup,
  bytes: number,
  kind: "file" | "shmem" | undefined,
  { total, reclaimer, oom }: OutOfMemory,
): void {
  for (;;) {
    const over = makeRoom(payer, bytes, reclaimer);
    if (over === undefined) {
      payer.count(bytes, kind);
      return;
    }
    killFor(over, total, oom);
  }
}

/** Has a task's group pay for the pages that it writes to a tmpfs. */
export function accountOf({ pageUser }: Caller, outOfMemory: OutOfMemory): PageAccount | undefined {
  if (pageUser === undefined) return undefined;
  const { cgroup } = pageUser;
  return {
    charge: (pages) => {
      charge(cgroup, pages * pageSize, "shmem", outOfMemory);
      pageUser.chargedPages += pages;
    },
    uncharge: (pages) => {
      cgroup.count(-pages * pageSize, "shmem");
    },
  };
}

/** What happens where memory runs out. */
export interface OutOfMemory {
  /** All memory there is, in bytes. */
  readonly total: number;
  readonly reclaimer: Reclaimer;
  /** Told who is killed, and for which group; undefined where nobody is left who may be. */
  readonly oom: (over: Cgroup, victim: Member | undefined) => void;
}

/** Kills whoever frees most in a group that is over its limit. @throws ENOMEM where nobody is left */
export function killFor(over: Cgroup, total: number, oom: OutOfMemory["oom"]): void {
  let worst: { readonly member: Member; readonly cgroup: Cgroup; readonly score: number } | undefined;
  for (const cgroup of over.subtree()) {
    for (const member of cgroup.members) {
      // Who was chosen before has nothing more to give.
      if (member.zombie || member.dying || member.unkillable) continue;
      const score = badness(member, Math.min(over.memory.max, total));
      if (score > (worst?.score ?? -Infinity)) worst = { member, cgroup, score };
    }
  }
  over.happened("oom");
  if (worst === undefined) {
    oom(over, undefined);
    throw E.ENOMEM;
  }
  const group = groupToKill(worst.cgroup, over);
  if (group === undefined) kill(worst.member, worst.cgroup, over, oom);
  else {
    group.happened("oom_group_kill");
    for (const cgroup of group.subtree()) {
      for (const member of [...cgroup.members])
        if (!member.unkillable && member.oomAdjustment !== -1000) kill(member, cgroup, over, oom);
    }
  }
}

function kill(
  member: Member,
  cgroup: Cgroup,
  over: Cgroup,
  oom: (over: Cgroup, victim: Member | undefined) => void,
): void {
  cgroup.happened("oom_kill");
  oom(over, member);
}

/** The highest group up to the one over its limit whose tasks go together (mem_cgroup_get_oom_group). */
function groupToKill(cgroup: Cgroup, over: Cgroup): Cgroup | undefined {
  let group: Cgroup | undefined;
  for (let at: Cgroup | undefined = cgroup; at !== undefined; at = at.parent) {
    if (at.memory.oomGroup) group = at;
    if (at === over) break;
  }
  return group;
}
