import { formats } from "./format.js";
import { call, constant, field, imm, jumpToCall, notEqual, pc, rs1, rs2, setToCall, type Term } from "./meaning.js";
import { rows, type Row } from "./row.js";

const csr = field("csr");
const zero = constant(0);
const reads: Term = notEqual(field("rd"), zero);
const writes: Term = notEqual(field("rs1"), zero);
const writesConstant: Term = notEqual(imm, zero);

/** Zicsr (unprivileged ISA) and the instructions of modes and address translation (privileged ISA). */
export const system: readonly Row[] = [
  // With x0 the CSR is not read, or not written: neither happens then, nor their side effects.
  ...rows("Zicsr", formats.csr, {
    csrrw: [0x00001073, setToCall("writeCsr", csr, rs1, reads)],
    csrrs: [0x00002073, setToCall("setCsr", csr, rs1, writes)],
    csrrc: [0x00003073, setToCall("clearCsr", csr, rs1, writes)],
  }),
  ...rows("Zicsr", formats.csrConstant, {
    csrrwi: [0x00005073, setToCall("writeCsr", csr, imm, reads)],
    csrrsi: [0x00006073, setToCall("setCsr", csr, imm, writesConstant)],
    csrrci: [0x00007073, setToCall("clearCsr", csr, imm, writesConstant)],
  }),
  ...rows("I", formats.none, {
    ecall: [0x00000073, jumpToCall("environmentCall", pc)],
    ebreak: [0x00100073, [call("breakpoint")]],
  }),
  ...rows("privileged", formats.none, {
    sret: [0x10200073, jumpToCall("returnFromSupervisor")],
    mret: [0x30200073, jumpToCall("returnFromMachine")],
    wfi: [0x10500073, [call("waitForInterrupt")]],
  }),
  // x0 as an operand stands for all addresses or address spaces. Taking any 0 for that fences more than was asked, which is
  // allowed.
  ...rows("privileged", formats.addresses, {
    "sfence.vma": [0x12000073, [call("fenceAddresses", rs1, rs2)]],
  }),
];
