/** Why a target came back. Harts are numbered from 0. */
export type DebugStop =
  /** It executed what it was asked to. */
  | { readonly kind: "step"; readonly hart: number }
  /** The instruction at the hart's pc comes next, and a breakpoint is there. */
  | { readonly kind: "breakpoint"; readonly hart: number }
  /** The instruction before the hart's pc touched what is watched. */
  | { readonly kind: "watchpoint"; readonly hart: number; readonly address: bigint; readonly access: Access }
  /** A guest's exception that nobody handles. */
  | { readonly kind: "exception"; readonly hart: number; readonly cause: number }
  /** All harts wait, and nothing will wake them. */
  | { readonly kind: "idle" }
  /** It is switched off, with a code for success (0) or failure. */
  | { readonly kind: "exited"; readonly code: number }
  /** Going back, it came to where the recording begins. */
  | { readonly kind: "beginning" };

/** What accesses a watchpoint is for. */
export type Access = "read" | "write" | "both";

/** What can be debugged. Addresses and registers are signed numbers of 64 bits. */
export interface DebugTarget {
  /** How many harts there are; each is a thread to the debugger. */
  readonly harts: number;
  /** Whether there are floating-point registers. */
  readonly float: boolean;
  /** An integer register; 32 is the pc. */
  register(hart: number, number: number): bigint;
  setRegister(hart: number, number: number, value: bigint): void;
  floatRegister(hart: number, number: number): bigint;
  setFloatRegister(hart: number, number: number, value: bigint): void;
  /** A CSR, undefined where the hart has none of that number. */
  csr(hart: number, number: number): bigint | undefined;
  /** @returns whether there is such a CSR */
  setCsr(hart: number, number: number, value: bigint): boolean;
  /** The hart's mode: 0 user, 1 supervisor, 3 machine. */
  privilege(hart: number): number;
  /** Memory as the hart sees it; fewer bytes, or none, where it ends. */
  read(hart: number, address: bigint, length: number): Uint8Array;
  /** @returns whether all of it is memory */
  write(hart: number, address: bigint, bytes: Uint8Array): boolean;
  breakpoint(address: bigint, on: boolean): void;
  watchpoint(address: bigint, bytes: number, access: Access, on: boolean): void;
  /** Executes one instruction of a hart; others may execute some, too. */
  step(hart: number): DebugStop;
  /** Executes up to so many instructions. @returns undefined where that was all there is to say */
  run(instructions: number): DebugStop | undefined;
  /** Going back: absent where the target can't. */
  readonly reverse?: {
    step(hart: number): DebugStop;
    /** To the last breakpoint or watchpoint before now. */
    run(): DebugStop;
  };
  /** Commands of `monitor`, by name. */
  readonly commands?: Readonly<Record<string, MonitorCommand>>;
}

export interface MonitorCommand {
  readonly help: string;
  /** @returns what the debugger prints */
  run(words: readonly string[]): string;
}
