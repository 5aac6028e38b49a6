import { machine, supervisor } from "./mode.js";
import type { PrivilegedState } from "./state.js";
import { status } from "./status.js";

/** Bits of mip and mie, which are also causes (privileged ISA, "Machine Interrupt Registers", "Hypervisor Interrupt Registers"). */
export const interrupt = {
  SSI: 1,
  VSSI: 2,
  MSI: 3,
  STI: 5,
  VSTI: 6,
  MTI: 7,
  SEI: 9,
  VSEI: 10,
  MEI: 11,
} as const;

const { SSI, VSSI, MSI, STI, VSTI, MTI, SEI, VSEI, MEI } = interrupt;
/** Which one is taken when several are pending, the first one first. */
const priority = [MEI, MSI, MTI, SEI, SSI, STI, VSEI, VSSI, VSTI] as const;

/** mcause's topmost bit. */
export const interruptBit: bigint = -(1n << 63n);

export const supervisorInterrupts: number = (1 << SSI) | (1 << STI) | (1 << SEI);
/** The hypervisor extension's, for guests; to these each is the supervisor's own, whose number is less by so much. */
export const virtualInterrupts: number = (1 << VSSI) | (1 << VSTI) | (1 << VSEI);
export const virtualInterruptShift = 1;
export const machineInterrupts: number = (1 << MSI) | (1 << MTI) | (1 << MEI);

/** What mip holds: the lines of devices and timers, and what software set (the virtual ones of that are hvip). */
export const pending = ({ lines, software }: PrivilegedState): number => lines | software;

/** Whether something is there that ends a WFI, which does not look at the mode's enable bits. */
export const awake = (state: PrivilegedState): boolean => (pending(state) & state.mie) !== 0;

/** The interrupt that the hart takes now, if any. */
export function nextInterrupt(state: PrivilegedState): number | undefined {
  const ready = pending(state) & state.mie;
  if (ready === 0) return undefined;
  const { privilege, virtual } = state.mode;
  const machineEnabled = privilege < machine || (state.mstatus & status.MIE) !== 0;
  const supervisorEnabled = privilege < supervisor || (privilege === supervisor && (state.mstatus & status.SIE) !== 0);
  const delegated = ready & state.mideleg;
  const forMachine = machineEnabled ? ready & ~state.mideleg : 0;
  // "the current operating mode has less privilege than HS-mode": SIE of a guest is its own.
  const forSupervisor = virtual || supervisorEnabled ? delegated & ~state.hideleg : 0;
  // "VS-mode interrupts are globally disabled when executing in U-mode", and wherever V is 0.
  const forGuest = virtual && supervisorEnabled ? delegated & state.hideleg : 0;
  // Those of the higher mode come first whatever they are.
  const taken = forMachine !== 0 ? forMachine : forSupervisor !== 0 ? forSupervisor : forGuest;
  return taken === 0 ? undefined : priority.find((bit) => (taken & (1 << bit)) !== 0);
}
