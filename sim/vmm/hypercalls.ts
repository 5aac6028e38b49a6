/**
 * The interface of a paravirtual guest to its VMM, after Xen's in its parts (P. Barham et al., "Xen and the Art of Virtualization",
 * SOSP 2003, section 3): a hypercall is an environment call from the guest's kernel with its number in a7, arguments in a0 and
 * a1. What Xen has and this has not: page tables that the processor walks themselves (here the shadow is told of updates, as Xen's
 * shadow mode is), grant tables, block and network rings.
 */

/** Numbers of hypercalls. */
export const hypercalls = {
  /** (address): the physical address of the page that guest and VMM share. */
  share: 0,
  /** (address): where traps and events are delivered, all to one place. */
  vector: 1,
  /** (list, count): page-table entries as pairs of physical address and new content, as many at once as the guest likes. */
  update: 2,
  /** (satp): another address space. */
  root: 3,
  /** Goes on where the shared page says that a trap came from, with the registers a7, and x31 if there is a frame, that it says. */
  return: 4,
  /** (ticks): an event after so much time; a negative number takes it back. */
  timer: 5,
  /** The console's ring has something new. */
  console: 6,
  /** Idle until an event is pending. */
  block: 7,
  shutDown: 8,
} as const;

/** The shared page, by offsets; 64 bits each but for the ring. The VMM writes what a trap was, and believes nothing of what it reads. */
export const sharedPage = {
  /** 1: events wait. Set by the VMM when it delivers something. */
  masked: 0,
  /** Events that wait, as bits of sip. */
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
  /** Bytes that the guest put into the console's ring so far. */
  produced: 56,
  ring: 1024,
  ringSize: 512,
} as const;
