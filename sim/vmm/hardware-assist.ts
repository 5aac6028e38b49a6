import { rv64, rv64h, type Hart, type Isa } from "../machine/index.js";
import { accessDevice } from "./device-access.js";
import { DirectCpu } from "./direct-cpu.js";
import { Dispatcher, type DispatcherParts } from "./dispatcher.js";
import { controlsOf, type ExitControls } from "./exit-controls.js";
import type { HostExit, HostTrap } from "./host-cpu.js";
import { HypervisorCpu, tracesInterrupts, type GuestTime } from "./hypervisor-cpu.js";
import { nestedPages, NestedTables } from "./nested-paging.js";
import { accessOf, cause, isSoundInUserMode, pageSize, privilege, type Access } from "./privileged.js";
import type { CpuParts, Technique } from "./technique.js";

const extension = rv64h.rows.filter(({ name }) => !rv64.has(name));
/** stimecmp is there for supervisor mode (menvcfg.STCE). */
const hasTimer = (menvcfg: bigint): boolean => menvcfg < 0n;

/** Hosts' ISAs by their guests': what was compiled and optimised for one is that ISA's, and another with the same rows would begin anew. */
const extended = new WeakMap<Isa, Isa>();

/** The instructions with the hypervisor extension. */
function withExtension(isa: Isa): Isa {
  const known = extended.get(isa);
  if (known !== undefined) return known;
  const made = extension.every(({ name }) => isa.has(name)) ? isa : isa.with(`${isa.name} h`, ...extension);
  extended.set(isa, made);
  return made;
}

/** The hypervisor's page tables for a guest's machine mode, and for the modes below, which its memory protection concerns. */
interface Tables {
  readonly machine: NestedTables;
  readonly lower: NestedTables;
}

interface GuestDispatcherParts extends DispatcherParts {
  readonly machine: CpuParts["machine"];
  /** The tables that the guest is on. */
  readonly tables: () => NestedTables;
}

/** Looks first at what the hypervisor's tables and htinst can settle: a clean page, a device. */
class GuestDispatcher extends Dispatcher {
  readonly #parts: GuestDispatcherParts;

  constructor(parts: GuestDispatcherParts) {
    super(parts);
    this.#parts = parts;
  }

  protected override mend(trap: HostTrap): boolean | undefined {
    const { guestAddress } = trap;
    if (!isGuestPageFault(trap.cause) || guestAddress === undefined) return super.mend(trap);
    const { guest, machine, exits, tables, allocator } = this.#parts;
    if (isComposed(guest)) {
      if (!this.isNew(trap) || !allocator.fillComposed(guestAddress, accessFor(trap))) return undefined;
      this.note("shadow fill");
      return false;
    }
    const page = guestAddress - (guestAddress % pageSize);
    const at = guest.cycles;
    const { pc } = guest;
    const { privilege: mode } = guest.state.mode;
    if (tables().admit(page)) {
      exits.add("nested fill", at, pc, mode, 0);
      return false;
    }
    const stores = trap.cause === cause.guestStorePageFault || trap.instruction === implicitStore;
    if (stores && machine.bus.ramAt(page, pageSize) !== undefined && !machine.bus.dirty.has(page)) {
      machine.bus.dirty.mark(page, pageSize);
      if (tables().open(page)) {
        exits.add("nested fill", at, pc, mode, 0);
        return false;
      }
    }
    const word = accessDevice(guest, machine, trap);
    if (word === undefined) return undefined;
    exits.add("device access", at, pc, mode, word);
    return true;
  }
}

const isGuestPageFault = (number: number): boolean =>
  number === cause.guestFetchPageFault || number === cause.guestLoadPageFault || number === cause.guestStorePageFault;
/** htinst where the hart itself wanted to read an entry of the guest's page tables, or to mark it. */
const implicitLoad = 0x3000;
const implicitStore = 0x3020;

/** Whether the guest's own guest executes behind two hypervisors' tables. */
const isComposed = ({ state: { mode, hgatp } }: Hart): boolean => mode.virtual && hgatp < 0n;

function accessFor({ cause: number, instruction }: HostTrap): Access {
  if (instruction === implicitLoad) return "read";
  return instruction === implicitStore ? "write" : (accessOf[number] ?? "read");
}

