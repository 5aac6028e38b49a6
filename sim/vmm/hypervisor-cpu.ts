import { invariant } from "../core/index.js";
import { lowOf, type Hart, type HartClock } from "../machine/index.js";
import type { ExitControls } from "./exit-controls.js";
import { breakpoint, budget, vector, type HostCpu, type HostExit } from "./host-cpu.js";
import { dataCauses, hypervisorStatus, interrupts, privilege, status } from "./privileged.js";

const csr = { medeleg: 0x302, mcounteren: 0x306, menvcfg: 0x30a } as const;
/** menvcfg, henvcfg: stimecmp; and that the hart marks page tables (Svadu). */
const environment = { STCE: -(1n << 63n), ADUE: 1n << 61n } as const;
/** hstatus.VTW; VTVM and VTSR are where mstatus has TVM and TSR. */
const VTW = 1 << 21;
const { SIE, SPIE, SPP, FS, SUM, MXR, TVM, TW, TSR } = status;
/** What a trap into HS-mode writes of hstatus. */
const { SPV, GVA } = hypervisorStatus;
/** Of mstatus, what vsstatus has. */
const ownStatus = SIE | SPIE | SPP | FS | SUM | MXR;
/** hcounteren.TM. */
const TM = 2;
const SSI = 2;
const host = { privilege: privilege.supervisor, virtual: false } as const;
/** hedeleg's bits that may be 1: others are exceptions of HS-mode's alone. */
const delegable = 0xcb1ff;

const pageFaults = (1 << 12) | (1 << 13) | (1 << 15);

/** hgatp, and satp for the guest where it isn't its own. */
export interface GuestTables {
  readonly hgatp: bigint;
  readonly shadow?: bigint;
}

/**
 * The interrupts that a guest's kernel takes by itself, as bits of the guest's mip, and how far up from there the host has them: those
 * of a guest's own guest (V) are where the host has them, too.
 */
function ownInterrupts({ mode, mideleg, hideleg }: Hart["state"]): { readonly bits: number; readonly shift: number } {
  const { supervisor, shift } = interrupts;
  return mode.virtual
    ? { bits: mideleg & hideleg & (supervisor << shift), shift: 0 }
    : { bits: mideleg & supervisor, shift };
}

/**
 * Whether a trap that a guest's HS-mode takes by itself leaves nothing behind in the hypervisor CSRs that the guest believes in: the
 * host's hart takes it to VS-mode, and writes none of them.
 */
const leavesNoTrace = ({ hstatus, htval, htinst }: Hart["state"]): boolean =>
  (hstatus & (SPV | GVA)) === 0 && htval === 0n && htinst === 0n;

/** Exceptions that a guest's kernel takes by itself. */
function ownExceptions({ features, state }: Hart): number {
  const { mode, medeleg, hedeleg } = state;
  if (mode.virtual) return medeleg & hedeleg;
  if (!features.hypervisor) return medeleg;
  // With the data's, htinst would tell of the instruction.
  return leavesNoTrace(state) ? medeleg & ~dataCauses : 0;
}

/** Whether an interrupt may come that the guest's kernel can't take by itself, for the same reason. */
export const tracesInterrupts = ({ features, state }: Hart): boolean =>
  features.hypervisor &&
  !state.mode.virtual &&
  state.mode.privilege !== privilege.machine &&
  (state.lines | state.software) !== 0 &&
  !leavesNoTrace(state);

/** When a guest's own time was last in step with its host's, as what htimedelta was then. */
export interface GuestTime {
  delta: bigint;
}

/**
 * The physical processor for guests in VS- and VU-mode (privileged ISA, "Extension for Hypervisor Support"): the VMM is in HS-mode,
 * writes the guest's CSRs to their replicas, enters, and has each trap that isn't delegated to the guest come back as data.
 */
export class HypervisorCpu implements HartClock {
  readonly #host: HostCpu;
  /** The guest that executes now, where the host's counts were up to which it has been counted; and what its time is to the host's. */
  #guest: Hart | undefined;
  #counted = 0;
  #trapped = 0;
  #delta = 0n;
  /** Exceptions that the guest took by itself in the last run. */
  delivered = 0;

  constructor(cpu: HostCpu) {
    this.#host = cpu;
    const { hart } = cpu;
    hart.setCsr(csr.medeleg, -1n);
    hart.setCsr(csr.mcounteren, -1n);
    hart.setCsr(csr.menvcfg, environment.STCE | environment.ADUE);
    hart.state.stvec = vector;
  }

