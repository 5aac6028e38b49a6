/**
 * The interface of a paravirtual guest to its VMM, after Xen's in its parts (P. Barham et al., "Xen and the Art of Virtualization",
 * SOSP 2003, section 3): a hypercall is an environment call from the guest's kernel with its number in a7, arguments in a0 and
 * a1. What happens meanwhile is told by *event channels*, bits of a word in a page that both share, and *rings* carry what is much: the
 * console's text, a disk's requests. What Xen has and this has not: page tables that the processor walks themselves (here the
 * shadow is told of updates, as Xen's shadow mode is), grant tables (a ring's requests name the guest's own memory, and nobody else
 * serves them), channels between guests, network rings.
 */

/** Numbers of hypercalls. */
export const hypercalls = {
  /** (address): the physical address of the page that guest and VMM share. */
  share: 0,
  /** (address): where traps and events are delivered, all to one place. */
  vector: 1,
  /**
   * (list, count): page-table entries as pairs of physical address and new content, as many at once as the guest likes. A pair of 1 and
   * a virtual address says that only this one's meaning changes, as Xen's UVMF_INVLPG; without one, any's may.
   */
  update: 2,
  /** (satp): another address space. */
  root: 3,
  /** Goes on where the shared page says that a trap came from, with the registers a7, and x31 if there is a frame, that it says. */
  return: 4,
  /** (ticks): an event after so much time; a negative number takes it back. */
  timer: 5,
  /** The console's ring has something new, or its ring of what was typed has room again. */
  console: 6,
  /** Idle until an event is pending. */
  block: 7,
  shutDown: 8,
  /** (address): the physical address of the page with the disk's ring. */
  ring: 9,
  /** (channel): something new is in the channel's ring. */
  notify: 10,
  /** (bits): which pages the kernel may read beside its own, as SUM and MXR of sstatus. */
  access: 11,
} as const;

/** Event channels: bits of the shared page's `pending`. Bound once and for all, where Xen's are bound at run time. */
export const channels = { timer: 0, block: 1, console: 2 } as const;

/**
 * The disk's ring, by offsets, as Xen's `blkif`: the guest counts requests that it has put there, the VMM those that it has answered. Slots are
 * used again in turn; a request's slot has its answer in the end. 64 bits each.
 */
export const blockRing = {
  requests: 0,
  responses: 8,
  slots: 64,
  slotSize: 32,
  slotCount: 32,
  /** In a slot: 0 to read, 1 to write; the first sector; where in memory; how many sectors, and in the end 0, or 1 where that failed. */
  operation: 0,
  sector: 8,
  address: 16,
  count: 24,
} as const;

/** The shared page, by offsets; 64 bits each but for the ring. The VMM writes what a trap was, and believes nothing of what it reads. */
export const sharedPage = {
  /** 1: events wait. Set by the VMM when it delivers something. */
  masked: 0,
  /** Channels with news: the VMM sets their bits, the guest takes them back. An upcall tells of a change. */
  pending: 8,
  /** What the last trap or event was, as sepc, scause and stval; whether it came from the guest's kernel, and what masked was. */
  pc: 16,
  cause: 24,
  value: 32,
  kernel: 40,
  wasMasked: 48,
  /** What x31 is to be in handlers, where it isn't 0; what x31 was; what a7 will be behind the return. */
  frame: 64,
  x31: 72,
  a7: 80,
  /** Bytes that the guest put into the console's ring so far, and those that the VMM took. */
  produced: 56,
  consumed: 88,
  /** Bytes that were typed, which the VMM put into the other ring, and those that the guest took. */
  typed: 96,
  taken: 104,
  ring: 1024,
  ringSize: 512,
  input: 2048,
  inputSize: 512,
} as const;
