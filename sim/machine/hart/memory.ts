import type { Exception, GuestFault, Width } from "../instructions/index.js";
import type { DirtyPages } from "../dirty-pages.js";
import { accessFault, cause, guestPageFault, pageFault, type Access } from "./exceptions.js";
import { highOf, lowOf } from "./halves.js";
import { machine, modeOf, privilegeOf, type Mode } from "./mode.js";
import type { Protection } from "./pmp.js";
import { isSv39, rootOf } from "./satp.js";
import type { PrivilegedState } from "./state.js";
import { mppShift, status, statusHigh } from "./status.js";
import { TwoStage } from "./two-stage.js";
import { Walker, type WalkRules } from "./walk.js";

/** RAM page by page, where code of the arena finds it and what it has to know of it. */
export interface RamPages {
  /** The first page's physical address, where it lies in the buffer, and how many there are. */
  readonly base: number;
  readonly start: number;
  readonly count: number;
  /** Where the marks of `DirtyPages` lie, a byte for each page. Behind them are as many that say whether a page holds translated code. */
  readonly marks: number;
}

/** The physical address space as a hart needs it. */
export interface HartBus {
  readonly buffer: ArrayBuffer;
  /** Where RAM lies in the buffer; undefined where not all of it is RAM. */
  ramAt(address: number, bytes: number): number | undefined;
  /** RAM or a device; undefined where nobody answers. */
  load(address: number, width: Width): bigint | undefined;
  /** False where nobody answers. */
  store(address: number, width: Width, value: bigint): boolean;
  /** Which pages were written. */
  readonly dirty: DirtyPages;
  /** Undefined where harts' accesses to RAM have to be asked for. */
  readonly pages: RamPages | undefined;
  /** Calls when RAM changed other than by the harts' stores. */
  onWritten(listener: (address: number, length: number) => void): void;
}

/** No physical addresses. */
const noPage = -1;
const noAccess = -2;
const noGuestPage = -3;
const faults: Readonly<Record<number, Readonly<Record<Access, number>>>> = {
  [noPage]: pageFault,
  [noAccess]: accessFault,
  [noGuestPage]: guestPageFault,
};

const pageSize = 4096;
const offsetOf = (address: bigint): number => lowOf(address) & (pageSize - 1);

/**
 * Memory as a hart's instructions see it: virtual addresses, permissions, faults. Misaligned accesses are served in RAM, across
 * pages too, unless they are to be exceptions, which come before all others; of a device they are access faults, as are atomic instructions on one.
 */
export class VirtualMemory {
  readonly #bus: HartBus;
  readonly #state: PrivilegedState;
  readonly #protection: Protection;
  readonly #alignedOnly: boolean;
  readonly #walker: Walker;
  readonly #guests: TwoStage;
  /** Of addresses that one stage translates. */
  readonly #rules: WalkRules;
  /** The mode that an access is made as, whatever the hart's; and whether it is an access to what can be executed. */
  #lent: Mode | undefined;
  #peeks = false;
  readonly #view: DataView;
  /** The last value of satp, and where its topmost table is. */
  #satp = 0n;
  #root = 0;
  /** Is told of each change of RAM that instructions make here. */
  readonly #stored: (address: number, bytes: number) => void;

