import { invariant } from "../core/index.js";
import { DirtyPages } from "./dirty-pages.js";
import type { Device } from "./devices/device.js";
import type { RamPages } from "./hart/memory.js";
import type { Width } from "./instructions/index.js";
import { pageSize } from "./layout.js";

interface Place {
  readonly start: number;
  readonly end: number;
  readonly device: Device;
}

type Written = (address: number, length: number) => void;

/** Where RAM lies: in an arena, or in a part of one that another machine has. */
interface Ram {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly ramStart: number;
  readonly ramSize: number;
  /** Where a byte for each page begins, and behind these another, if harts' code is to see the marks of pages. */
  readonly marksStart?: number;
}

/**
 * The physical address space: RAM, which lies in the arena, and devices. An address with neither is a bus error, which the hart
 * makes an access fault.
 */
export class Bus {
  readonly buffer: ArrayBuffer;
  /** The physical address at which RAM begins, its size, and where it lies in the buffer. */
  readonly ramBase: number;
  readonly ramSize: number;
  readonly ramStart: number;
  /** Pages of RAM that harts and devices wrote. */
  readonly dirty: DirtyPages;
  readonly #pages: RamPages | undefined;
  readonly #view: DataView;
  readonly #places: Place[] = [];
  readonly #listeners: Written[] = [];
  /** Is told of each access to RAM that is made by its physical address, before it: for memory that isn't all here yet. */
  onTouch: ((address: number, bytes: number) => void) | undefined;
  /** Is told before a device is accessed: it may look at the time, and at the world. */
  onDevice: (() => void) | undefined;
  /** Pages of RAM, by address, that aren't here; undefined where all are. */
  absent: ReadonlySet<number> | undefined;
  /** The place found last: accesses come in runs. */
  #last: Place | undefined;

  /** @param marked is told of each store to RAM, before it, but for those that translated code makes by itself */
  constructor({ memory, ramStart, ramSize, marksStart }: Ram, ramBase: number, marked?: Written) {
    this.buffer = memory.buffer;
    this.ramBase = ramBase;
    this.ramSize = ramSize;
    this.ramStart = ramStart;
    const count = ramSize / pageSize;
    const marks = marksStart === undefined ? undefined : new Uint8Array(this.buffer, marksStart, count);
    this.dirty = new DirtyPages(new Uint8Array(this.buffer, ramStart, ramSize), ramBase, marked, marks);
    this.#pages = marksStart === undefined ? undefined : { base: ramBase, start: ramStart, count, marks: marksStart };
    this.#view = new DataView(this.buffer);
  }

  attach(start: number, device: Device): void {
    const end = start + device.size;
    const taken = this.#places.find((place) => start < place.end && place.start < end);
    invariant(taken === undefined, `${device.name} lies where ${taken?.device.name ?? ""} does`);
    this.#places.push({ start, end, device });
  }

  /** Where each device lies, in order of attachment. */
  get places(): readonly Place[] {
    return this.#places;
  }

  /** Where RAM lies in the buffer; undefined where not all of it is RAM. */
  ramAt(address: number, bytes: number): number | undefined {
    const offset = address - this.ramBase;
    if (!(offset >= 0 && offset + bytes <= this.ramSize)) return undefined;
    this.onTouch?.(address, bytes);
    return this.ramStart + offset;
  }

  /** What an access of that many bits gives, zero-extended; undefined where nobody answers. */
  load(address: number, width: Width): bigint | undefined {
    const at = this.ramAt(address, width / 8);
    if (at === undefined) {
      const place = this.#placeOf(address, width / 8);
      return place?.device.load(address - place.start, width);
    }
    switch (width) {
      case 8:
        return BigInt(this.#view.getUint8(at));
      case 16:
        return BigInt(this.#view.getUint16(at, true));
      case 32:
        return BigInt(this.#view.getUint32(at, true));
      case 64:
        return this.#view.getBigUint64(at, true);
    }
  }

  /** @returns whether somebody took it. A store to RAM is a hart's own: `written` is not told of it. */
  store(address: number, width: Width, value: bigint): boolean {
    const at = this.ramAt(address, width / 8);
    if (at === undefined) {
      const place = this.#placeOf(address, width / 8);
      place?.device.store(address - place.start, width, BigInt.asUintN(width, value));
      return place !== undefined;
    }
    this.dirty.mark(address, width / 8);
    switch (width) {
      case 8:
        this.#view.setUint8(at, Number(BigInt.asUintN(8, value)));
        return true;
      case 16:
        this.#view.setUint16(at, Number(BigInt.asUintN(16, value)), true);
        return true;
      case 32:
        this.#view.setUint32(at, Number(BigInt.asUintN(32, value)), true);
        return true;
      case 64:
        this.#view.setBigInt64(at, BigInt.asIntN(64, value), true);
        return true;
    }
  }

  /** RAM page by page; undefined where accesses have to be seen. */
  get pages(): RamPages | undefined {
    return this.onTouch === undefined ? this.#pages : undefined;
  }

  /** RAM itself, for who reads and writes it past the harts; undefined where it isn't all RAM. Tell `written` afterwards. */
  bytes(address: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    const at = this.ramAt(address, length);
    return at === undefined ? undefined : new Uint8Array(this.buffer, at, length);
  }

  /** Makes all of RAM zeros. */
  clear(): void {
    this.bytes(this.ramBase, this.ramSize)?.fill(0);
    this.written(this.ramBase, this.ramSize);
  }

  /** RAM changed there other than by a hart's own stores. */
  written(address: number, length: number): void {
    this.dirty.mark(address, length);
    for (const listener of this.#listeners) listener(address, length);
  }

  onWritten(listener: Written): void {
    this.#listeners.push(listener);
  }

  #placeOf(address: number, bytes: number): Place | undefined {
    const within = ({ start, end }: Place): boolean => address >= start && address + bytes <= end;
    if (this.#last === undefined || !within(this.#last)) this.#last = this.#places.find(within);
    if (this.#last !== undefined) this.onDevice?.();
    return this.#last;
  }
}
