/** Why a machine stopped. */
export type MachineStop =
  /** The guest switched the machine off, or said that it failed, with a code. */
  | { readonly kind: "power-off" }
  | { readonly kind: "failed"; readonly code: number }
  /** The console showed what was waited for: the text, or what the pattern matched. */
  | { readonly kind: "until"; readonly text: string }
  /** As many instructions, or as much time, as the run was given. */
  | { readonly kind: "instructions" }
  | { readonly kind: "duration" }
  /** All harts wait for an interrupt, and no timer or other event will bring one: type something. */
  | { readonly kind: "idle" }
  /** An exception, and no trap handler: `pc` is the instruction's address, `cause` and `value` are mcause and mtval. */
  | {
      readonly kind: "exception";
      readonly hart: number;
      readonly pc: bigint;
      readonly cause: number;
      readonly name: string;
      readonly value: bigint;
    }
  /** A breakpoint, at which the instruction is still to come; a watchpoint, behind the access. */
  | { readonly kind: "breakpoint"; readonly hart: number; readonly pc: bigint }
  | {
      readonly kind: "watchpoint";
      readonly hart: number;
      readonly pc: bigint;
      readonly address: bigint;
      readonly access: "read" | "write";
    }
  /** Whoever supervises the world asked for it; a further run goes on from here. */
  | { readonly kind: "interrupted" };
