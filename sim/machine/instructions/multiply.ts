import { formats } from "./format.js";
import {
  divide,
  divideUnsigned,
  multiply,
  multiplyHigh,
  multiplyHighSignedUnsigned,
  multiplyHighUnsigned,
  remainder,
  remainderUnsigned,
  rs1,
  rs2,
  set,
  signed,
  unsigned,
} from "./meaning.js";
import { rows, type Row } from "./row.js";

/**
 * The M extension (unprivileged ISA). Division by zero and the one overflow of signed division have results
 * and no fault: the operators give them.
 */
export const multiplication: readonly Row[] = rows("M", formats.R, {
  mul: [0x02000033, [set(multiply(rs1, rs2))]],
  mulh: [0x02001033, [set(multiplyHigh(rs1, rs2))]],
  mulhsu: [0x02002033, [set(multiplyHighSignedUnsigned(rs1, rs2))]],
  mulhu: [0x02003033, [set(multiplyHighUnsigned(rs1, rs2))]],
  div: [0x02004033, [set(divide(rs1, rs2))]],
  divu: [0x02005033, [set(divideUnsigned(rs1, rs2))]],
  rem: [0x02006033, [set(remainder(rs1, rs2))]],
  remu: [0x02007033, [set(remainderUnsigned(rs1, rs2))]],
  mulw: [0x0200003b, [set(signed(32, multiply(rs1, rs2)))]],
  divw: [0x0200403b, [set(signed(32, divide(signed(32, rs1), signed(32, rs2))))]],
  divuw: [0x0200503b, [set(signed(32, divideUnsigned(unsigned(32, rs1), unsigned(32, rs2))))]],
  remw: [0x0200603b, [set(signed(32, remainder(signed(32, rs1), signed(32, rs2))))]],
  remuw: [0x0200703b, [set(signed(32, remainderUnsigned(unsigned(32, rs1), unsigned(32, rs2))))]],
});
