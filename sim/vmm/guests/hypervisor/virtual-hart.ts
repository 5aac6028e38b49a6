/**
 * The virtual hart as the hypervisor keeps it: one record that sscratch leads to. Offsets are in bytes; x1 to x31 lie at 8 times their
 * number, and x0's place is always 0. The guest's supervisor CSRs are in the hart's own replicas; the record has those of the world that
 * isn't on the hart: of the guest's own guest while the guest is, and the other way round.
 */
const fields = ["pc", "virtual", "own", "composed"] as const;

interface HeldCsr {
  readonly name: string;
  readonly number: number;
  /** What of a written value is held, and what is there in any case. */
  readonly mask: bigint;
  readonly fixed?: bigint;
  /** Label of a routine, where writing is more than that. */
  readonly write?: string;
}

const all = (1n << 64n) - 1n;
const longStatus = 2n << 32n;

/** Of a world: what changes places when the guest enters its own guest, and when that comes back. */
const worldCsrs: readonly HeldCsr[] = [
  { name: "vsstatus", number: 0x200, mask: 0xc6122n, fixed: longStatus },
  { name: "vsie", number: 0x204, mask: 0x222n },
  { name: "vstvec", number: 0x205, mask: all - 2n },
  { name: "vsscratch", number: 0x240, mask: all },
  { name: "vsepc", number: 0x241, mask: all - 1n },
  { name: "vscause", number: 0x242, mask: all },
  { name: "vstval", number: 0x243, mask: all },
  { name: "vstimecmp", number: 0x24d, mask: all },
  { name: "vsatp", number: 0x280, mask: all },
];

/** Hypervisor CSRs that the guest finds. Of those with mask 0 it finds zeros. */
const heldCsrs: readonly HeldCsr[] = [
  ...worldCsrs,
  { name: "hstatus", number: 0x600, mask: 0x7003c0n, fixed: longStatus, write: "write_hstatus" },
  { name: "hedeleg", number: 0x602, mask: 0xcb1ffn },
  { name: "hideleg", number: 0x603, mask: 0x444n },
  { name: "hie", number: 0x604, mask: 0n },
  { name: "htimedelta", number: 0x605, mask: all },
  { name: "hcounteren", number: 0x606, mask: (1n << 32n) - 1n },
  { name: "henvcfg", number: 0x60a, mask: (5n << 61n) | 1n },
  { name: "htval", number: 0x643, mask: all },
  { name: "hvip", number: 0x645, mask: 0n },
  { name: "htinst", number: 0x64a, mask: all },
  { name: "hgatp", number: 0x680, mask: (15n << 60n) | (0x3fffn << 44n) | 0xffffffffffcn },
];

const registers = 32;
const places = new Map<string, number>();
for (const name of [...fields, ...heldCsrs.map(({ name }) => name)]) places.set(name, 8 * (registers + places.size));

/** Where a field, or what a CSR holds, lies in the record. */
export const placeOf = (name: string): number => places.get(name) ?? 0;

/** How many bytes the record has. */
export const virtualHartSize: number = 8 * (registers + places.size);

/** The supervisor CSRs of a world, by the name that the hart has for its replica, and as the guest calls them. */
export const worldNames: readonly { readonly name: string; readonly own: string; readonly number: number }[] =
  worldCsrs.map(({ name, number }) => ({ name, own: name.replace("vs", "s"), number }));

/** Lets the two worlds' CSRs change places. Each of these is a trap where this hypervisor is itself a guest. */
export const swapWorlds: string = worldCsrs
  .map(({ name }) => `  ld    t0, v_${name}(s0)\n  csrrw t0, ${name}, t0\n  sd    t0, v_${name}(s0)`)
  .join("\n");

/** Names for the places, the record itself, and a table of the CSRs: number, place, mask, fixed bits, routine. */
export function virtualHartSource(x: readonly bigint[], pc: bigint): string {
  const equates = [...places].map(([name, place]) => `  .equ v_${name}, ${place}`);
  const atStart = new Map<string, bigint>([
    ["pc", pc],
    ["vstimecmp", -1n],
    ["vsstatus", longStatus],
    ["hstatus", longStatus],
  ]);
  const values = [...x, ...[...places.keys()].map((name) => atStart.get(name) ?? 0n)];
  const rows = heldCsrs.map(
    ({ name, number, mask, fixed = 0n, write = "enter" }) =>
      `  .dword ${number}, ${placeOf(name)}, ${mask}, ${fixed}, ${write}`,
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
  .text
`;
}
