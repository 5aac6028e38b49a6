import { computeFloat, type FloatOperation, type FloatWidth, type Rounding } from "../../float/index.js";
import type { Isa } from "../../instructions/index.js";
import { attention, hartLayout } from "../../layout.js";
import { dynamicRounding } from "../context.js";

/** A kind of call that meanings make, each once. */
export interface FloatCall {
  readonly name: string;
  readonly operation: FloatOperation;
  readonly width: FloatWidth;
  /** How many. */
  readonly operands: number;
}

export function callsOf(isa: Isa): readonly FloatCall[] {
  const calls = isa.rows.flatMap(({ meaning }) =>
    meaning.flatMap((effect) => {
      if (effect.kind !== "float") return [];
      const { operation, width, operands } = effect;
      const name = `${operation}${width}`;
      return [[name, { name, operation, width, operands: operands.length }] as const];
    }),
  );
  return [...new Map(calls).values()];
}

export type SoftFunction = (hart: number, rm: number, ...operands: readonly bigint[]) => bigint;

/** The calls by their names, each done by the software. */
export function createSoftFloats(
  calls: readonly FloatCall[],
  buffer: ArrayBuffer,
): Readonly<Record<string, SoftFunction>> {
  const view = new DataView(buffer);
  return Object.fromEntries(
    calls.map(({ name, operation, width }) => [
      name,
      (hart, rm, ...operands) => {
        const mode = rm === dynamicRounding ? view.getInt32(hart + hartLayout.frm, true) : rm;
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
