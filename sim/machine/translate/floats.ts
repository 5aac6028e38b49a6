import { computeFloat, type Rounding } from "../float/index.js";
import type { Isa } from "../instructions/index.js";
import { attention, hartLayout } from "../layout.js";

/** What stands in an instruction's field rm where the mode in frm is meant. */
const dynamic = 7;

/**
 * The floating-point operations of an ISA as functions that translated code imports under `float`: (hart, rm, operands) →
 * result, flags accrued in the hart. Where there is no such rounding mode the code leaves, as if the instruction had not begun.
 */
export function createFloats(isa: Isa, buffer: ArrayBuffer): Readonly<Record<string, unknown>> {
  const view = new DataView(buffer);
  const operations = isa.rows.flatMap(({ meaning }) => meaning.filter((effect) => effect.kind === "float"));
  return Object.fromEntries(
    operations.map(({ operation, width }) => [
      `${operation}${width}`,
      (hart: number, rm: number, ...operands: readonly bigint[]): bigint => {
        const mode = rm === dynamic ? view.getInt32(hart + hartLayout.frm, true) : rm;
        if (!isRounding(mode)) {
          view.setInt32(hart + hartLayout.fault, attention.undone, true);
          return 0n;
        }
        const { bits, flags } = computeFloat(operation, width, operands, mode);
        const at = hart + hartLayout.fflags;
        view.setInt32(at, view.getInt32(at, true) | flags, true);
        return bits;
      },
    ]),
  );
}

const isRounding = (mode: number): mode is Rounding => mode >= 0 && mode <= 4;
