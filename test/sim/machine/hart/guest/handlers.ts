import { assemble, rv64, rv64h, type Program } from "../../../../../sim/machine/index.js";
import { at, inHandlers, page, place, registers, views } from "./layout.js";
import { ramBase } from "../plain-board.js";

/** Machine mode's way back: by what happened so far, to user mode half the time, else to one of the others. */
const chooseMode = `
  li x29, 0x1800
  csrc mstatus, x29
  srli x29, x27, 7
  andi x29, x29, 1
  srli x30, x27, 8
  and x30, x30, x29
  slli x30, x30, 12
  slli x29, x29, 11
  or x29, x29, x30
  csrs mstatus, x29
`;

/** The same of V, which is 1 in three of four cases. */
const chooseVirtual = `
  li x29, 1 << 39
  csrc mstatus, x29
  srli x30, x27, 9
  srli x29, x27, 11
  or x30, x30, x29
  andi x30, x30, 1
  slli x30, x30, 39
  csrs mstatus, x30
`;

const choose = (hypervisor: boolean): string => chooseMode + (hypervisor ? chooseVirtual : "");

/** What ECALL does in machine mode's handler alone: another mode, or other protection of the data's first page, or neither. */
const onlyMachine = (hypervisor: boolean): string => `
  srli x29, x27, 10
  andi x30, x29, 3
  beqz x30, machine_mode
  addi x30, x30, -1
  bnez x30, 1f
  srli x29, x29, 2
  andi x29, x29, 7
  li x30, 0x1f18
  or x30, x30, x29
  csrw pmpcfg0, x30
  j 1f
machine_mode:
  ${choose(hypervisor)}
1:
`;

/** In the hypervisor's tables rather than in those of a space, which lie likewise; x6 then says so by its bit 3, and no address. */
const otherTables = `
  andi x6, x6, -9
  andi x29, x6, 0x30
  bnez x29, 1f
  srli x29, x30, 12
  slli x29, x29, 12
  sub x30, x30, x29
  lui x29, ${at(place.guestLeaves) >>> 12}
  slli x29, x29, 32
  srli x29, x29, 32
  add x30, x30, x29
  andi x6, x6, -3
  ori x6, x6, 8
1:
`;

/** What makes the change of an entry known: to hypervisor and guest by one fence, which is as many as our harts need. */
const fences = (mode: string, changesGuests: boolean): string => `
  andi x30, x6, 2
  beqz x30, 1f
  ${changesGuests ? "andi x30, x6, 4\n beqz x30, 2f\n hfence.vvma x31, zero\n j 4f\n2:" : ""}
  sfence.vma x31, zero
  j ${mode}_skip
1:
  ${changesGuests ? "andi x30, x6, 8\n bnez x30, 3f\n andi x30, x6, 4\n beqz x30, 2f\n hfence.vvma\n j 4f\n3:\n hfence.gvma\n j 4f\n2:" : ""}
  sfence.vma
4:
`;

/**
 * The handler of one mode: notes cause and value in x27, masks an interrupt that it took, and goes on behind an instruction that
 * could not be, or at the program's beginning where it can't be executed. ECALL asks it to change a leaf: x7 and x8 say which,
 * x27 to what, x6 how it is fenced.
 */
