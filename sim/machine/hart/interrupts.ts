import { machine, supervisor } from "./mode.js";
import type { PrivilegedState } from "./state.js";
import { status } from "./status.js";

/** Bits of mip and mie, which are also causes (privileged ISA, "Machine Interrupt Registers"). */
export const interrupt = { SSI: 1, MSI: 3, STI: 5, MTI: 7, SEI: 9, MEI: 11 } as const;

const { SSI, MSI, STI, MTI, SEI, MEI } = interrupt;
/** Which one is taken when several are pending, the first one first. */
const priority = [MEI, MSI, MTI, SEI, SSI, STI] as const;

export const supervisorInterrupts: number = (1 << SSI) | (1 << STI) | (1 << SEI);
export const allInterrupts: number = supervisorInterrupts | (1 << MSI) | (1 << MTI) | (1 << MEI);

/** What mip holds: the lines of devices, and what software set. */
export const pending = ({ lines, software }: PrivilegedState): number => lines | software;

/** Whether something is there that ends a WFI, which does not look at the mode's enable bits. */
export const awake = (state: PrivilegedState): boolean => (pending(state) & state.mie) !== 0;

/** The interrupt that the hart takes now, if any. */
export function nextInterrupt(state: PrivilegedState): number | undefined {
  const ready = pending(state) & state.mie;
  if (ready === 0) return undefined;
  const { privilege } = state.mode;
  const machineEnabled = privilege < machine || (state.mstatus & status.MIE) !== 0;
  const forMachine = machineEnabled ? ready & ~state.mideleg : 0;
  const supervisorEnabled = privilege < supervisor || (privilege === supervisor && (state.mstatus & status.SIE) !== 0);
  // Those of the higher mode come first whatever they are.
  const taken = forMachine !== 0 ? forMachine : supervisorEnabled ? ready & state.mideleg : 0;
  return taken === 0 ? undefined : priority.find((bit) => (taken & (1 << bit)) !== 0);
}
