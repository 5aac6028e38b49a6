import fc from "fast-check";
import { assemble, csrNumbers, encode, rv64h, type Field } from "../../sim/machine/index.js";

/** One instruction, or two, in a mode, under state that is set before. All that is in it are the 64 bits of a record, in their order. */
export interface Scenario {
  readonly mstatus: bigint;
  readonly medeleg: bigint;
  readonly hedeleg: bigint;
  readonly hstatus: bigint;
  readonly vsstatus: bigint;
  readonly hgatp: bigint;
  readonly vsatp: bigint;
  readonly mcounteren: bigint;
  readonly hcounteren: bigint;
  /** The entries of the accessed page: the guest's, the hypervisor's. */
  readonly leaf: bigint;
  readonly guestLeaf: bigint;
  readonly words: bigint;
  readonly x1: bigint;
  readonly x2: bigint;
  readonly vstvec: bigint;
  readonly satp: bigint;
  readonly mepc: bigint;
}

const ram = 0x80000000;
/** Pages by number, of RAM and of the guest's virtual memory. */
const page = {
  root: 0x10,
  middle: 0x11,
  leaves: 0x12,
  guestRoot: 0x14,
  guestMiddle: 0x18,
  guestLeaves: 0x19,
  data: 0x20,
  code: 0x30,
  userCode: 0x31,
  handler: 0x32,
  guestHandler: 0x33,
  own: 0x34,
  records: 0x40,
} as const;
/** Where neither board has anything, in case that it is taken for a physical address. */
const virtualBase = 0x1_4000_0000;

const order = [
  "mstatus",
  "medeleg",
  "hedeleg",
  "hstatus",
  "vsstatus",
  "hgatp",
  "vsatp",
  "mcounteren",
  "hcounteren",
  "leaf",
  "guestLeaf",
  "words",
  "x1",
  "x2",
  "vstvec",
  "satp",
  "mepc",
] as const satisfies readonly (keyof Scenario)[];

/** What is told of each scenario's end. */
export const told = [
  "mcause",
  "mepc",
  "mtval",
  "mtval2",
  "mtinst",
  "mstatus",
  "scause",
  "sepc",
  "stval",
  "htval",
  "htinst",
  "hstatus",
  "vscause",
  "vsepc",
  "vstval",
  "vsstatus",
  "x2",
  "x3",
  "memory",
] as const;

const word = (name: string, fields: Readonly<Partial<Record<Field, number>>> = {}): number =>
  encode(rv64h.row(name), fields);

const accesses: readonly number[][] = [
  [word("ld", { rd: 3, rs1: 1, imm: 8 })],
  [word("lhu", { rd: 3, rs1: 1, imm: -2 })],
  [word("sd", { rs1: 1, rs2: 2, imm: 16 })],
  [word("sb", { rs1: 1, rs2: 2 })],
  [word("jalr", { rd: 3, rs1: 1 })],
  [word("lr.d", { rd: 3, rs1: 1 })],
  // c.ld a5, 8(a4), c.nop
  [word("addi", { rd: 14, rs1: 1 }), 0x0001671c],
];
const guestAccesses: readonly number[][] = [
  ...["hlv.d", "hlv.b", "hlv.wu", "hlvx.hu", "hlvx.wu"].map((name) => [word(name, { rd: 3, rs1: 1 })]),
  ...["hsv.d", "hsv.b"].map((name) => [word(name, { rs1: 1, rs2: 2 })]),
];
const others: readonly number[][] = [
  ["sret"],
  ["mret"],
  ["ecall"],
  ["sfence.vma"],
  ["hfence.vvma"],
  ["hfence.gvma"],
].map((names) => names.map((name) => word(name)));
const csrs = [
  ...["hstatus", "hedeleg", "hideleg", "hie", "hip", "hvip", "htimedelta", "hcounteren", "hgeie", "hgeip", "henvcfg"],
  ...[
    "htval",
    "htinst",
    "hgatp",
    "vsstatus",
    "vsie",
    "vsip",
    "vstvec",
    "vsscratch",
    "vsepc",
    "vscause",
    "vstval",
    "vsatp",
  ],
  ...["sstatus", "sscratch", "sepc", "scause", "stval", "satp", "scounteren", "mscratch", "mtval2", "mtinst", "cycle"],
].map((name) => csrNumbers.get(name) ?? 0);

