import type { Hart, HartWork } from "./hart/index.js";

/** How a machine's instructions were executed, and what was translated for that. */
export interface MachineWork {
  /** Instructions that the reference has begun, one by one. */
  readonly evaluated: number;
  /** Those of the interpreter, for code that is cold. */
  readonly interpreted: number;
  /** Those of translated code. */
  readonly inUnits: number;
  /** Translations, those that were dropped again included. */
  readonly units: number;
  /** Guest instructions in them. */
  readonly translated: number;
  /** Bytes of WebAssembly in them. */
  readonly wasm: number;
}

export function workOf(harts: readonly Hart[]): MachineWork {
  const sum = (key: keyof HartWork): number => harts.reduce((all, { work }) => all + work[key], 0);
  // Translated code is the machine's, whichever hart it was made for.
  const { units = 0, instructions: translated = 0, bytes: wasm = 0 } = harts[0]?.translated.code.made ?? {};
  return {
    evaluated: sum("evaluated"),
    interpreted: sum("interpreted"),
    inUnits: sum("inUnits"),
    units,
    translated,
    wasm,
  };
}
