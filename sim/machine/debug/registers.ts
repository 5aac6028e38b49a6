import { csrNumbers, floatRegisterNames, registerNames } from "../instructions/index.js";
import type { DebugTarget } from "./target.js";

/**
 * gdb's numbers of RISC-V registers (gdb, features/riscv, and its riscv-tdep): x0 to x31, pc, f0 to f31, the CSRs in their order,
 * and the mode, a register of gdb's own.
 */
const pc = 32;
const firstFloat = 33;
const firstCsr = 65;
const mode = firstCsr + 4096;

/** One register as gdb asks for it; undefined where there is none of that number. */
export function readRegister(target: DebugTarget, hart: number, number: number): bigint | undefined {
  if (number <= pc) return target.register(hart, number);
  if (number < firstCsr) return target.float ? target.floatRegister(hart, number - firstFloat) : undefined;
  if (number < mode) return target.csr(hart, number - firstCsr);
  return number === mode ? BigInt(target.privilege(hart)) : undefined;
}

/** @returns whether there is such a register, and it may be written */
export function writeRegister(target: DebugTarget, hart: number, number: number, value: bigint): boolean {
  if (number <= pc) target.setRegister(hart, number, value);
  else if (number < firstCsr) {
    if (!target.float) return false;
    target.setFloatRegister(hart, number - firstFloat, value);
  } else return number < mode && target.setCsr(hart, number - firstCsr, value);
  return true;
}

/** How many registers the packets `g` and `G` hold: x0 to x31 and pc. */
export const generalRegisters: number = pc + 1;

/** The registers of a target, for gdb (Debugging with GDB, "RISC-V Features"). */
export function targetDescription(target: DebugTarget): string {
  const register = (name: string, number: number, more: string): string =>
    `<reg name="${name}" bitsize="64" regnum="${number}" ${more}/>`;
  const general = registerNames.map((name, number) => {
    const type = name === "ra" ? "code_ptr" : ["sp", "gp", "tp", "fp"].includes(name) ? "data_ptr" : "int";
    return register(name === "s0" ? "fp" : name, number, `type="${type}"`);
  });
  const floats = floatRegisterNames.map((name, number) => register(name, firstFloat + number, 'type="riscv_double"'));
  const csrs = [...csrNumbers]
    .filter(([, number]) => target.csr(0, number) !== undefined)
    .map(([name, number]) => register(name, firstCsr + number, 'group="csr" type="int"'));
  const union =
    '<union id="riscv_double"><field name="float" type="ieee_single"/><field name="double" type="ieee_double"/></union>';
  const feature = (name: string, lines: readonly string[]): string =>
    `<feature name="org.gnu.gdb.riscv.${name}">${lines.join("")}</feature>`;
  return [
    '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">',
    "<architecture>riscv:rv64</architecture>",
    feature("cpu", [...general, register("pc", pc, 'type="code_ptr"')]),
    ...(target.float ? [feature("fpu", [union, ...floats])] : []),
    feature("csr", csrs),
    feature("virtual", [`<reg name="priv" bitsize="64" regnum="${mode}" type="int" group="general"/>`]),
    "</target>",
  ].join("");
}
