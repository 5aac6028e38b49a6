/**
 * hypervisor: a guest that is a hypervisor, with a guest of its own: in HS-mode, by the hypervisor extension, in the assembler's source.
 *
 * Its guest is a kernel, which it runs in VS-mode behind a second stage of page tables, as that kernel's firmware left it; the firmware's
 * calls it passes on to its own. It virtualizes the extension as well, so its guest can be another of its kind. Left out: devices; a
 * guest's hideleg, hcounteren, henvcfg and htimedelta are held and not obeyed, HLV and HSV are illegal, interrupts are not injected, and a guest
 * that is a hypervisor takes no traps in HS-mode but those of its own guest: what this hypervisor doesn't do itself.
 *
 * virtual-hart   the record of the guest's registers and hypervisor CSRs, and the table of these
 * world-switch   into the guest and back, its own traps, those of its own guest
 * instructions   what VS-mode may not do
 * memory         guest physical addresses, and those of its guest's guest
 */
import { invariant, KiB, UsageError } from "../../../core/index.js";
import { assemble, rv64h, type Machine, type Program } from "../../../machine/index.js";
import { bare, type Guest } from "../../guest.js";
import { firmware } from "../firmware.js";
import { loadedFrom, needsConsoleAlone } from "../monitor/index.js";
import { instructions } from "./instructions.js";
import { memory } from "./memory.js";
import { placeOf, virtualHartSize, virtualHartSource, worldNames } from "./virtual-hart.js";
import { worldSwitch } from "./world-switch.js";

/** What it keeps of its machine's memory for itself. */
const own = KiB(256);
const page = 4096;
const poolPages = 24;
/** Instructions after which firmware has started its kernel. */
const patience = 100_000;

/** Its firmware leaves it calls of VS-mode, guest-page faults and virtual instructions as well. */
function hypervisorsFirmware(): string {
  const [from, to] = ["li    t0, 0xb1ff ", "li    t0, 0xf0b5ff "];
  invariant(firmware.includes(from), "the firmware delegates");
  return firmware.replace(from, to);
}

const sourceFor = (machine: Machine): string => {
  const { bus } = machine;
  const hart = machine.hart(0);
  const x = Array.from({ length: 32 }, (_, register) => hart.x(register));
  const leafTables = Math.ceil(bus.ramSize / (512 * page));
  return `
  .equ guest_base, ${bus.ramBase}
  .equ guest_ram, ${bus.ramBase + own}
  .equ guest_size, ${bus.ramSize}
  .equ guest_status, ${hart.csr(0x100) ?? 0n}
  .equ leaf_tables, ${leafTables}
${hypervisorsFirmware()}${virtualHartSource(x, hart.pc)}${worldSwitch}${instructions}${memory}
  .data
pool_next: .dword pool
composed_for: .dword -1, 0, -1, 0, 16
  .section .bss
  .balign 16
  .skip 256
stack:
  .balign ${4 * page}
root:     .skip ${4 * page}
composed: .skip ${2 * 4 * page}
middle:   .skip ${page}
leaves:   .skip ${leafTables * page}
pool:     .skip ${poolPages * page}
pool_end:
`;
};

/** The guest on a machine of its own, where its firmware has just started its kernel. */
function started(guest: Guest): Machine {
  const machine = bare(guest, { echo: false });
  const hart = machine.hart(0);
  for (let count = 0; count < patience && hart.mode.privilege === 3; count++) machine.run({ instructions: 1 });
  if (hart.mode.privilege === 1) return machine;
  throw new UsageError(
    `"${guest.name}" starts no kernel in supervisor mode`,
    "The small hypervisor runs kernels, each as its firmware leaves it: take one such as vmm.guests.timer.",
  );
}

/**
 * Software for a machine with the hypervisor extension: a small hypervisor with a guest's kernel under it. The guest may be another
 * hypervisor, and so on. Its devices are what its firmware's calls give: a console.
 * @throws UsageError for a guest with further devices, or without a kernel
 */
export function hypervised(guest: Guest): Guest {
  needsConsoleAlone(guest, "the small hypervisor");
  const machine = started(guest);
  const program = assemble(sourceFor(machine), { isa: rv64h });
  const end = Number(program.symbols.get("pool_end")?.value ?? 0n);
  if (end > machine.bus.ramBase + own) {
    throw new UsageError(`${machine.bus.ramSize} bytes are too many for the small hypervisor`, "Give the guest less.");
  }
  const segments: Program["segments"] = [...program.segments, ...loadedFrom(machine, own)];
  return {
    name: `${guest.name}, hypervised`,
    about: `A small hypervisor whose guest is: ${guest.about}`,
    source: program.source,
    options: { ...guest.options, memory: machine.bus.ramSize + own, program: { ...program, segments } },
    isa: rv64h,
    results: [],
  };
}

/** Of the firmware that our guests have; none where the guest has another. */
const firmwareStack = { symbol: "firmware_stack", bytes: 256 } as const;

/**
 * The innermost guest's memory with so many hypervisors below it, the bare machine's with 0; with zeros for its firmware's stack, since
 * that firmware only ever starts it: calls are the lowest one's.
 */
export function hypervisedMemory(machine: Machine, levels: number): Uint8Array {
  const { ramBase, ramSize } = machine.bus;
  const memory = machine.read(ramBase + levels * own, ramSize - levels * own);
  if (levels > 0 || machine.symbols.every(({ name }) => name !== firmwareStack.symbol)) return memory;
  const end = Number(machine.address(firmwareStack.symbol)) - ramBase;
  return memory.fill(0, end - firmwareStack.bytes, end);
}

/** What the guest of a small hypervisor has come to. */
export interface HypervisedState {
  /** When it came to its hypervisor last. */
  readonly x: readonly bigint[];
  /** Its supervisor CSRs, by name. */
  readonly csrs: Readonly<Record<string, bigint>>;
  readonly memory: Uint8Array;
}

/**
 * The innermost guest's state on a machine with so many hypervisors upon one another, the lowest one on the machine itself, where the guest
 * has come to its hypervisor last.
 * @param levels from 1
 */
export function hypervisedState(machine: Machine, levels: number): HypervisedState {
  const recordOf = (level: number): ((place: number) => bigint) => {
    const bytes = machine.read(Number(machine.address("hart")) + (level - 1) * own, virtualHartSize);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return (place) => view.getBigInt64(place, true);
  };
  const record = recordOf(levels);
  // In the hart's replicas; or in what the hypervisor below has of the world that isn't on the hart.
  const below = levels > 1 ? recordOf(levels - 1) : undefined;
  const first = machine.hart(0);
  return {
    x: Array.from({ length: 32 }, (_, register) => record(8 * register)),
    csrs: Object.fromEntries(
      worldNames.map(({ name, own: named, number }) => [named, below?.(placeOf(name)) ?? first.csr(number) ?? 0n]),
    ),
    memory: hypervisedMemory(machine, levels),
  };
}
