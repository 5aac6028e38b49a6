import { hartLayout } from "../layout.js";
import { hypervisorStatus } from "./hypervisor-status.js";
import { modeOf, machine, privilegeOf, type Mode } from "./mode.js";
import { mppShift, status, worldFields } from "./status.js";

/** What a counter counts: `base` is its value where it stands still, else what has to be added to the hart's own count. */
export interface Counter {
  base: bigint;
  stopped: boolean;
}

/** The fields that lie in the arena, where translated code works on them. */
export const arenaFields = [
  "mode",
  "mstatus",
  "medeleg",
  "mie",
  "lines",
  "software",
  "mtvec",
  "mepc",
  "mcause",
  "mtval",
  "mscratch",
  "stvec",
  "sepc",
  "scause",
  "stval",
  "sscratch",
  "mstatush",
  "hstatus",
  "hedeleg",
  "htval",
  "htinst",
  "mtval2",
  "mtinst",
] as const;

/** mstatus.TVM and TSR are kept where hstatus's VTVM and VTSR are. */
const { VTVM, VTSR } = hypervisorStatus;

/**
 * What a hart holds beside its integer registers and pc. Names are those of the CSRs; a field of bits is a number where 32 of
 * them are enough. CSRs that are views of these (sstatus, sie, sip, misa, …) have no field. It begins as after a reset
 * (privileged ISA, "Reset"), what that leaves open being 0.
 *
 * When the hypervisor extension's V changes, supervisor CSRs and their replicas change places (see `mode`): so while V is 1, `sepc` is
 * the guest's and `vsepc` the hypervisor's own. Whatever acts on supervisor CSRs acts on those in effect ("When V=1, the VS CSRs
 * substitute for the corresponding supervisor CSRs"), translated code too.
 */
export class PrivilegedState {
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;
  mideleg = 0;
  mcounteren = 0;
  menvcfg = 0n;
  scounteren = 0;
  senvcfg = 0n;
  satp = 0n;
  // Never: the timer of supervisor mode is pending from the start otherwise.
  stimecmp = -1n;
  readonly mcycle: Counter = { base: 0n, stopped: false };
  readonly minstret: Counter = { base: 0n, stopped: false };
  /** One byte and one address for each entry of physical memory protection. */
  readonly pmpcfg: number[];
  readonly pmpaddr: bigint[];
  // The hypervisor extension's.
  hideleg = 0;
  hcounteren = 0;
  henvcfg = 0n;
  htimedelta = 0n;
  hgatp = 0n;
  /** Of mstatus, `worldFields`. */
  vsstatus = 0;
  vstvec = 0n;
  vsscratch = 0n;
  vsepc = 0n;
  vscause = 0n;
  vstval = 0n;
  vsatp = 0n;
  vstimecmp = -1n;
  /** Where LR reserved, until SC or what else ends it. */
  reservation: bigint | undefined = undefined;
  /** In WFI. */
  waiting = false;

  /** @param base where the hart's part of the arena begins */
  constructor(buffer: ArrayBuffer, base: number, pmpEntries: number) {
    this.#words = new Int32Array(buffer, base, hartLayout.size / 4);
    this.#longs = new BigInt64Array(buffer, base, hartLayout.size / 8);
    this.pmpcfg = Array.from({ length: pmpEntries }, () => 0);
    this.pmpaddr = Array.from({ length: pmpEntries }, () => 0n);
    this.#words.fill(0, hartLayout.privilege / 4, hartLayout.modes / 4);
    this.#words.fill(0, hartLayout.mstatush / 4, hartLayout.mtinst / 4 + 2);
    this.mode = modeOf(machine);
    this.mstatus = machine << mppShift;
  }

