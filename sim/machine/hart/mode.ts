/** How much an instruction may do (privileged ISA, "Privilege Levels"). */
export type Privilege = 0 | 1 | 3;

export const user = 0;
export const supervisor = 1;
export const machine = 3;

/** What a hart runs in. `virtual` is the hypervisor extension's V; without that extension it is never set. */
export interface Mode {
  readonly privilege: Privilege;
  readonly virtual: boolean;
}

const modes: Readonly<Record<Privilege, Mode>> = {
  [user]: { privilege: user, virtual: false },
  [supervisor]: { privilege: supervisor, virtual: false },
  [machine]: { privilege: machine, virtual: false },
};

/** VU and VS. */
const virtualModes: readonly Mode[] = [
  { privilege: user, virtual: true },
  { privilege: supervisor, virtual: true },
];

/** In machine mode V is always 0. */
export const modeOf = (privilege: Privilege, virtual = false): Mode =>
  (virtual ? virtualModes[privilege] : undefined) ?? modes[privilege];

/** The privilege that two bits of a status register name; 2 is no privilege, and is never stored. */
export const privilegeOf = (bits: number): Privilege => (bits === 0 ? user : bits === 1 ? supervisor : machine);
