import { nearest, UsageError } from "../../core/index.js";
import { csrNumbers } from "./csrs.js";
import { bits, formats, type Format } from "./format.js";
import { call, jumpToCall, rs1, setToCall } from "./meaning.js";
import { rows, type Row } from "./row.js";

/** A CSR that user mode gets at although its number says that it may not. */
export interface UserCsr {
  readonly number: number;
  /**
   * `read`: instructions that only read it give what it really holds. `ignoreWrites`: those that would write it change
   * nothing, and give what it really holds where they read as well. Both without a trap.
   */
  readonly access: "read" | "ignoreWrites";
}

/** What makes an ISA hard to virtualize: rows in the place of others or beside them, CSRs that don't trap where they should. */
export interface Flaw {
  readonly name: string;
  /** The historic instructions that it is modelled on. */
  readonly models: string;
  /** What a guest kernel sees that runs in user mode and believes it is in supervisor mode. */
  readonly failure: string;
  readonly rows: readonly Row[];
  readonly userCsrs: readonly UserCsr[];
}

const open = (access: UserCsr["access"], ...names: readonly string[]): readonly UserCsr[] =>
  names.map((name) => ({ number: csrNumbers.get(name) ?? 0, access }));

const jumpRegister: Format = { name: "R", mask: 0xfff07fff, fields: { rs1: bits(false, [15, 5, 0]) }, syntax: "rs1" };

/**
 * Ways to break RISC-V's privileged ISA, each as a machine of the past was broken. The x86 ones are those of J. S. Robin and
 * C. E. Irvine, "Analysis of the Intel Pentium's Ability to Support a Secure Virtual Machine Monitor" (USENIX Security 2000);
 * JRST 1 is the example of Popek and Goldberg's theorem 3. New instructions have the opcode custom-0.
 */
export const flaws: readonly Flaw[] = [
  {
    name: "sstatus-write-ignored-in-user",
    models: "x86 POPF",
    failure: "the guest disables interrupts and is interrupted",
    rows: [],
    userCsrs: open("ignoreWrites", "sstatus"),
  },
  {
    name: "sstatus-readable-in-user",
    models: "x86 PUSHF, MOV r, CS",
    failure: "the guest sees that it is in user mode",
    rows: [],
    userCsrs: open("read", "sstatus"),
  },
  {
    name: "satp-and-stvec-readable-in-user",
    models: "x86 SGDT, SIDT, SLDT, STR, SMSW",
    failure: "the guest reads the monitor's page table and trap vector",
    rows: [],
    userCsrs: open("read", "satp", "stvec"),
  },
  {
    name: "probe-in-real-mode",
    models: "x86 LAR, LSL, VERR, VERW",
    failure: "a page of the guest kernel is reported as inaccessible",
    rows: rows("flawed", formats.reserve, { probe: [0x0000000b, setToCall("probeAddress", rs1)] }),
    userCsrs: [],
  },
  {
    name: "sret-jumps-in-user",
    models: "x86 far CALL and RET, INT",
    failure: "the change of privilege is lost",
    rows: rows("privileged", formats.none, { sret: [0x10200073, jumpToCall("returnOrJump")] }),
    userCsrs: [],
  },
  {
    name: "return-to-user-without-trap",
    models: "PDP-10 JRST 1",
    failure: "the monitor doesn't learn that the guest has left its supervisor mode",
    rows: rows("flawed", jumpRegister, { jrst1: [0x0000100b, jumpToCall("returnToUser", rs1)] }),
    userCsrs: [],
  },
  {
    name: "wfi-no-op-in-user",
    models: "RISC-V with mstatus.TW = 0 where WFI ends at once",
    failure: "none in what the guest computes: it spins where it should rest",
    rows: rows("privileged", formats.none, { wfi: [0x10500073, [call("waitOrPass")]] }),
    userCsrs: [],
  },
];

/** @throws UsageError that names the nearest flaw there is */
export function flawOf(name: string): Flaw {
  const flaw = flaws.find((known) => known.name === name);
  if (flaw !== undefined) return flaw;
  const names = flaws.map((known) => known.name);
  throw new UsageError(
    `"${name}" is no flaw, and no rows are given to vary the ISA by`,
    `Did you mean "${nearest(name, names) ?? ""}"? The flaws: ${names.join(", ")}.`,
  );
}