const instructions: fc.Arbitrary<readonly number[]> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...accesses) },
  { weight: 4, arbitrary: fc.constantFrom(...guestAccesses) },
  { weight: 1, arbitrary: fc.constantFrom(...others) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...csrs), fc.boolean())
      // Reads, and writes of 0: what any value becomes is tried elsewhere.
      .map(([csr, writes]) => [writes ? word("csrrw", { rd: 0, rs1: 0, csr }) : word("csrrs", { rd: 0, csr })]),
  },
);

const physical = (number: number): bigint => BigInt(ram + number * 4096);
const entry = (address: bigint, flags: number): bigint => ((address >> 12n) << 10n) | BigInt(flags);
const satp = (number: number): bigint => (8n << 60n) | BigInt(ram / 4096 + number);

/** R, W, X as a table's entry may have them; with A and D, since what becomes of an entry without is an option of the hart. */
const permissions = fc.constantFrom(0x2, 0x6, 0x8, 0xa, 0xe, 0xe, 0xe);
const flags = fc
  .tuple(permissions, fc.boolean(), fc.constantFrom(true, true, true, true, true, false))
  .map(([rwx, user, valid]) => rwx | 0xc0 | (user ? 0x10 : 0) | (valid ? 1 : 0));
const bit = (at: number): fc.Arbitrary<bigint> => fc.constantFrom(0n, 0n, 1n << BigInt(at));
const sum = (...bits: readonly fc.Arbitrary<bigint>[]): fc.Arbitrary<bigint> =>
  fc.tuple(...bits).map((values) => values.reduce((a, b) => a | b, 0n));

export const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    mode: fc.constantFrom("M", "HS", "U", "VS", "VS", "VS", "VU", "VU"),
    lent: fc.boolean(),
    instructions,
    status: sum(bit(18), bit(19), bit(20), bit(21), bit(22)),
    hstatus: sum(bit(8), bit(9), bit(20), bit(21), bit(22)),
    vsstatus: sum(bit(18), bit(19), bit(8)),
    isDelegated: fc.boolean(),
    hedeleg: fc.constantFrom(0n, 0n, 0xb1ffn),
    stages: fc.constantFrom("both", "both", "both", "guest", "hypervisor"),
    counters: fc.tuple(fc.nat(1), fc.nat(1)),
    leaf: flags,
    guestLeaf: flags,
    offset: fc.constantFrom(0, 0, 0, 0x100, 0xff8),
    /** Beyond what a guest may say. */
    isFar: fc.constantFrom(false, false, false, false, false, false, false, true),
  })
  .map((given) => {
    const isGuest = given.mode.startsWith("V");
    const privilege = given.mode === "M" ? 3n : given.mode.endsWith("S") ? 1n : 0n;
    const hasTables = given.stages !== "hypervisor";
    const at = (number: number): bigint => (hasTables ? BigInt(virtualBase + number * 4096) : physical(number));
    const code = isGuest ? at(privilege === 0n && hasTables ? page.userCode : page.code) : physical(page.code);
    const MPRV = given.mode === "M" && given.lent ? 1n << 17n : 0n;
    const [first = 0, second = word("addi")] = given.instructions;
    const isShort = (first & 3) !== 3;
    return {
      // In machine mode MPP and MPV are what MPRV lends.
      mstatus: given.status | (privilege << 11n) | (isGuest ? 1n << 39n : 0n) | MPRV,
      // All but calls from HS-mode and machine mode, by which handlers end.
      medeleg: given.isDelegated ? 0xf0b5ffn : 0n,
      hedeleg: given.hedeleg,
      // HU not in U-mode, whose satp is none.
      hstatus: given.mode === "U" ? given.hstatus & ~0x200n : given.hstatus,
      vsstatus: given.vsstatus,
      hgatp: given.stages === "guest" ? 0n : satp(page.guestRoot),
      vsatp: hasTables ? satp(page.root) : 0n,
      mcounteren: BigInt(given.counters[0]),
      hcounteren: BigInt(given.counters[1]),
      leaf: entry(given.isFar ? 1n << 42n : physical(page.data), given.leaf),
      guestLeaf: entry(physical(page.data), given.guestLeaf),
      words: BigInt(first) | (BigInt(isShort ? 0 : second) << 32n),
      x1: at(page.data) + BigInt(given.offset),
      x2: 0x1234_5678_9abc_def0n,
      vstvec: at(page.guestHandler),
      // QEMU tells page faults of HLV and MPRV by satp, where vsatp counts.
      satp: given.mode === "M" || given.mode === "HS" ? satp(page.own) : 0n,
      mepc: code,
    };
  });

