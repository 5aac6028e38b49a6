import type { Hart, Instruction, Machine } from "../machine/index.js";
import type { HostTrap } from "./host-cpu.js";
import { cause } from "./privileged.js";

/** Bit 1 of htinst is 0 where the instruction has 16 bits ("Transformed Instruction or Pseudoinstruction for mtinst or htinst"). */
const longBit = 2;

/** Loads and stores of integer registers: bits, and whether the register's upper bits become zeros. */
const kinds: Readonly<
  Record<string, { readonly width: 8 | 16 | 32 | 64; readonly zeros?: true; readonly store?: true }>
> = {
  lb: { width: 8 },
  lh: { width: 16 },
  lw: { width: 32 },
  ld: { width: 64 },
  lbu: { width: 8, zeros: true },
  lhu: { width: 16, zeros: true },
  lwu: { width: 32, zeros: true },
  sb: { width: 8, store: true },
  sh: { width: 16, store: true },
  sw: { width: 32, store: true },
  sd: { width: 64, store: true },
};

/**
 * Makes a guest's access to a device of its machine, from what the processor tells of the fault: htinst has the instruction without its
 * immediate, htval the guest physical address, so neither the guest's code nor its page tables have to be read.
 * @returns the instruction as htinst has it; undefined where that isn't enough, and nothing was done
 */
export function accessDevice(guest: Hart, { bus }: Machine, trap: HostTrap): number | undefined {
  const { instruction = 0, guestAddress: address = 0 } = trap;
  if (trap.cause === cause.guestFetchPageFault) return undefined;
  const decoded = guest.evaluator.decode((instruction | longBit) >>> 0);
  const kind = decoded === undefined ? undefined : kinds[decoded.row.name];
  if (decoded === undefined || kind === undefined || (instruction & 1) === 0) return undefined;
  const bytes = kind.width / 8;
  const isStore = kind.store === true;
  const isWhole = address % bytes === 0 && bus.ramAt(address, 1) === undefined;
  const { privilege } = guest.state.mode;
  if (!isWhole || !guest.protection.allows(address, bytes, isStore ? "write" : "read", privilege)) return undefined;
  if (!(isStore ? store(guest, bus, address, decoded, kind.width) : load(guest, bus, address, decoded, kind))) {
    return undefined;
  }
  guest.pc = BigInt.asIntN(64, guest.pc + ((instruction & longBit) === 0 ? 2n : 4n));
  guest.count(1);
  return (instruction | longBit) >>> 0;
}

function load(
  guest: Hart,
  bus: Machine["bus"],
  address: number,
  { fields }: Instruction,
  { width, zeros }: { readonly width: 8 | 16 | 32 | 64; readonly zeros?: true },
): boolean {
  const value = bus.load(address, width);
  if (value === undefined) return false;
  guest.setX(fields.rd, zeros === true ? BigInt.asIntN(64, value) : BigInt.asIntN(width, value));
  return true;
}

const store = (
  guest: Hart,
  bus: Machine["bus"],
  at: number,
  { fields }: Instruction,
  width: 8 | 16 | 32 | 64,
): boolean => bus.store(at, width, guest.x(fields.rs2));
