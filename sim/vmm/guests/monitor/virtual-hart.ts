/**
 * The virtual hart of the monitor's guest, as the monitor keeps it: one record that mscratch leads to. Offsets are in bytes; x1 to x31 lie
 * at 8 times their number, and x0's place is always 0.
 */
const fields = ["pc", "mode", "changed", "due", "large", "real"] as const;

/** In a supervisor's or a machine's CSR of this name: what of a written value is held. Those with routines have them in `csrs.ts`. */
interface HeldCsr {
  readonly name: string;
  readonly number: number;
  readonly mask: bigint;
  /** Labels of routines, where reading or writing is more than that. */
  readonly read?: string;
  readonly write?: string;
  /** Where another CSR's place is its own. */
  readonly of?: string;
}

const all = (1n << 64n) - 1n;
const word = (1n << 32n) - 1n;
/** Configurations of 8 entries: bits 5 and 6 of each are reserved. */
const protections = 0x9f9f9f9f9f9f9f9fn;

/** Every CSR that the guest finds; others are illegal instructions to it. */
export const heldCsrs: readonly HeldCsr[] = [
  { name: "mstatus", number: 0x300, mask: 0x7c79aan, read: "read_mstatus", write: "write_mstatus" },
  { name: "sstatus", number: 0x100, mask: 0xc6122n, read: "read_sstatus", write: "write_sstatus", of: "mstatus" },
  { name: "misa", number: 0x301, mask: 0n, write: "write_nothing" },
  { name: "medeleg", number: 0x302, mask: 0xb3ffn },
  { name: "mideleg", number: 0x303, mask: 0x222n },
  { name: "mie", number: 0x304, mask: 0xaaan },
  { name: "sie", number: 0x104, mask: 0x222n, read: "read_sie", write: "write_sie", of: "mie" },
  { name: "mip", number: 0x344, mask: 0x222n, read: "read_mip", write: "write_mip" },
  { name: "sip", number: 0x144, mask: 0x2n, read: "read_sip", write: "write_sip", of: "mip" },
  { name: "mtvec", number: 0x305, mask: all - 2n },
  { name: "mscratch", number: 0x340, mask: all },
  { name: "mepc", number: 0x341, mask: all - 1n },
  { name: "mcause", number: 0x342, mask: all },
  { name: "mtval", number: 0x343, mask: all },
  { name: "mcounteren", number: 0x306, mask: word },
  { name: "menvcfg", number: 0x30a, mask: (5n << 61n) | 1n, write: "write_menvcfg" },
  { name: "stvec", number: 0x105, mask: all - 2n },
  { name: "sscratch", number: 0x140, mask: all },
  { name: "sepc", number: 0x141, mask: all - 1n },
  { name: "scause", number: 0x142, mask: all },
  { name: "stval", number: 0x143, mask: all },
  { name: "scounteren", number: 0x106, mask: word },
  { name: "senvcfg", number: 0x10a, mask: 1n },
  { name: "stimecmp", number: 0x14d, mask: all, read: "read_stimecmp", write: "write_stimecmp" },
  { name: "satp", number: 0x180, mask: all, read: "read_satp", write: "write_satp" },
  { name: "cycle", number: 0xc00, mask: 0n, read: "read_cycle" },
  { name: "time", number: 0xc01, mask: 0n, read: "read_time" },
  { name: "instret", number: 0xc02, mask: 0n, read: "read_instret" },
  ...["mvendorid", "marchid", "mimpid", "mhartid"].map((name, index) => ({ name, number: 0xf11 + index, mask: 0n })),
  { name: "pmpcfg0", number: 0x3a0, mask: protections },
  { name: "pmpcfg2", number: 0x3a2, mask: protections },
  ...Array.from({ length: 16 }, (_, entry) => ({
    name: `pmpaddr${entry}`,
    number: 0x3b0 + entry,
    mask: (1n << 54n) - 1n,
  })),
];

const registers = 32;
const places = new Map<string, number>();
for (const name of [...fields, ...heldCsrs.filter(({ of }) => of === undefined).map(({ name }) => name)]) {
  places.set(name, 8 * (registers + places.size));
}

/** Where a field, or what a CSR holds, lies in the record. */
export const placeOf = (name: string): number => places.get(name) ?? 0;

/** How many bytes the record has. */
export const virtualHartSize: number = 8 * (registers + places.size);

/** What the record holds at the guest's reset, beside zeros (privileged ISA, "Reset"): machine mode, no timer, a first choice of tables. */
const atReset: Readonly<Record<string, bigint>> = { mode: 3n, changed: 1n, mstatus: 3n << 11n, stimecmp: -1n };

/** Names for the places, the record itself, and a table of the CSRs: place, routine that reads, routine that writes, mask. */
export function virtualHartSource(x: readonly bigint[], pc: bigint): string {
  const equates = [...places].map(([name, place]) => `  .equ v_${name}, ${place}`);
  const values = [...x, ...[...places.keys()].map((name) => (name === "pc" ? pc : (atReset[name] ?? 0n)))];
  const rows = heldCsrs.map(
    ({ name, of = name, read = "read_held", write = "write_held", mask }) =>
      `  .dword ${placeOf(of)}, ${read}, ${write}, ${mask}`,
  );
  return `
${equates.join("\n")}
  .equ csrs_count, ${heldCsrs.length}
  .data
  .balign 8
hart:
${values.map((value) => `  .dword ${value}`).join("\n")}
csrs:
${rows.join("\n")}
csr_numbers:
${heldCsrs.map(({ number }) => `  .half ${number}`).join("\n")}
  .text
`;
}
