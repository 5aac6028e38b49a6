import type { Exception, Routine, Width } from "../instructions/index.js";
import { accessCsr, type Change, type CsrHart } from "./csr.js";
import { cause, illegalInstruction } from "./exceptions.js";
import { awake } from "./interrupts.js";
import { isAligned } from "./memory.js";
import { machine, supervisor, user } from "./mode.js";
import { status } from "./status.js";
import { returnFromMachine, returnFromSupervisor } from "./trap.js";

/** The hart as instructions' routines see it. */
export interface RoutineHart extends CsrHart {
  readonly pc: bigint;
  /** Forgets translations: of all addresses, or of one. */
  fence(address: bigint | undefined): void;
}

export type Routines = Readonly<Record<Routine, (first: bigint, second: bigint, third: bigint) => bigint | Exception>>;

const changeCsr =
  (hart: RoutineHart, change: Change) =>
  (csr: bigint, operand: bigint, flag: bigint): bigint | Exception =>
    accessCsr(hart, Number(csr), change, operand, change !== "write" || flag !== 0n, change === "write" || flag !== 0n);

/** What instructions ask of a hart (`Routine` says what each is given and answers). */
export function routinesOf(hart: RoutineHart): Routines {
  const { state } = hart;
  const forbids = (bit: number): boolean => state.mode.privilege === supervisor && (state.mstatus & bit) !== 0;
  return {
    writeCsr: changeCsr(hart, "write"),
    setCsr: changeCsr(hart, "set"),
    clearCsr: changeCsr(hart, "clear"),
    reserve(address, bytes) {
      if (!isAligned(address, bytes === 4n ? 32 : 64)) return { cause: cause.loadMisaligned, value: address };
      state.reservation = address;
      return 0n;
    },
    takeReservation(address, bytes) {
      const width: Width = bytes === 4n ? 32 : 64;
      if (!isAligned(address, width)) return { cause: cause.storeMisaligned, value: address };
      const held = state.reservation === address;
      state.reservation = undefined;
      return held ? 1n : 0n;
    },
    environmentCall: () => ({ cause: cause.environmentCall + state.mode.privilege, value: 0n }),
    breakpoint: () => ({ cause: cause.breakpoint, value: hart.pc }),
    returnFromMachine: () => (state.mode.privilege === machine ? returnFromMachine(state) : illegalInstruction),
    returnFromSupervisor: () =>
      state.mode.privilege === user || forbids(status.TSR) ? illegalInstruction : returnFromSupervisor(state),
    waitForInterrupt() {
      if (state.mode.privilege === user || forbids(status.TW)) return illegalInstruction;
      state.waiting = !awake(state);
      return 0n;
    },
    useFloats: () => (hart.useFloats() ? 0n : illegalInstruction),
    fenceAddresses(address) {
      if (state.mode.privilege === user || forbids(status.TVM)) return illegalInstruction;
      // Of one address space is of all of them: more than was asked is allowed.
      hart.fence(address === 0n ? undefined : address);
      return 0n;
    },
    // Engines see every change of code at once.
    fenceInstructions: () => 0n,
  };
}
