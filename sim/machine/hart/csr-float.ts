import type { Csr, CsrHart } from "./csr-row.js";
import { lowOf } from "./halves.js";
import { status } from "./status.js";

const fields = (
  number: number,
  name: string,
  read: (hart: CsrHart) => number,
  write: (hart: CsrHart, bits: number) => void,
): Csr => ({
  name,
  number,
  exists: ({ float }) => float,
  // "the exception raised is always an illegal-instruction exception, never a virtual-instruction exception".
  enabled: ({ state }) =>
    (state.mstatus & status.FS) !== 0 && (!state.mode.virtual || (state.vsstatus & status.FS) !== 0),
  read: (hart) => BigInt(read(hart)),
  write(hart, value) {
    hart.useFloats();
    write(hart, lowOf(value));
  },
});

/** Flags and rounding mode, apart and together (unprivileged ISA, "Floating-Point Control and Status Register"). */
export const floatRows: readonly Csr[] = [
  fields(
    0x001,
    "fflags",
    ({ floats }) => floats.flags,
    ({ floats }, bits) => {
      floats.flags = bits;
    },
  ),
  fields(
    0x002,
    "frm",
    ({ floats }) => floats.mode,
    ({ floats }, bits) => {
      floats.mode = bits;
    },
  ),
  fields(
    0x003,
    "fcsr",
    ({ floats }) => (floats.mode << 5) | floats.flags,
    ({ floats }, bits) => {
      floats.flags = bits;
      floats.mode = bits >> 5;
    },
  ),
];
