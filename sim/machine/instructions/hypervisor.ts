import { formats } from "./format.js";
import { call, constant, rs1, rs2, set, signed, unsigned, variable, type Meaning, type Width } from "./meaning.js";
import { rows, type Row } from "./row.js";

const value = variable("value");

/** What a guest's address holds. The routine's answer is sign-extended. */
function loaded(width: Width, isSigned: boolean, executable = false): Meaning {
  const operands = [rs1, constant(width / 8), constant(executable ? 1 : 0)];
  return [
    { kind: "call", routine: "loadGuest", operands, name: "value" },
    set(isSigned ? signed(width, value) : unsigned(width, value)),
  ];
}

/** The hypervisor extension's instructions (privileged ISA, "Hypervisor Instructions"). */
export const hypervisor: readonly Row[] = [
  ...rows("H", formats.guestLoad, {
    "hlv.b": [0x60004073, loaded(8, true)],
    "hlv.bu": [0x60104073, loaded(8, false)],
    "hlv.h": [0x64004073, loaded(16, true)],
    "hlv.hu": [0x64104073, loaded(16, false)],
    "hlvx.hu": [0x64304073, loaded(16, false, true)],
    "hlv.w": [0x68004073, loaded(32, true)],
    "hlv.wu": [0x68104073, loaded(32, false)],
    "hlvx.wu": [0x68304073, loaded(32, false, true)],
    "hlv.d": [0x6c004073, loaded(64, true)],
  }),
  ...rows("H", formats.guestStore, {
    "hsv.b": [0x62004073, [call("storeGuest", rs1, rs2, constant(1))]],
    "hsv.h": [0x66004073, [call("storeGuest", rs1, rs2, constant(2))]],
    "hsv.w": [0x6a004073, [call("storeGuest", rs1, rs2, constant(4))]],
    "hsv.d": [0x6e004073, [call("storeGuest", rs1, rs2, constant(8))]],
  }),
  // x0 stands for all of them; a 0 in another register is taken for that, too, which fences more than was asked.
  ...rows("H", formats.addresses, {
    "hfence.vvma": [0x22000073, [call("fenceGuestAddresses", rs1, rs2)]],
    "hfence.gvma": [0x62000073, [call("fenceGuestPages", rs1, rs2)]],
  }),
];