/**
 * Executes a virtual hart with the hypervisor extension: its kernel in VS-mode on CSRs of its own, its processes in VU-mode, its
 * memory behind a second stage of page tables. What is left to the VMM is what `ExitControls` say, devices, and virtual machine mode,
 * which the extension doesn't have: that is de-privileged, as all of the guest is under trap and emulate.
 *
 * Where an ISA is unsound in user mode, machine mode is interpreted, and the guest can't tell. One thing is left open: an instruction
 * that asks whether an address may be read (`probe`) finds devices unreadable, as no table has them.
 */
class HardwareAssistedCpu extends DirectCpu {
  readonly #cpu: HypervisorCpu;
  readonly #controls: ExitControls;
  readonly #time: GuestTime = { delta: 0n };
  readonly #tables: Tables;
  readonly #isSound: boolean;
  readonly #allocator: CpuParts["allocator"];

  constructor(parts: CpuParts, controls: ExitControls, tables: Tables) {
    super(
      parts,
      new GuestDispatcher({
        ...parts,
        tables: () => (parts.guest.state.mode.privilege === privilege.machine ? tables.machine : tables.lower),
      }),
    );
    this.#tables = tables;
    this.#cpu = new HypervisorCpu(parts.host);
    this.#controls = controls;
    this.#allocator = parts.allocator;
    this.#allocator.hasModes = true;
    if (controls.nestedPaging) this.#allocator.nested = tables.lower;
    this.#isSound = isSoundInUserMode(parts.guest.isa);
  }

  forget(address: bigint | undefined): void {
    if (!this.#controls.nestedPaging) this.#allocator.shadow.forget(address);
    // Of one address, it is the guest's own guest that has fenced it.
    else if (address === undefined) this.#allocator.composed.forget(address);
    this.#tables.machine.forget();
    this.#tables.lower.forget();
  }

  protected enter(): HostExit {
    const { guest } = this;
    const { machine, lower } = this.#tables;
    const inMachine = guest.state.mode.privilege === privilege.machine;
    const { shadow, view, composed, composedView } = this.#allocator;
    const nested = (): bigint => (isComposed(guest) ? composed.enter(composedView) : lower.enter());
    const tables =
      inMachine || this.#controls.nestedPaging
        ? { hgatp: inMachine ? machine.enter() : nested() }
        : { hgatp: 0n, shadow: shadow.enter(view) };
    const exit = this.#cpu.run(guest, tables, this.#controls, this.#time);
    this.exits.deliver(this.#cpu.delivered);
    return exit;
  }

  protected override get isInterpreted(): boolean {
    const { guest } = this;
    const inMachine = guest.state.mode.privilege === privilege.machine;
    return (inMachine && !this.#isSound) || tracesInterrupts(guest) || super.isInterpreted;
  }

  protected override get hasTimer(): boolean {
    const { menvcfg, henvcfg, mode } = this.guest.state;
    return !this.#controls.timer && hasTimer(mode.virtual ? menvcfg & henvcfg : menvcfg);
  }
}

function tablesOf({ guest, machine: { bus }, host, frames, ramBase, allotment }: CpuParts): Tables {
  const of = (mode: 0 | 3): NestedTables =>
    new NestedTables({
      frames,
      ramBase,
      allotment,
      allows: (page, access) => guest.protection.allows(page, pageSize, access, mode),
      protection: () => `${guest.state.pmpcfg.join()} ${guest.state.pmpaddr.join()}`,
      isDirty: (page) => bus.dirty.has(page),
      absent: () => bus.absent,
      touch: (page) => {
        bus.onTouch?.(page, pageSize);
      },
      fence: () => {
        host.fence();
      },
    });
  return { machine: of(privilege.machine), lower: of(privilege.user) };
}

/**
 * The technique with exits of your choice: `vmm.hardwareAssistWith({ addressSpaces: true })`.
 * @throws UsageError for a control that there isn't
 */
export function hardwareAssistWith(controls?: Partial<ExitControls>): Technique {
  const chosen = controlsOf(controls);
  return {
    name: "hardware-assist",
    title: "Hardware assist (RISC-V hypervisor extension)",
    pages: (memory) => 2 * nestedPages(memory),
    hostIsa: withExtension,
    crossing: "hardware",
    createCpu: (parts) => new HardwareAssistedCpu(parts, chosen, tablesOf(parts)),
  };
}

export const hardwareAssist: Technique = hardwareAssistWith();
