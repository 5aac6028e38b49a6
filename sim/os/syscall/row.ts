import type { Costs } from "../machine.js";

/** How far a call does what Linux's does; where partly, what it leaves out. */
type Fidelity = "full" | { readonly partial: string };

/** A system call's number on x86-64 (arch/x86/entry/syscalls/syscall_64.tbl), fidelity and base cost. */
export interface Row {
  readonly number: number;
  readonly fidelity: Fidelity;
  readonly cost: keyof Costs;
}

/** The rows of an object of handlers: each handler has one. */
export type Rows<H> = Readonly<Record<keyof H, Row>>;

export const full = (number: number, cost: keyof Costs = "call"): Row => ({ number, fidelity: "full", cost });

export const partial = (number: number, why: string, cost: keyof Costs = "call"): Row => ({
  number,
  fidelity: { partial: why },
  cost,
});
