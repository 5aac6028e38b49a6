/** Why a guest came to its VMM, by what the VMM did about it. */
export const exitReasons = [
  "CSR access",
  "counter read",
  "return from trap",
  "address fence",
  "wait for interrupt",
  "system call",
  "supervisor call",
  "page fault",
  "exception",
  "interrupt",
  "device access",
  "shadow fill",
  "nested fill",
  "trace",
  "interpretation",
  "translation",
  "callout",
  "hypercall",
  "nested exit",
] as const;
export type ExitReason = (typeof exitReasons)[number];

/** What each means, for tables. */
export const exitMeanings: Readonly<Record<ExitReason, string>> = {
  "CSR access": "a privileged register was read or written: emulated on the virtual one",
  "counter read": "cycle, time or instret: the guest's own was given",
  "return from trap": "SRET or MRET: the virtual mode changed",
  "address fence": "SFENCE.VMA: shadow tables lost what it named",
  "wait for interrupt": "WFI: the guest is idle until one of its interrupts is pending",
  "system call": "an environment call from virtual user mode: delivered to the guest's kernel",
  "supervisor call": "an environment call from virtual supervisor or machine mode: delivered to the guest's firmware",
  "page fault": "the guest's own tables refuse the access: delivered to the guest",
  exception: "another exception of the guest's own: delivered to the guest",
  interrupt: "a virtual interrupt was delivered to the guest",
  "device access": "a load or store where the guest has a device: made there",
  "shadow fill": "a hidden fault: the guest's tables allow the access, the shadow had no entry yet",
  "nested fill":
    "a guest-page fault: the hypervisor's tables had no such entry, or none for stores, since the page was clean",
  trace: "a store to a page table that the shadow was made from: made there, and what came of the entry was dropped",
  interpretation: "an instruction that direct execution can't be trusted with was interpreted",
  translation: "kernel code was scanned and rewritten",
  callout: "rewritten code called the VMM in place of a sensitive instruction",
  hypercall: "the guest asked its VMM",
  "nested exit": "a trap of the guest's own guest: delivered to the guest, its hypervisor",
};

/** At these an instruction of the guest's is done by the VMM. */
export const inSoftware: readonly ExitReason[] = [
  "CSR access",
  "counter read",
  "return from trap",
  "address fence",
  "wait for interrupt",
  "device access",
  "trace",
  "interpretation",
  "callout",
  "hypercall",
];

/** These are the guest's traps, which its machine would take without a VMM, too. */
export const ownTraps: readonly ExitReason[] = [
  "system call",
  "supervisor call",
  "page fault",
  "exception",
  "interrupt",
  "nested exit",
];
