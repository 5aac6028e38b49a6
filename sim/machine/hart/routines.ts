import type { Exception, Routine, RoutineOperand, Width } from "../instructions/index.js";
import { accessCsr, type Change } from "./csr.js";
import type { CsrHart } from "./csr-row.js";
import { breakpoint, cause, illegalInstruction, virtualInstruction } from "./exceptions.js";
import { hypervisorStatus } from "./hypervisor-status.js";
import { awake } from "./interrupts.js";
import { isAligned, type VirtualMemory } from "./memory.js";
import { machine, modeOf, supervisor, user } from "./mode.js";
import { status } from "./status.js";
import { returnFromMachine, returnFromSupervisor } from "./trap.js";

/** The hart as instructions' routines see it. */
export interface RoutineHart extends CsrHart {
  readonly memory: VirtualMemory;
  /** Tells of an access by the instruction that is being executed. */
  touched(address: bigint, bytes: number, access: "read" | "write"): void;
  /** Forgets translations: of all addresses, or of one. */
  fence(address: bigint | undefined, byInstruction: true): void;
}

export type Operand = RoutineOperand;

export type Routines = Readonly<
  Record<Routine, (first: Operand, second: Operand, third: Operand) => bigint | Exception>
>;

const silent: ReadonlySet<Routine> = new Set(["reserve", "takeReservation", "useFloats"]);

/** Whether an engine may go on behind a routine without asking whether interrupts or contexts have changed. */
export function isSilent(routine: Routine, third: Operand): boolean {
  const onlyReads = (routine === "setCsr" || routine === "clearCsr") && Number(third) === 0;
  return onlyReads || silent.has(routine);
}

const widths: Readonly<Record<number, Width>> = { 1: 8, 2: 16, 4: 32, 8: 64 };
const widthOf = (bytes: Operand): Width => widths[Number(bytes)] ?? 64;

const changeCsr =
  (hart: RoutineHart, change: Change) =>
  (csr: Operand, operand: Operand, flag: Operand): bigint | Exception => {
    const asked = Number(flag) !== 0;
    return accessCsr(
      hart,
      Number(csr),
      change,
      typeof operand === "bigint" ? operand : BigInt(operand),
      change !== "write" || asked,
      change === "write" || asked,
    );
  };

/** What instructions ask of a hart (`Routine` says what each is given and answers). */
export function routinesOf(hart: RoutineHart): Routines {
  const { state } = hart;
  /** In a guest these bits of mstatus are hstatus's: VTVM and VTSR. */
  const forbids = (bit: number): boolean => state.mode.privilege === supervisor && (state.mstatus & bit) !== 0;
  /** What HS-mode may do and a guest may not is a virtual instruction to it. */
  const notAllowed = (): Exception => (state.mode.virtual ? virtualInstruction : illegalInstruction);
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
    environmentCall() {
      const { privilege, virtual } = state.mode;
      const fromGuest = virtual && privilege === supervisor ? 1 : 0;
      return { cause: cause.environmentCall + privilege + fromGuest, value: 0n };
    },
    breakpoint: () => breakpoint,
    returnFromMachine: () => (state.mode.privilege === machine ? returnFromMachine(state) : illegalInstruction),
    returnFromSupervisor: () =>
      state.mode.privilege === user || forbids(status.TSR) ? notAllowed() : returnFromSupervisor(state),
    waitForInterrupt() {
      const { privilege, virtual } = state.mode;
      // "The TW field affects execution in all modes except M-mode"; "assuming mstatus.TW=0", VTW and VU-mode are a guest's own matter.
      if (privilege !== machine && (state.mstatus & status.TW) !== 0) return illegalInstruction;
      if (privilege === user || (virtual && (state.hstatus & hypervisorStatus.VTW) !== 0)) return notAllowed();
      state.waiting = !awake(state);
      return 0n;
    },
    useFloats: () => (hart.useFloats() ? 0n : illegalInstruction),
    fenceAddresses(operand) {
      const address = BigInt(operand);
      if (state.mode.privilege === user || forbids(status.TVM)) return notAllowed();
      // Of one address space is of all of them: more than was asked is allowed.
      hart.fence(address === 0n ? undefined : address, true);
      return 0n;
    },
    // Engines see every change of code at once.
    fenceInstructions: () => 0n,
    loadGuest: (operand, bytes, executable) =>
      accessGuest(hart, BigInt(operand), Number(bytes), "read", Number(executable) !== 0, (address, width) =>
        hart.memory.load(address, width),
      ),
    storeGuest: (operand, value, bytes) =>
      accessGuest(
        hart,
        BigInt(operand),
        Number(bytes),
        "write",
        false,
        (address, width) => hart.memory.store(address, width, BigInt(value)) ?? 0n,
      ),
    fenceGuestAddresses(operand) {
      const address = BigInt(operand);
      // "Neither mstatus.TVM nor hstatus.VTVM causes HFENCE.VVMA to trap."
      if (state.mode.virtual || state.mode.privilege === user) return notAllowed();
      hart.fence(address === 0n ? undefined : address, true);
      return 0n;
    },
    fenceGuestPages() {
      if (state.mode.virtual || state.mode.privilege === user || forbids(status.TVM)) return notAllowed();
      // Translations are kept by guests' virtual addresses: "a common technique is to flush all".
      hart.fence(undefined, true);
      return 0n;
    },
    returnOrJump: () => (state.mode.privilege === user ? state.sepc : routines.returnFromSupervisor(0n, 0n, 0n)),
    returnToUser(operand) {
      state.mode = modeOf(user, state.mode.virtual);
      return BigInt(operand) & -2n;
    },
    waitOrPass: () => (state.mode.privilege === user ? 0n : routines.waitForInterrupt(0n, 0n, 0n)),
    probeAddress: (operand) => (typeof hart.memory.translate(BigInt(operand), 1, "read") === "number" ? 1n : 0n),
  };
  return routines;
}

/** HLV, HLVX and HSV ("Hypervisor Virtual-Machine Load and Store Instructions"): as VS-mode, or VU-mode, as hstatus.SPVP says. */
function accessGuest(
  hart: RoutineHart,
  address: bigint,
  bytes: number,
  access: "read" | "write",
  peeks: boolean,
  make: (address: bigint, width: Width) => bigint | Exception,
): bigint | Exception {
  const { state } = hart;
  const { privilege, virtual } = state.mode;
  if (virtual) return virtualInstruction;
  if (privilege === user && (state.hstatus & hypervisorStatus.HU) === 0) return illegalInstruction;
  const mode = modeOf((state.hstatus & hypervisorStatus.SPVP) === 0 ? user : supervisor, true);
  const answer = hart.memory.asGuest(mode, peeks, () => make(address, widthOf(bytes)));
  // Its value is a guest's virtual address, although V is 0.
  if (typeof answer !== "bigint") return { ...answer, guest: answer.guest ?? { address: 0n } };
  hart.touched(address, bytes, access);
  return answer;
}