function handler(mode: "machine" | "supervisor", hypervisor: boolean): string {
  const isMachine = mode === "machine";
  const changesGuests = isMachine && hypervisor;
  const m = isMachine ? "m" : "s";
  return `
${mode}:
  .rept 12
  j 1f
  .endr
1:
  csrr x31, ${m}cause
  csrr x30, ${m}tval
  slli x29, x27, 5
  sub x27, x29, x27
  add x27, x27, x30
  add x27, x27, x31
  bgez x31, ${mode}_exception
  li x30, 1
  sll x30, x30, x31
  csrc ${m}ie, x30
  ${m}ret
${mode}_exception:
  # What can't be executed where it is won't be behind either: instruction page faults and access faults.
  addi x30, x31, -12
  beqz x30, ${mode}_anew
  addi x30, x31, -1
  beqz x30, ${mode}_anew
  addi x30, x31, -20
  beqz x30, ${mode}_anew
  addi x30, x31, -8
  sltiu x30, x30, 4
  beqz x30, ${mode}_skip
  ${isMachine ? onlyMachine(hypervisor) : ""}
  # x28: flags, all of them half of the time. x29: where the data is that x8 points to, 0 for the
  # leaf of 2 MiB, or the program's second page.
  xor x28, x7, x27
  andi x29, x28, 0x100
  bnez x29, 1f
  ori x28, x28, 0xdf
1:
  andi x28, x28, 0xff
  srli x30, x8, 21
  andi x30, x30, 1
  li x29, 0
  bnez x30, 1f
  srli x29, x8, 12
  andi x29, x29, 0x2f
1:
  andi x30, x7, 0x70
  bnez x30, 1f
  li x29, ${place.program + 1}
1:
  # x30: where its entry is; x31: the virtual page. LUI sign-extends.
  lui x31, ${ramBase >>> 12}
  bnez x29, 1f
  ori x28, x28, 2
  lui x30, ${place.middle}
  addi x30, x30, 8
  add x30, x30, x31
  lui x31, ${views.mega >>> 12}
  j 2f
1:
  lui x30, ${place.leaves}
  add x30, x30, x31
  slli x31, x29, 3
  add x30, x30, x31
  lui x31, ${ramBase >>> 12}
  slli x29, x29, 12
  add x31, x31, x29
2:
  slli x30, x30, 32
  srli x30, x30, 32
  slli x31, x31, 32
  srli x31, x31, 32
  andi x29, x7, 12
  addi x29, x29, -12
  bnez x29, 1f
  lui x29, ${place.otherRoot - place.root}
  add x30, x30, x29
1:
  ${changesGuests ? otherTables : ""}
  ld x29, 0(x30)
  srli x29, x29, 8
  slli x29, x29, 8
  or x29, x29, x28
  sd x29, 0(x30)
  ${fences(mode, changesGuests)}
${mode}_skip:
  csrr x31, ${m}epc
  # Of the program's pages, by whichever view: else anew.
  slli x30, x31, 47
  srli x30, x30, 47
  lui x29, 1
  bltu x30, x29, ${mode}_anew
  lui x29, ${place.data}
  bgeu x30, x29, ${mode}_anew
  addi x31, x31, 4
${mode}_back:
  csrw ${m}epc, x31
  ${m}ret
${mode}_anew:
  ${
    isMachine
      ? `
${choose(hypervisor)}`
      : `
  # In the other one of the two modes.
  csrr x29, sstatus
  li x30, 0x100
  csrs sstatus, x30
  and x29, x29, x30
  csrc sstatus, x29`
  }
  lui x31, ${at(place.program) >>> 12}
  slli x31, x31, 32
  srli x31, x31, 32
  j ${mode}_back
`;
}

/** What a hypervisor would set up. The guest's handler is the supervisor's. */
const bootGuests = `
  ld x6, 128(x5)
  csrw hgatp, x6
  ld x6, 136(x5)
  csrw vsatp, x6
  ld x6, 144(x5)
  csrw hedeleg, x6
  ld x6, 152(x5)
  csrw hideleg, x6
  ld x6, 160(x5)
  csrw hstatus, x6
  ld x6, 168(x5)
  csrw vsstatus, x6
  ld x6, 176(x5)
  csrw henvcfg, x6
  csrr x6, stvec
  csrw vstvec, x6
  li x6, -1
  csrw hcounteren, x6
`;

