/**
 * Where a hart keeps what, as offsets from its base in the machine's memory: all engines and the host work on the same
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
  /** What the host wants of translated code that called it: one of `attention`. */
  fault: 544,
  /** The CSRs fflags and frm, 32 bits each. */
  fflags: 548,
  frm: 552,
  /** 1 while the floating-point registers are on and known to be dirty: nothing to be done before they are used. */
  floats: 556,
  /** What traps work on: the privilege, CSRs and levels of interrupt lines of 32 bits, the bits of mip that software set. */
  privilege: 560,
  mstatus: 564,
  medeleg: 568,
  mie: 572,
  lines: 576,
  software: 580,
  /** How many exceptions translated code took since the host last counted them: 32 bits. */
  trapped: 584,
  /** With the hypervisor extension, what traps work on besides: V, mstatus's upper half, hstatus, hedeleg of 32 bits; */
  virtual: 588,
  /** CSRs of 64 bits. */
  mtvec: 592,
  mepc: 600,
  mcause: 608,
  mtval: 616,
  mscratch: 624,
  stvec: 632,
  sepc: 640,
  scause: 648,
  stval: 656,
  sscratch: 664,
  /** By privilege, the contexts that it had last: `modeSize` bytes each. */
  modes: 672,
  /** What traces count and say, 64 bits each: entries into one; the exit by which the last was left. */
  entries: 736,
  exit: 744,
  mstatush: 752,
  hstatus: 756,
  hedeleg: 760,
  /** of 64 bits. */
  htval: 768,
  htinst: 776,
  mtval2: 784,
  mtinst: 792,
  /** By privilege, what walks of its page tables go by: `walkSize` bytes each. */
  walks: 800,
  /** Which page-table leaves the TLBs' entries came of: by level, `leafMarks` bytes. */
  dataLeaves: 4096,
  /** Pages that instructions are fetched from: what the interpreter finds them by. */
  places: 8192,
  /** Two TLBs: what may be read, what may be written. */
  readTlb: 16384,
  writeTlb: 32768,
  /** Where to go on for a pc. */
  jumps: 49152,
  /** By place, what is known of each two bytes of its page: `pageMarks`. */
  marks: 65536,
  size: 1114112,
} as const;

/**
 * What translated code does behind a call of the host: go on, leave as if the instruction had not begun, leave behind it. Or it
 * left by itself: at an instruction that others have to execute, at one that asks for a CSR of a higher privilege, at EBREAK.
 */
export const attention = { none: 0, undone: 1, done: 2, missed: 3, refused: 4, breakpoint: 5 } as const;

/**
 * Entries of a TLB; a page's lowest number bits choose one. An entry: tag of 64 bits, distance to the
 * host's address and level of the page-table leaf of 32 bits each.
 */
export const tlbEntries = 1024;
/** Entries of the jump cache, chosen by the pc. An entry: tag of 64 bits, unit and block of 32 bits each. */
export const jumpEntries = 1024;
export const entrySize = 16;
/**
 * Pages that code runs in, a page's lowest number bits choose one. An entry: tag of 64 bits, made as a jump's; the page's place
 * in the arena, the level of the page-table leaf, how many instructions may yet be interpreted before the host is asked, and
 * where its marks are, 32 bits each.
 */
export const placeEntries = 256;
export const placeEntry = { tag: 0, host: 8, level: 12, left: 16, marks: 20 } as const;
export const placeSize = 32;
/** A place's marks, a byte for each two of the page: whether it was executed; behind these, what it is when control comes there. */
export const pageMarks = { executed: 0, way: 2048 } as const;
export const marksSize = 4096;
/** Control came there from elsewhere, or by a jump to a computed address; a unit can be entered there. */
export const way = { in: 1, unit: 2 } as const;
/** No address has this tag. */
export const emptyTag = -1n;

/**
 * A TLB's tag is a page's address with a context's number in its lower bits: a multiple of this, so that the bits in which
 * addresses are misaligned are 0.
 */
export const contextStep = 8;
/** How many contexts a TLB can tell apart. */
export const tlbContexts = 511;
/**
 * A jump's tag is the pc with a context's number in the upper bits, exclusive or. Canonical addresses have these bits all
 * alike, so half of the numbers tell them apart.
 */
export const jumpContextShift = 52;
export const jumpContexts = 2047;

/**
 * What is known of a privilege: the bits of mstatus that its data context belongs to (an impossible number where nothing is
 * known), and the words that `context` and `jumpContext` hold there; 32 bits each.
 */
export const modeEntry = { status: 0, context: 4, jumpContext: 8 } as const;
export const modeSize = 16;
/** No bits of mstatus. */
export const noMode = -1;

/**
 * What WebAssembly walks a privilege's page tables by, in words of 32 bits but for those that say otherwise. The data context that it
 * holds for, none where nothing is known; where the topmost table lies in memory; the bits of a leaf that count and what they have to
 * be (64 bits each); of the part of RAM that protection leaves alone the first page's number and how many pages it has (64 bits each),
 * and where the page lies in memory, its dirty mark, and what says whether it holds code.
 */
export const walkEntry = {
  context: 0,
  root: 4,
  mask: 8,
  match: 16,
  first: 24,
  pages: 32,
  host: 40,
  dirty: 44,
  code: 48,
} as const;
export const walkSize = 64;
/** No context has this number. */
export const noContext = -1;
/** For each level of page tables, whether something came of a leaf, by a hash of what it maps. */
export const leafMarks = 1024;

export const pageBits = 12;
export const pageSize = 4096;