/**
 * Whether QEMU 7.2 does what the specification says, as far as is known. In guests it takes for illegal, not virtual, instructions what
 * VU-mode may not execute (sret, fences) and what TVM forbids HS-mode; HLV, HSV and MPRV go by HS-mode's SUM, which "is ignored",
 * and HLVX goes without a look at X of the guest's entry.
 */
export function isComparable({ mstatus, words, leaf, satp: own }: Scenario): boolean {
  const first = Number(words & 0xffffffffn);
  const isGuest = (mstatus & (1n << 39n)) !== 0n;
  const is = (name: string): boolean => (first & rv64h.row(name).format.mask) >>> 0 === rv64h.row(name).match >>> 0;
  if (isGuest && ["sret", "sfence.vma", "hfence.vvma", "hfence.gvma"].some(is))
    return (mstatus & (3n << 11n)) !== 0n && (mstatus & (1n << 20n)) === 0n;
  const csr = first >>> 20;
  const isSystem = is("csrrw") || is("csrrs");
  if (isGuest && isSystem && (mstatus & (1n << 20n)) !== 0n && [0x180, 0x680].includes(csr)) return false;
  // Counters that scounteren keeps from VU-mode, likewise.
  if (isGuest && isSystem && ((mstatus >> 11n) & 3n) === 0n && csr === 0xc00) return false;
  const isPeek = is("hlvx.hu") || is("hlvx.wu");
  return own === 0n || ((leaf & 0x10n) === 0n && (!isPeek || (leaf & 8n) !== 0n));
}

