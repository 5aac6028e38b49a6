import { encode, formats, type Exception, type Instruction } from "../instructions/index.js";
import { addressCauses, dataCauses } from "./exceptions.js";
import type { VirtualMemory } from "./memory.js";
import type { PrivilegedState } from "./state.js";
import { destinationOf, noDetails, type TrapDetails } from "./trap.js";

/** The hart's own accesses to a guest's page tables: as `ld x0, 0(x0)` and `sd x0, 0(x0)`, but for bits 1 and 0. */
const implicitAccess: Readonly<Record<"read" | "write", bigint>> = { read: 0x3000n, write: 0x3020n };

/** Who can fetch the instruction at pc once more. */
interface Source {
  readonly x: BigInt64Array;
  bits(): number;
  decode(word: number): Instruction | undefined;
}

/** The hart as an exception's details need it, while they are looked for. */
interface TrappedHart {
  readonly state: PrivilegedState;
  readonly memory: VirtualMemory;
  readonly evaluator: Source;
}

/**
 * What the hypervisor's handler, or the machine's, is told of an exception besides ("Hypervisor Status Register" on GVA, "Hypervisor
 * Trap Value Register", "Transformed Instruction or Pseudoinstruction for mtinst or htinst").
 */
export function detailsOf(hart: TrappedHart, { cause, guest, value }: Exception): TrapDetails {
  const { state, memory, evaluator } = hart;
  if (destinationOf(state, cause, false) === "guest") return noDetails;
  const isAbout = (causes: number): boolean => ((causes >> cause) & 1) !== 0;
  // "For any trap [...] that writes a guest virtual address to stval, GVA is set to 1": by HLV and MPRV where V is 0, too.
  const isGuestAddress =
    guest !== undefined ||
    (isAbout(addressCauses) && state.mode.virtual) ||
    (isAbout(dataCauses) && memory.dataMode.virtual);
  const isData = isAbout(dataCauses);
  const implicit = guest?.implicit === undefined ? undefined : implicitAccess[guest.implicit];
  const instruction = implicit ?? (isData ? transformed(evaluator, value) : 0n);
  return { isGuestAddress, guestAddress: guest?.address ?? 0n, instruction };
}

/** Fields of immediates, which become 0. */
const immediateOfLoad = 0xfff00000;
const immediateOfStore = 0xfe000f80;
const rs1 = 0x000f8000;
/** 1 in an instruction of 32 bits, "Replace bit 1 with a 0" in a short one. */
const longBit = 2;

/**
 * A load, store or atomic instruction as the trap's handler wants it: without the immediate, and with how far the fault is from the
 * access's beginning in place of rs1. 0 of anything else.
 * @param address the virtual address that faulted
 */
function transformed(source: Source, address: bigint): bigint {
  const instruction = source.decode(source.bits());
  if (instruction === undefined) return 0n;
  const { row, fields, length } = instruction;
  const { format } = row;
  const isLoad = format === formats.load || format === formats.floatLoad;
  const isStore = format === formats.S || format === formats.floatStore;
  const isPlain =
    format === formats.atomic ||
    format === formats.reserve ||
    format === formats.guestLoad ||
    format === formats.guestStore;
  if (!isLoad && !isStore && !isPlain) return 0n;
  const begins = (source.x[fields.rs1] ?? 0n) + (isPlain ? 0n : BigInt(fields.imm));
  const offset = Number(BigInt.asUintN(5, address - begins));
  const word = length === 4 ? instruction.word : encode(row, fields);
  const cleared = word & ~(rs1 | (isLoad ? immediateOfLoad : isStore ? immediateOfStore : 0));
  return BigInt(((cleared | (offset << 15)) & ~(length === 2 ? longBit : 0)) >>> 0);
}