  constructor(
    bus: HartBus,
    state: PrivilegedState,
    protection: Protection,
    alignedOnly: boolean,
    stored: (address: number, bytes: number) => void,
  ) {
    this.#bus = bus;
    this.#state = state;
    this.#protection = protection;
    this.#alignedOnly = alignedOnly;
    this.#walker = new Walker(bus, protection, stored);
    this.#guests = new TwoStage(state, this.#walker, bus, protection, stored);
    this.#rules = {
      get status() {
        return state.mstatus;
      },
      get environment() {
        return state.menvcfg;
      },
    };
    this.#view = new DataView(bus.buffer);
    this.#stored = stored;
  }

  /** The mode that loads and stores are made as: in machine mode, MPRV lends them the mode before the trap. */
  get dataMode(): Mode {
    if (this.#lent !== undefined) return this.#lent;
    const { mode, mstatus, mstatush } = this.#state;
    return mode.privilege === machine && (mstatus & status.MPRV) !== 0
      ? modeOf(privilegeOf((mstatus & status.MPP) >> mppShift), (mstatush & statusHigh.MPV) !== 0)
      : mode;
  }

  /** Of the last translation: the level of the leaf that it found; 0 is a page of 4 KiB. */
  get level(): number {
    return this.#walker.level;
  }

  /** Of the last translation: whether page tables let a store go the same way, and have nothing to mark for it. */
  get writable(): boolean {
    return this.#walker.writable;
  }

  /**
   * The physical address of bytes that don't reach into another page.
   * @returns the exception where there is none, or it may not be accessed
   */
  translate(address: bigint, bytes: number, access: Access): number | Exception {
    const found = this.locate(lowOf(address), highOf(address), bytes, access);
    if (found >= 0) return found;
    const number = (faults[found] ?? accessFault)[access];
    return found === noGuestPage
      ? { cause: number, value: address, guest: this.#guestFault(address) }
      : { cause: number, value: address };
  }

  /**
   * Where a guest physical page lies by the hypervisor's tables (G-stage), and marked there as such an access marks it; `level` and
   * `writable` are of that way. Physical memory protection is the caller's.
   * @returns undefined where the tables don't allow the access
   */
  translateGuestPhysical(page: number, access: Access): number | undefined {
    return this.#guests.walkPhysical(page, access) === undefined ? this.#walker.page : undefined;
  }

  /** "the guest physical address that faulted, shifted right by 2 bits" ("Hypervisor Trap Value Register"), and what for. */
  #guestFault(address: bigint): GuestFault {
    const { implicit, faultPage } = this.#guests;
    // Beyond 2^53 the page's number is exact, a sum with the offset wouldn't be.
    if (implicit === undefined) return { address: (BigInt(faultPage) | BigInt.asUintN(12, address)) >> 2n };
    return { address: BigInt(implicit.address) >> 2n, implicit: implicit.access };
  }

  /** As `translate`, of an address in halves. @returns `noPage` or `noAccess` where there is an exception */
  locate(low: number, high: number, bytes: number, access: Access): number {
    const state = this.#state;
    const { privilege, virtual } = access === "execute" ? state.mode : this.dataMode;
    let physical: number;
    if (virtual) {
      const fault = this.#guests.walk(low, high, this.#peeks ? "peek" : access, privilege);
      if (fault !== undefined) return fault === "page" ? noPage : fault === "guest" ? noGuestPage : noAccess;
      physical = this.#walker.page + (low & (pageSize - 1));
      // HLVX: "the supervisor physical memory attributes must grant both execute and read permissions".
      if (this.#peeks && !this.#protection.allows(physical, bytes, "execute", privilege)) return noAccess;
    } else if (privilege === machine || !isSv39(state.satp)) {
      physical = (high >>> 0) * 2 ** 32 + (low >>> 0);
      this.#walker.level = 0;
      this.#walker.writable = true;
    } else {
      // Of 39 bits, sign-extended.
      if ((high << 25) >> 25 !== high) return noPage;
      const number = ((high & 127) << 20) | (low >>> 12);
      if (state.satp !== this.#satp) {
        this.#satp = state.satp;
        this.#root = rootOf(state.satp);
      }
      const fault = this.#walker.walk(this.#root, number, access, privilege, this.#rules);
      if (fault !== undefined) return fault === "page" ? noPage : noAccess;
      physical = this.#walker.page + (low & (pageSize - 1));
    }
    return this.#protection.allows(physical, bytes, access, privilege) ? physical : noAccess;
  }

  /** Whether an access lies in one page, and is no exception for its alignment. @param low the address's lower half */
  isPlain(low: number, bytes: number, aligned: boolean): boolean {
    return aligned || this.#alignedOnly ? (low & (bytes - 1)) === 0 : (low & (pageSize - 1)) + bytes <= pageSize;
  }

  /** The sign-extended content. */
  load(address: bigint, width: Width): bigint | Exception {
    const bytes = width / 8;
    if (this.#alignedOnly && !isAligned(address, width)) return { cause: cause.loadMisaligned, value: address };
    if (offsetOf(address) + bytes > pageSize) return this.#loadAcross(address, width);
    const physical = this.translate(address, bytes, "read");
    if (typeof physical !== "number") return physical;
    return this.read(physical, width) ?? this.#readDevice(address, physical, width);
  }

  /**
   * Makes a load or store as a guest's, whatever the hart's mode: "with an effective privilege mode of VS or VU", overriding MPRV
   * ("Hypervisor Virtual-Machine Load and Store Instructions").
   * @param peeks whether a load needs what can be executed, instead of read (HLVX)
   */
  asGuest<T>(mode: Mode, peeks: boolean, access: () => T): T {
    this.#lent = mode;
    this.#peeks = peeks;
    try {
      return access();
    } finally {
      this.#lent = undefined;
      this.#peeks = false;
    }
  }

  /** Atomic instructions' load: with a store's permissions, and aligned. */
  loadToStore(address: bigint, width: Width): bigint | Exception {
    if (!isAligned(address, width)) return { cause: cause.storeMisaligned, value: address };
    const physical = this.translate(address, width / 8, "write");
    if (typeof physical !== "number") return physical;
    return this.read(physical, width) ?? { cause: accessFault.write, value: address };
  }

  store(address: bigint, width: Width, value: bigint): Exception | undefined {
    const bytes = width / 8;
    if (this.#alignedOnly && !isAligned(address, width)) return { cause: cause.storeMisaligned, value: address };
    if (offsetOf(address) + bytes > pageSize) return this.#storeAcross(address, bytes, value);
    const physical = this.translate(address, bytes, "write");
    if (typeof physical !== "number") return physical;
    if (this.write(physical, width, value)) return undefined;
    const taken = isAligned(address, width) && this.#bus.store(physical, width, BigInt.asUintN(width, value));
    return taken ? undefined : { cause: accessFault.write, value: address };
  }

  /** 16 bits of an instruction. */
  fetch(address: bigint): number | Exception {
    const physical = this.translate(address, 2, "execute");
    if (typeof physical !== "number") return physical;
    const at = this.#bus.ramAt(physical, 2);
    // Nobody executes what devices answer.
    return at === undefined ? { cause: accessFault.execute, value: address } : this.#view.getUint16(at, true);
  }

  /** 32 bits from there on, of which an instruction may be the lower half; undefined where they aren't all to be had at once. */
  fetchLong(address: bigint): number | undefined {
    const low = lowOf(address);
    if ((low & (pageSize - 1)) > pageSize - 4) return undefined;
    const physical = this.locate(low, highOf(address), 4, "execute");
    const at = physical < 0 ? undefined : this.#bus.ramAt(physical, 4);
    return at === undefined ? undefined : this.#view.getUint32(at, true);
  }

  /** What RAM holds, sign-extended; undefined where there is none. */
  read(physical: number, width: Width): bigint | undefined {
    const at = this.#bus.ramAt(physical, width / 8);
    if (at === undefined) return undefined;
    switch (width) {
      case 8:
        return BigInt(this.#view.getInt8(at));
      case 16:
        return BigInt(this.#view.getInt16(at, true));
      case 32:
        return BigInt(this.#view.getInt32(at, true));
      case 64:
        return this.#view.getBigInt64(at, true);
    }
  }

  /** @returns whether there is RAM */
  write(physical: number, width: Width, value: bigint): boolean {
    const at = this.#bus.ramAt(physical, width / 8);
    if (at === undefined) return false;
    this.#stored(physical, width / 8);
    switch (width) {
      case 8:
        this.#view.setUint8(at, Number(value & 0xffn));
        return true;
      case 16:
        this.#view.setUint16(at, Number(value & 0xffffn), true);
        return true;
      case 32:
        this.#view.setUint32(at, Number(value & 0xffffffffn), true);
        return true;
      case 64:
        this.#view.setBigInt64(at, value, true);
        return true;
    }
  }

  #readDevice(address: bigint, physical: number, width: Width): bigint | Exception {
    const value = isAligned(address, width) ? this.#bus.load(physical, width) : undefined;
    return value === undefined ? { cause: accessFault.read, value: address } : BigInt.asIntN(width, value);
  }

  #loadAcross(address: bigint, width: Width): bigint | Exception {
    const places = this.#across(address, width / 8, "read");
    if (!Array.isArray(places)) return places;
    const value = places.reduceRight((sum, at) => (sum << 8n) | BigInt(this.#view.getUint8(at)), 0n);
    return BigInt.asIntN(width, value);
  }

  #storeAcross(address: bigint, bytes: number, value: bigint): Exception | undefined {
    const places = this.#across(address, bytes, "write", this.#stored);
    if (!Array.isArray(places)) return places;
    places.forEach((at, index) => {
      this.#view.setUint8(at, Number((value >> BigInt(8 * index)) & 0xffn));
    });
    return undefined;
  }

  /** Where in the buffer each byte of an access lies that reaches into the next page; its fault is at the part that has it. */
  #across(
    address: bigint,
    bytes: number,
    access: "read" | "write",
    found?: (physical: number, bytes: number) => void,
  ): number[] | Exception {
    const first = pageSize - offsetOf(address);
    const parts = [
      { start: address, bytes: first },
      { start: BigInt.asIntN(64, address + BigInt(first)), bytes: bytes - first },
    ];
    const places: number[] = [];
    const physicals: number[] = [];
    for (const part of parts) {
      const physical = this.translate(part.start, part.bytes, access);
      if (typeof physical !== "number") return physical;
      const at = this.#bus.ramAt(physical, part.bytes);
      if (at === undefined) return { cause: accessFault[access], value: part.start };
      physicals.push(physical);
      for (let index = 0; index < part.bytes; index++) places.push(at + index);
    }
    parts.forEach((part, index) => {
      found?.(physicals[index] ?? 0, part.bytes);
    });
    return places;
  }
}

export const isAligned = (address: bigint, width: Width): boolean => (lowOf(address) & (width / 8 - 1)) === 0;