  get mode(): Mode {
    return modeOf(privilegeOf(this.#words[hartLayout.privilege / 4] ?? 0), this.#words[hartLayout.virtual / 4] === 1);
  }

  /** A change of V lets supervisor CSRs and their replicas change places. */
  set mode({ privilege, virtual }: Mode) {
    this.#words[hartLayout.privilege / 4] = privilege;
    if (virtual === (this.#words[hartLayout.virtual / 4] === 1)) return;
    this.#words[hartLayout.virtual / 4] = virtual ? 1 : 0;
    const { hstatus } = this;
    if (virtual) this.vsstatus = (this.vsstatus & ~(status.TVM | status.TSR)) | (hstatus & (VTVM | VTSR));
    const shown = this.vsstatus & worldFields;
    this.vsstatus = this.mstatus & worldFields;
    this.mstatus = (this.mstatus & ~worldFields) | shown;
    [this.stvec, this.vstvec] = [this.vstvec, this.stvec];
    [this.sscratch, this.vsscratch] = [this.vsscratch, this.sscratch];
    [this.sepc, this.vsepc] = [this.vsepc, this.sepc];
    [this.scause, this.vscause] = [this.vscause, this.scause];
    [this.stval, this.vstval] = [this.vstval, this.stval];
    [this.satp, this.vsatp] = [this.vsatp, this.satp];
    this.noteFloats();
  }

  /** The floating-point registers are going to be used, and are dirty from now on. @returns false where they are off */
  useFloats(): boolean {
    const { FS } = status;
    const { virtual } = this.mode;
    // "When V=1, both vsstatus.FS and the HS-level sstatus.FS are in effect."
    if ((this.mstatus & FS) === 0 || (virtual && (this.vsstatus & FS) === 0)) return false;
    this.mstatus |= FS;
    if (virtual) this.vsstatus |= FS;
    this.noteFloats();
    return true;
  }

  /** Lets code know whether using the floating-point registers changes anything: where V is 1, both status registers tell of them. */
  noteFloats(): void {
    const { FS } = status;
    const bits = this.mode.virtual ? this.mstatus & this.vsstatus : this.mstatus;
    this.#words[hartLayout.floats / 4] = (bits & FS) === FS ? 1 : 0;
  }

  // `lines` are the levels of the interrupt lines, `software` the bits of mip that software set.

  get mstatus(): number {
    return this.#words[hartLayout.mstatus / 4] ?? 0;
  }

  set mstatus(bits: number) {
    this.#words[hartLayout.mstatus / 4] = bits;
  }

  get medeleg(): number {
    return this.#words[hartLayout.medeleg / 4] ?? 0;
  }

  set medeleg(bits: number) {
    this.#words[hartLayout.medeleg / 4] = bits;
  }

  get mie(): number {
    return this.#words[hartLayout.mie / 4] ?? 0;
  }

  set mie(bits: number) {
    this.#words[hartLayout.mie / 4] = bits;
  }

  get lines(): number {
    return this.#words[hartLayout.lines / 4] ?? 0;
  }

  set lines(bits: number) {
    this.#words[hartLayout.lines / 4] = bits;
  }

  get software(): number {
    return this.#words[hartLayout.software / 4] ?? 0;
  }

  set software(bits: number) {
    this.#words[hartLayout.software / 4] = bits;
  }

  get mtvec(): bigint {
    return this.#longs[hartLayout.mtvec / 8] ?? 0n;
  }

  set mtvec(value: bigint) {
    this.#longs[hartLayout.mtvec / 8] = value;
  }

  get mepc(): bigint {
    return this.#longs[hartLayout.mepc / 8] ?? 0n;
  }

  set mepc(value: bigint) {
    this.#longs[hartLayout.mepc / 8] = value;
  }

  get mcause(): bigint {
    return this.#longs[hartLayout.mcause / 8] ?? 0n;
  }

  set mcause(value: bigint) {
    this.#longs[hartLayout.mcause / 8] = value;
  }

  get mtval(): bigint {
    return this.#longs[hartLayout.mtval / 8] ?? 0n;
  }

  set mtval(value: bigint) {
    this.#longs[hartLayout.mtval / 8] = value;
  }

  get mscratch(): bigint {
    return this.#longs[hartLayout.mscratch / 8] ?? 0n;
  }

  set mscratch(value: bigint) {
    this.#longs[hartLayout.mscratch / 8] = value;
  }

  get stvec(): bigint {
    return this.#longs[hartLayout.stvec / 8] ?? 0n;
  }

  set stvec(value: bigint) {
    this.#longs[hartLayout.stvec / 8] = value;
  }

  get sepc(): bigint {
    return this.#longs[hartLayout.sepc / 8] ?? 0n;
  }

  set sepc(value: bigint) {
    this.#longs[hartLayout.sepc / 8] = value;
  }

  get scause(): bigint {
    return this.#longs[hartLayout.scause / 8] ?? 0n;
  }

  set scause(value: bigint) {
    this.#longs[hartLayout.scause / 8] = value;
  }

  get stval(): bigint {
    return this.#longs[hartLayout.stval / 8] ?? 0n;
  }

  set stval(value: bigint) {
    this.#longs[hartLayout.stval / 8] = value;
  }

  get sscratch(): bigint {
    return this.#longs[hartLayout.sscratch / 8] ?? 0n;
  }

  set sscratch(value: bigint) {
    this.#longs[hartLayout.sscratch / 8] = value;
  }

  get mstatush(): number {
    return this.#words[hartLayout.mstatush / 4] ?? 0;
  }

  set mstatush(bits: number) {
    this.#words[hartLayout.mstatush / 4] = bits;
  }

  get hstatus(): number {
    return this.#words[hartLayout.hstatus / 4] ?? 0;
  }

  set hstatus(bits: number) {
    this.#words[hartLayout.hstatus / 4] = bits;
  }

  get hedeleg(): number {
    return this.#words[hartLayout.hedeleg / 4] ?? 0;
  }

  set hedeleg(bits: number) {
    this.#words[hartLayout.hedeleg / 4] = bits;
  }

  get htval(): bigint {
    return this.#longs[hartLayout.htval / 8] ?? 0n;
  }

  set htval(value: bigint) {
    this.#longs[hartLayout.htval / 8] = value;
  }

  get htinst(): bigint {
    return this.#longs[hartLayout.htinst / 8] ?? 0n;
  }

  set htinst(value: bigint) {
    this.#longs[hartLayout.htinst / 8] = value;
  }

  get mtval2(): bigint {
    return this.#longs[hartLayout.mtval2 / 8] ?? 0n;
  }

  set mtval2(value: bigint) {
    this.#longs[hartLayout.mtval2 / 8] = value;
  }

  get mtinst(): bigint {
    return this.#longs[hartLayout.mtinst / 8] ?? 0n;
  }

  set mtinst(value: bigint) {
    this.#longs[hartLayout.mtinst / 8] = value;
  }
}