/** Sets what the parameters say, and goes to the program in the mode that they say. */
const boot = (hypervisor: boolean): string => `
  la x5, parameters
  la x6, machine
  ld x7, 0(x5)
  add x6, x6, x7
  csrw mtvec, x6
  la x6, supervisor
  add x6, x6, x7
  csrw stvec, x6
  ld x6, 8(x5)
  csrw medeleg, x6
  ld x6, 16(x5)
  csrw mideleg, x6
  ld x6, 24(x5)
  csrw mie, x6
  ld x6, 32(x5)
  csrw menvcfg, x6
  ld x6, 40(x5)
  csrw satp, x6
  li x6, -1
  csrw pmpaddr1, x6
  li x6, ${at(place.data) / 4 + 0x1ff}
  csrw pmpaddr0, x6
  li x6, 0x1f00
  csrw pmpcfg0, x6
  li x6, -1
  csrw mcounteren, x6
  ${hypervisor ? bootGuests : ""}
  ld x6, 48(x5)
  csrw mstatus, x6
  ld x10, 56(x5)
  ld x18, 64(x5)
  ld x19, 72(x5)
  li x8, ${at(place.data) + page / 2}
  li x9, 0x10000000
  la x16, pool
  mv x21, x16
  lw x15, 0(x16)
  ld x17, 256(x16)
  li x1, ${at(place.program)}
  csrw mepc, x1
  ld x1, 80(x5)
  ld x6, 88(x5)
  ld x7, 96(x5)
  ld x11, 104(x5)
  ld x12, 112(x5)
  ld x13, 120(x5)
  mret
`;

/** Names of the boot's parameters, in their order. */
export interface Parameters {
  /** 1 where interrupts have places of their own. */
  readonly vectored: number;
  readonly medeleg: number;
  readonly mideleg: number;
  readonly mie: number;
  readonly menvcfg: bigint;
  readonly satp: bigint;
  readonly mstatus: bigint;
  /** Where the program's instructions lie, and by two other views. */
  readonly program: number;
  /** What registers hold at first: six of them. */
  readonly values: readonly bigint[];
  /** Where there is a hypervisor extension. */
  readonly guests:
    | {
        readonly hgatp: bigint;
        readonly vsatp: bigint;
        readonly hedeleg: number;
        readonly hideleg: number;
        readonly hstatus: number;
        readonly vsstatus: number;
        readonly henvcfg: bigint;
      }
    | undefined;
}

const assembled = (hypervisor: boolean): Program =>
  assemble(
    `
  .option norvc
  .org ${inHandlers.machine}
  ${handler("machine", hypervisor)}
  .org ${inHandlers.supervisor}
  ${handler("supervisor", hypervisor)}
  .org ${inHandlers.boot}
  ${boot(hypervisor)}
  .org ${inHandlers.pool}
pool:
  .org ${inHandlers.parameters}
parameters:
  .dword 0
`,
    { origin: ramBase, isa: hypervisor ? rv64h : rv64 },
  );
const programs = { plain: assembled(false), hypervisor: assembled(true) };

/** Puts the handlers and their parameters into page 0. */
export function putHandlers(ram: Uint8Array, parameters: Parameters): void {
  const { segments } = parameters.guests === undefined ? programs.plain : programs.hypervisor;
  for (const { address, bytes } of segments) ram.set(bytes, Number(address) - ramBase);
  const { vectored, medeleg, mideleg, mie, menvcfg, satp, mstatus, program, values: held } = parameters;
  const begin = (view: number): number => program - views.plain + view;
  const values = [vectored, medeleg, mideleg, mie, menvcfg, satp, mstatus];
  const starts = [registers.program, registers.aliasProgram, registers.megaProgram].map((_, index) =>
    begin([views.plain, views.alias, views.mega][index] ?? 0),
  );
  const view = new DataView(ram.buffer);
  const guests = Object.values(parameters.guests ?? {});
  [...values, ...starts, ...held, ...guests].forEach((value, index) => {
    view.setBigInt64(inHandlers.parameters + 8 * index, BigInt.asIntN(64, BigInt(value)), true);
  });
}
