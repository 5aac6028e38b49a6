import type { Csr, CsrHart } from "./csr-row.js";
import { lowOf } from "./halves.js";
import type { PrivilegedState } from "./state.js";

type FieldOf<T> = { [K in keyof PrivilegedState]: PrivilegedState[K] extends T ? K : never }[keyof PrivilegedState];

/** A CSR that the state has a field for, of which some bits can be written, and of these any. */
export function word(number: number, name: FieldOf<bigint>, mask = -1n): Csr {
  return {
    name,
    number,
    read: ({ state }) => state[name],
    write({ state }, value) {
      state[name] = value & mask;
    },
  };
}

/** The same of a field of few bits. */
export function bits(number: number, name: FieldOf<number>, mask: number): Csr {
  return {
    name,
    number,
    read: ({ state }) => BigInt(state[name]),
    write({ state }, value) {
      state[name] = lowOf(value) & mask;
    },
  };
}

/** A CSR that always reads as one value. */
export function fixed(number: number, name: string, read: (hart: CsrHart) => bigint = () => 0n): Csr {
  return { name, number, read };
}