/** The program that plays scenarios one after the other and prints a line for each; its bytes from the beginning of RAM. */
export function programOf(scenarios: readonly Scenario[]): Uint8Array {
  const csr = (name: string, index: number): string => `ld t0, ${8 * index}(s0)\n csrw ${name}, t0\n`;
  const at = (name: keyof Scenario): number => order.indexOf(name);
  const set = (name: keyof Scenario): string => csr(name, at(name));
  const store = (name: keyof Scenario, number: number, offset: number): string =>
    `ld t0, ${8 * at(name)}(s0)\n li t1, ${ram + number * 4096 + offset}\n sd t0, (t1)\n`;
  const tell = (name: string): string => {
    if (name === "mstatus") return "mv a0, s6\n call hex\n";
    if (name === "x2") return "mv a0, x2\n call hex\n";
    if (name === "x3") return "mv a0, x3\n call hex\n";
    if (name === "memory") return `li a0, ${ram + page.data * 4096 + 16}\n ld a0, (a0)\n call hex\n`;
    return `csrr a0, ${name}\n call hex\n`;
  };
  const zeros = ["scause", "sepc", "stval", "htval", "htinst", "vscause", "vsepc", "vstval", "mtval2", "mtinst"];
  const { segments } = assemble(
    `
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    la t0, machine_handler
    csrw mtvec, t0
    li t0, ${ram + page.handler * 4096}
    csrw stvec, t0
    li t1, 0x00000073
    sw t1, (t0)
    li t0, ${ram + page.guestHandler * 4096}
    sw t1, (t0)
    li t0, ${ram + page.code * 4096}
    sw t1, 8(t0)
    li s0, ${ram + page.records * 4096}
    li s1, ${scenarios.length}
  next:
    beqz s1, end
    ${zeros.map((name) => `csrw ${name}, zero\n`).join("")}
    csrw satp, zero
    csrw mideleg, zero
    csrw mie, zero
    ${(["medeleg", "hedeleg", "hstatus", "vsstatus", "hgatp", "vsatp", "mcounteren", "hcounteren", "vstvec", "satp", "mepc"] as const).map(set).join("")}
    ${store("leaf", page.leaves, 8 * page.data)}
    ${store("guestLeaf", page.guestLeaves, 8 * page.data)}
    ${store("words", page.code, 0)}
    li t0, ${ram + page.data * 4096}
    # Nothing of what was stored there before is executed.
    ${[0, 0x100, 0x108, 0x110].map((at) => `sd zero, ${at}(t0)\n`).join("")}
    li t1, 0xff0
    add t1, t0, t1
    ${[0, 8, 16, 24, 32].map((at) => `sd zero, ${at}(t1)\n`).join("")}
    li t1, 0x0102030485060708
    sd t1, 8(t0)
    sd t1, 16(t0)
    fence.i
    sfence.vma
    hfence.vvma
    hfence.gvma
    ld x1, ${8 * at("x1")}(s0)
    ld x2, ${8 * at("x2")}(s0)
    li x3, 0
    ld t0, ${8 * at("mstatus")}(s0)
    # Machine mode goes on by itself.
    li t1, 0x1800
    and t2, t0, t1
    beq t2, t1, in_machine
    csrw mstatus, t0
    mret
  in_machine:
    # VS and VU by turns, as MPRV may lend them.
    andi t2, s1, 1
    slli t2, t2, 11
    li t1, 1 << 39
    or t2, t2, t1
    li t1, ~0x1800
    and t0, t0, t1
    or t0, t0, t2
    li t1, ${ram + page.code * 4096}
    csrw mstatus, t0
    jr t1

    .balign 4
  machine_handler:
    # Lent modes are not for what follows.
    csrr s6, mstatus
    li t0, 0x20000
    csrc mstatus, t0
    ${told.map(tell).join("")}
    li a0, 10
    call put
    addi s0, s0, ${8 * order.length}
    addi s1, s1, -1
    j next
  end:
    li t0, 0x100000
    li t1, 0x5555
    sw t1, (t0)
    j .

  hex:
    mv s3, ra
    mv s4, a0
    li s5, 60
  1:
    srl a0, s4, s5
    andi a0, a0, 15
    addi a0, a0, 48
    li t0, 58
    blt a0, t0, 2f
    addi a0, a0, 39
  2:
    call put
    addi s5, s5, -4
    bgez s5, 1b
    li a0, 32
    call put
    jr s3
  put:
    li t0, 0x10000000
  1:
    lbu t1, 5(t0)
    andi t1, t1, 0x20
    beqz t1, 1b
    sb a0, (t0)
    ret
    `,
    { isa: rv64h, origin: ram },
  );
  const bytes = new Uint8Array(page.records * 4096 + scenarios.length * 8 * order.length);
  const view = new DataView(bytes.buffer);
  for (const { address, bytes: part } of segments) bytes.set(part, Number(address) - ram);
  const next = (from: number, index: number, to: number): void => {
    view.setBigUint64(from * 4096 + 8 * index, entry(physical(to), 1), true);
  };
  next(page.root, 5, page.middle);
  // The hypervisor sees RAM as it lies.
  view.setBigUint64(page.own * 4096 + 16, entry(BigInt(ram), 0xcf), true);
  next(page.middle, 0, page.leaves);
  next(page.guestRoot, 2, page.guestMiddle);
  next(page.guestMiddle, 0, page.guestLeaves);
  for (let number = 0; number < page.records; number++) {
    const to = physical(number === page.userCode ? page.code : number);
    view.setBigUint64(page.leaves * 4096 + 8 * number, entry(to, number === page.userCode ? 0xdf : 0xcf), true);
    view.setBigUint64(page.guestLeaves * 4096 + 8 * number, entry(physical(number), 0xdf), true);
  }
  scenarios.forEach((one, number) => {
    order.forEach((name, index) => {
      view.setBigUint64(page.records * 4096 + 8 * (number * order.length + index), BigInt.asUintN(64, one[name]), true);
    });
  });
  return bytes;
}
