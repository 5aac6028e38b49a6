/**
 * Where a hart keeps what, as offsets from its base in the machine's memory: both engines and the host work on the same
 * bytes, so that a hart can change its engine between two instructions.
 */
export const hartLayout = {
  /** x0–x31: 64 bits each. */
  x: 0,
  /** f0–f31, likewise. */
  f: 256,
  pc: 512,
  /** How many instructions may still be executed before the hart has to come back, a signed number. */
  budget: 520,
  /** What `tlb` and `jumps` hold is of one context each; its number, and the same shifted to a jump's tag. */
  context: 528,
  jumpContext: 536,
  /** 1 when what was called from translated code ended in an exception. */
  fault: 544,
  /** The CSRs fflags and frm, 32 bits each. */
  fflags: 548,
  frm: 552,
  /** 1 while the floating-point registers are on and known to be dirty: nothing to be done before they are used. */
  floats: 556,
  /** Two TLBs: what may be read, what may be written. */
  readTlb: 4096,
  writeTlb: 8192,
  /** Where to go on for a pc. */
  jumps: 16384,
  size: 32768,
} as const;

/** Entries of a TLB; a page's lowest number bits choose one. An entry: tag, distance to the host's address, 64 bits each. */
export const tlbEntries = 256;
/** Entries of the jump cache, chosen by the pc. An entry: tag of 64 bits, unit and block of 32 bits each. */
export const jumpEntries = 1024;
export const entrySize = 16;
/** No address has this tag: contexts are below it. */
export const emptyTag = -1n;

export const pageBits = 12;
export const pageSize = 4096;