  // The clock of the host's hart, while a guest of this VMM is on it.

  time(): bigint {
    const guest = this.#guest;
    if (guest === undefined) return this.#host.ticks;
    this.#count();
    return guest.time() - this.#delta;
  }

  /** The guest has set its timer, which is vstimecmp here: its machine has to know when it is due. */
  alarm(): void {
    const guest = this.#guest;
    if (guest === undefined) return;
    this.#count();
    const { hart } = this.#host;
    if (guest.state.mode.virtual) guest.state.vstimecmp = hart.state.vstimecmp;
    else guest.state.stimecmp = hart.state.vstimecmp;
    guest.setTimer();
    if (guest.stopping) hart.pause();
  }

  /**
   * Lets a guest's user or supervisor mode execute in VU or VS, and its own guest's as well, whose CSRs are then in the place of its
   * supervisor's; or its machine mode in VU, without tables of its own: so all that is
   * privileged there is a virtual instruction to the host. Counts what was executed.
   * @param tables the hypervisor's for the mode; and shadow tables in place of the guest's own, if it is on some
   */
  run(guest: Hart, { hgatp, shadow }: GuestTables, controls: ExitControls, time: GuestTime): HostExit {
    const { hart } = this.#host;
    const { state } = hart;
    const inMachine = guest.state.mode.privilege === privilege.machine;
    this.#load(guest, hgatp);
    if (inMachine) this.#loadMachine(guest);
    else this.#loadSupervisor(guest, shadow, controls);
    this.#begin(guest, time);
    const stop = hart.run(guest.left);
    const trapped = !state.mode.virtual;
    this.#end(guest, trapped);
    const isUser = trapped ? (state.mstatus & SPP) === 0 : state.mode.privilege === privilege.user;
    // The replicas are the guest's again.
    state.mode = host;
    this.#unload(guest, trapped);
    if (!inMachine) this.#unloadSupervisor(guest, shadow, isUser ? privilege.user : privilege.supervisor);
    if (!trapped) {
      if (stop.kind === "budget" || stop.kind === "yield") return budget;
      invariant(stop.kind === "breakpoint", `the host stopped: ${stop.kind}`);
      return breakpoint;
    }
    return {
      kind: "trap",
      cause: lowOf(state.scause),
      value: state.stval,
      guestAddress: Number(BigInt.asUintN(62, state.htval)) * 4 + (lowOf(state.stval) & 3),
      instruction: lowOf(state.htinst) >>> 0,
    };
  }

