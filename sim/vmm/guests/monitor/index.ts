/**
 * monitor: a guest that is a virtual machine monitor, with a guest of its own: trap and emulate, in the assembler's source.
 *
 * It owns the machine that it runs on, in machine mode, and runs its guest, machine mode and all, in user mode: what the paper's construction
 * asks for. It uses nothing that it doesn't give, so its guest can be another of its kind (theorem 2). Left out: its guest's physical memory
 * protection is held and not obeyed, MPRV is 0, and of devices there are the UART and the finisher.
 *
 * virtual-hart   the record of the guest's registers and CSRs, and the table of these
 * world-switch   into the guest and back: the dispatcher
 * instructions   interpreter routines
 * traps          the guest's own exceptions, interrupts and returns
 * memory         the allocator: bounds, the guest's tables, shadow tables
 * devices        what is passed on
 */
import { KiB, UsageError } from "../../../core/index.js";
import { assemble, type Machine, type Program } from "../../../machine/index.js";
import { bare, type Guest } from "../../guest.js";
import { devices } from "./devices.js";
import { instructions } from "./instructions.js";
import { memory, views } from "./memory.js";
import { heldCsrs, placeOf, virtualHartSize, virtualHartSource } from "./virtual-hart.js";
import { traps } from "./traps.js";
import { worldSwitch } from "./world-switch.js";

/** What it keeps of its machine's memory for itself: code, the record, and the pool that shadow tables are made of. */
const own = KiB(320);
const page = 4096;

const sourceFor = (machine: Machine): string => {
  const { bus } = machine;
  const first = machine.hart(0);
  const x = Array.from({ length: 32 }, (_, register) => first.x(register));
  return `
  .equ guest_base, ${bus.ramBase}
  .equ guest_ram, ${bus.ramBase + own}
  .equ guest_size, ${bus.ramSize}
${virtualHartSource(x, first.pc)}${worldSwitch}${instructions}${traps}${memory}${devices}
  .data
pool_next: .dword 0
  .section .bss
  .balign 16
  .skip 256
stack:
views:    .skip ${32 * views}
csr_rows: .skip 4096
  .balign ${page}
pool:
`;
};

/** A guest's memory as it is, for whoever keeps so much for itself before it: pages that aren't zeros. */
export function loadedFrom(machine: Machine, own: number): Program["segments"] {
  const { bus } = machine;
  const segments: Program["segments"][number][] = [];
  for (let at = bus.ramBase; at < bus.ramBase + bus.ramSize; at += page) {
    const bytes = machine.read(at, page);
    if (bytes.every((byte) => byte === 0)) continue;
    segments.push({ name: "guest", address: BigInt(at + own), size: page, bytes, writable: true, executable: true });
  }
  return segments;
}

/** @throws UsageError for a guest with more */
export function needsConsoleAlone(guest: Guest, who: string): void {
  const { drives = [], network = [], harts = 1 } = guest.options;
  if (drives.length === 0 && network.length === 0 && harts === 1) return;
  throw new UsageError(
    `${who} has no virtual disks, cards or further harts, and "${guest.name}" needs them`,
    "Take a guest with a console alone, such as vmm.guests.timer.",
  );
}

/**
 * Software for a machine: a small monitor with a guest under it. The guest may be another monitor: \X.
 * @throws UsageError for a guest with devices that the monitor doesn't pass on
 */
export function monitored(guest: Guest): Guest {
  needsConsoleAlone(guest, "the small monitor");
  const machine = bare(guest, { echo: false });
  const program = assemble(sourceFor(machine));
  const end = program.symbols.get("pool")?.value ?? 0n;
  if (end % BigInt(page) !== 0n || Number(end) > machine.bus.ramBase + own) {
    throw new UsageError("the small monitor doesn't fit", `It has ${own} bytes.`);
  }
  const { bus } = machine;
  const segments = [...program.segments, ...loadedFrom(machine, own)];
  return {
    name: `${guest.name}, monitored`,
    about: `A small monitor whose guest is: ${guest.about}`,
    source: program.source,
    options: { ...guest.options, memory: bus.ramSize + own, program: { ...program, segments } },
    ...(guest.isa === undefined ? {} : { isa: guest.isa }),
    results: [],
  };
}

/** What the guest of a small monitor has come to, read from the memory of the machine that the monitor is on. */
export interface MonitoredState {
  readonly x: readonly bigint[];
  readonly pc: bigint;
  readonly privilege: number;
  /** What it finds in its CSRs, by name: those that the monitor holds for it as they are. */
  readonly csrs: Readonly<Record<string, bigint>>;
  readonly memory: Uint8Array;
}

/**
 * The innermost guest's state on a machine with so many monitors upon one another, the lowest one on the machine itself.
 * @param levels from 1
 */
export function monitoredState(machine: Machine, levels: number): MonitoredState {
  const { ramBase, ramSize } = machine.bus;
  const base = ramBase + (levels - 1) * own;
  const record = Number(machine.address("hart")) - ramBase + base;
  const bytes = machine.read(record, virtualHartSize);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = (place: number): bigint => view.getBigInt64(place, true);
  const plain = heldCsrs.filter(({ read, of }) => read === undefined && of === undefined);
  return {
    x: Array.from({ length: 32 }, (_, register) => at(8 * register)),
    pc: at(placeOf("pc")),
    privilege: Number(at(placeOf("mode"))),
    csrs: Object.fromEntries(plain.map(({ name }) => [name, at(placeOf(name))])),
    memory: machine.read(base + own, ramBase + ramSize - base - own),
  };
}
