import { floatRegisterNames, registerNames, type Instruction } from "../instructions/index.js";
import { hartLayout } from "../layout.js";
import type { Code } from "../../wasm/index.js";
import type { UnitLocals } from "./context.js";

/** Where a hart keeps its registers, as offsets from its base. */
const placeOfX = (register: number): number => hartLayout.x + 8 * register;
const placeOfF = (register: number): number => hartLayout.f + 8 * register;

/** The name of the register that is kept there. */
export function registerAt(place: number): string {
  const isFloat = place >= hartLayout.f;
  return (isFloat ? floatRegisterNames[(place - hartLayout.f) / 8] : registerNames[(place - hartLayout.x) / 8]) ?? "";
}

/** The registers that an instruction names, as places in the hart, and whether it writes them. x0 is none. */
export function registersOf({ row, fields }: Instruction): readonly (readonly [place: number, isWritten: boolean])[] {
  const { frd, frs1, frs2, frs3 } = row.format.fields;
  const found: (readonly [number, boolean])[] = [];
  if (fields.rd !== 0) found.push([placeOfX(fields.rd), true]);
  if (fields.rs1 !== 0) found.push([placeOfX(fields.rs1), false]);
  if (fields.rs2 !== 0) found.push([placeOfX(fields.rs2), false]);
  // f0 is a register like the others: whether the instruction has the field decides.
  if (frd !== undefined) found.push([placeOfF(fields.frd), true]);
  if (frs1 !== undefined) found.push([placeOfF(fields.frs1), false]);
  if (frs2 !== undefined) found.push([placeOfF(fields.frs2), false]);
  if (frs3 !== undefined) found.push([placeOfF(fields.frs3), false]);
  return found;
}

/** The locals of a function that executes instructions: those of the registers they name, by their places in the hart, come first. */
export interface RegisterLocals {
  readonly registers: ReadonlyMap<number, number>;
  /** Places of the registers that are written. */
  readonly written: ReadonlySet<number>;
  readonly locals: UnitLocals;
}

export function localsFor(code: Code, instructions: Iterable<Instruction>): RegisterLocals {
  const local = (): number => code.local("i64");
  const registers = new Map<number, number>();
  const written = new Set<number>();
  for (const instruction of instructions) {
    for (const [place, isWritten] of registersOf(instruction)) {
      if (!registers.has(place)) registers.set(place, local());
      if (isWritten) written.add(place);
    }
  }
  const locals: UnitLocals = {
    hart: 0,
    context: local(),
    pc: local(),
    budget: local(),
    address: local(),
    scratch: local(),
    entry: code.local("i32"),
    x: (register) => registers.get(placeOfX(register)) ?? 0,
    f: (register) => registers.get(placeOfF(register)) ?? 0,
  };
  return { registers, written, locals };
}
