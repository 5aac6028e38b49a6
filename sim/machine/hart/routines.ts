import type { Exception, Routine, Width } from "../instructions/index.js";
import { accessCsr, type Change } from "./csr.js";
import type { CsrHart } from "./csr-row.js";
import { cause, illegalInstruction } from "./exceptions.js";
import { awake } from "./interrupts.js";
import { isAligned, type VirtualMemory } from "./memory.js";
import { machine, modeOf, supervisor, user } from "./mode.js";
import { status } from "./status.js";
import { returnFromMachine, returnFromSupervisor } from "./trap.js";

/** The hart as instructions' routines see it. */
export interface RoutineHart extends CsrHart {
  /** Forgets translations: of all addresses, or of one. */
  fence(address: bigint | undefined): void;
  readonly memory: VirtualMemory;
}

/** What the instruction itself says (a CSR's number, a size, whether) comes from translated code as a number. */
export type Operand = number | bigint;

export type Routines = Readonly<
  Record<Routine, (first: Operand, second: Operand, third: Operand) => bigint | Exception>
>;

const silent: ReadonlySet<Routine> = new Set(["reserve", "takeReservation", "useFloats"]);

/** Whether an engine may go on behind a routine without asking whether interrupts or contexts have changed. */
export function isSilent(routine: Routine, third: Operand): boolean {
  const onlyReads = (routine === "setCsr" || routine === "clearCsr") && Number(third) === 0;
  return onlyReads || silent.has(routine);
}

const widthOf = (bytes: Operand): Width => (Number(bytes) === 4 ? 32 : 64);

const changeCsr =
  (hart: RoutineHart, change: Change) =>
  (csr: Operand, operand: Operand, flag: Operand): bigint | Exception => {
    const asked = Number(flag) !== 0;
    return accessCsr(
      hart,
      Number(csr),
      change,
      BigInt(operand),
      change !== "write" || asked,
      change === "write" || asked,
    );
  };

/** What instructions ask of a hart (`Routine` says what each is given and answers). */
export function routinesOf(hart: RoutineHart): Routines {
  const { state } = hart;
  const forbids = (bit: number): boolean => state.mode.privilege === supervisor && (state.mstatus & bit) !== 0;
  const routines: Routines = {
    writeCsr: changeCsr(hart, "write"),
    setCsr: changeCsr(hart, "set"),
    clearCsr: changeCsr(hart, "clear"),
    reserve(operand, bytes) {
      const address = BigInt(operand);
      if (!isAligned(address, widthOf(bytes))) return { cause: cause.loadMisaligned, value: address };
      state.reservation = address;
      return 0n;
    },
    takeReservation(operand, bytes) {
      const address = BigInt(operand);
      if (!isAligned(address, widthOf(bytes))) return { cause: cause.storeMisaligned, value: address };
      const held = state.reservation === address;
      state.reservation = undefined;
      return held ? 1n : 0n;
    },
    environmentCall: () => ({ cause: cause.environmentCall + state.mode.privilege, value: 0n }),
    // The hart fills in the address.
    breakpoint: () => ({ cause: cause.breakpoint, value: 0n }),
    returnFromMachine: () => (state.mode.privilege === machine ? returnFromMachine(state) : illegalInstruction),
    returnFromSupervisor: () =>
      state.mode.privilege === user || forbids(status.TSR) ? illegalInstruction : returnFromSupervisor(state),
    waitForInterrupt() {
      if (state.mode.privilege === user || forbids(status.TW)) return illegalInstruction;
      state.waiting = !awake(state);
      return 0n;
    },
    useFloats: () => (hart.useFloats() ? 0n : illegalInstruction),
    fenceAddresses(operand) {
      const address = BigInt(operand);
      if (state.mode.privilege === user || forbids(status.TVM)) return illegalInstruction;
      // Of one address space is of all of them: more than was asked is allowed.
      hart.fence(address === 0n ? undefined : address);
      return 0n;
    },
    // Engines see every change of code at once.
    fenceInstructions: () => 0n,
    returnOrJump: () => (state.mode.privilege === user ? state.sepc : routines.returnFromSupervisor(0n, 0n, 0n)),
    returnToUser(operand) {
      state.mode = modeOf(user);
      return BigInt(operand) & -2n;
    },
    waitOrPass: () => (state.mode.privilege === user ? 0n : routines.waitForInterrupt(0n, 0n, 0n)),
    probeAddress: (operand) => (typeof hart.memory.translate(BigInt(operand), 1, "read") === "number" ? 1n : 0n),
  };
  return routines;
}