  #load(guest: Hart, hgatp: bigint): void {
    const { hart } = this.#host;
    const { state } = hart;
    this.#host.take(guest);
    hart.registers.set(guest.registers);
    hart.floats.flags = guest.floats.flags;
    hart.floats.mode = guest.floats.mode;
    state.reservation = guest.state.reservation;
    // "both vsstatus.FS and the HS-level sstatus.FS are in effect": the guest's is to decide, and its HS-mode's of its own guest, as MXR.
    const { mode, vsstatus } = guest.state;
    state.mstatus = (state.mstatus & ~(FS | MXR)) | (mode.virtual ? vsstatus & (FS | MXR) : FS);
    state.hgatp = hgatp;
  }

  #unload(guest: Hart, trapped: boolean): void {
    const { hart } = this.#host;
    const { state } = hart;
    guest.registers.set(hart.registers);
    guest.floats.flags = hart.floats.flags;
    guest.floats.mode = hart.floats.mode;
    guest.state.mstatus = (guest.state.mstatus & ~FS) | (state.vsstatus & FS);
    if (guest.state.mode.virtual) guest.state.vsstatus = (guest.state.vsstatus & ~FS) | (state.mstatus & FS);
    guest.state.reservation = state.reservation;
    if (trapped) guest.pc = state.sepc;
  }

  #loadMachine({ state: guest }: Hart): void {
    const { state } = this.#host.hart;
    state.vsstatus = guest.mstatus & FS;
    state.vsatp = 0n;
    state.hstatus = 0;
    state.hedeleg = 0;
    state.hideleg = 0;
    state.mie = 0;
    state.lines = 0;
    state.software = 0;
    state.scounteren = 0;
    state.hcounteren = 0;
    state.henvcfg = 0n;
    state.mode = { privilege: privilege.user, virtual: true };
  }

  #loadSupervisor(hart: Hart, shadow: bigint | undefined, controls: ExitControls): void {
    const { state: guest } = hart;
    const { state } = this.#host.hart;
    const { virtual } = guest.mode;
    state.vsstatus = guest.mstatus & ownStatus;
    state.vstvec = guest.stvec;
    state.vsscratch = guest.sscratch;
    state.vsepc = guest.sepc;
    state.vscause = guest.scause;
    state.vstval = guest.stval;
    state.vsatp = shadow ?? guest.satp;
    state.vstimecmp = virtual ? guest.vstimecmp : guest.stimecmp;
    state.scounteren = guest.scounteren;
    state.senvcfg = guest.senvcfg;
    const { addressSpaces, returns, idle, time, timer } = controls;
    // What the guest's own firmware keeps from its kernel, its VMM has to keep, too.
    const kept = (guest.mstatus & (TVM | TW | TSR)) | (virtual ? guest.hstatus & VTW : 0);
    // A hypervisor's SRET enters its guest, which VS-mode's can't.
    const enters = !virtual && (guest.hstatus & SPV) !== 0;
    state.hstatus = kept | (addressSpaces ? TVM : 0) | (returns || enters ? TSR : 0) | (idle ? VTW : 0);
    state.hedeleg = ownExceptions(hart) & delegable & (shadow === undefined ? -1 : ~pageFaults);
    const { bits, shift } = ownInterrupts(guest);
    state.hideleg = bits << shift;
    state.mie = (guest.mie & bits) << shift;
    state.lines = (guest.lines & bits) << shift;
    // hvip.
    state.software = (guest.software & bits) << shift;
    const counters = guest.mcounteren & (virtual ? guest.hcounteren : -1);
    state.hcounteren = time ? 0 : counters & TM;
    const hidesTimer = timer || (hart.features.hypervisor && !virtual && !leavesNoTrace(guest));
    const given = environment.ADUE | (hidesTimer ? 0n : environment.STCE);
    state.henvcfg = guest.menvcfg & given & (virtual ? guest.henvcfg : -1n);
    state.mode = { privilege: guest.mode.privilege, virtual: true };
  }

  #unloadSupervisor({ state: guest }: Hart, shadow: bigint | undefined, mode: 0 | 1): void {
    const { state } = this.#host.hart;
    guest.mode = { privilege: mode, virtual: guest.mode.virtual };
    guest.mstatus = (guest.mstatus & ~ownStatus) | (state.vsstatus & ownStatus);
    guest.stvec = state.vstvec;
    guest.sscratch = state.vsscratch;
    guest.sepc = state.vsepc;
    guest.scause = state.vscause;
    guest.stval = state.vstval;
    // With shadow tables, whoever writes satp comes to the VMM.
    if (shadow === undefined) guest.satp = state.vsatp;
    guest.scounteren = state.scounteren;
    guest.senvcfg = state.senvcfg;
    const { bits, shift } = ownInterrupts(guest);
    guest.mie = (guest.mie & ~bits) | ((state.mie >> shift) & bits);
    const software = bits & (SSI | (SSI << 1));
    guest.software = (guest.software & ~software) | ((state.software >> shift) & software);
  }

  /** htimedelta: the guest's clock stands still while others execute. */
  #begin(guest: Hart, time: GuestTime): void {
    const { hart } = this.#host;
    const now = guest.time();
    // The host was idle while the guest was.
    if (now - time.delta > this.#host.ticks) this.#host.ticks = now - time.delta;
    time.delta = now - this.#host.ticks;
    this.#delta = time.delta;
    const own = guest.state.mode.virtual ? guest.state.htimedelta : 0n;
    hart.state.htimedelta = BigInt.asIntN(64, time.delta + own);
    hart.clock = this;
    this.delivered = 0;
    this.#guest = guest;
    this.#counted = hart.cycles;
    this.#trapped = hart.cycles - hart.retired;
  }

  /** @param trapped whether the last instruction begun didn't happen */
  #end(guest: Hart, trapped: boolean): void {
    if (trapped) {
      this.#counted++;
      this.#trapped++;
    }
    this.#count();
    this.#host.ticks = guest.time() - this.#delta;
    this.#guest = undefined;
  }

  /** Counts for the guest what the host's hart has executed since that was done last. */
  #count(): void {
    const { hart } = this.#host;
    const { cycles } = hart;
    const trapped = cycles - hart.retired;
    this.delivered += trapped - this.#trapped;
    this.#guest?.count(cycles - this.#counted, trapped - this.#trapped);
    this.#counted = cycles;
    this.#trapped = trapped;
  }
}
