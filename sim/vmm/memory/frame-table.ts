import { isZero, UsageError, type HeatView, type TableView, type Viewable } from "../../core/index.js";
import { pageSize } from "../privileged.js";
import type { VirtualMachine } from "../virtual-machine.js";
import type { Vmm } from "../vmm.js";

/** A page of the host's memory, by its number, and how many pages of guests it stands for. */
export interface Frame {
  readonly number: number;
  references: number;
  /** Merged by a scan, and not by a clone. */
  merged: boolean;
}

/** What backs a virtual machine's pages: a frame, or nothing. */
export interface Backing {
  readonly vm: VirtualMachine;
  /** By page number from the beginning of the guest's memory. */
  readonly frames: (Frame | undefined)[];
  /** Stores that found a page shared, and got a copy of it; stores that found nothing, and got a frame. */
  copied: number;
  populated: number;
}

/**
 * Which of the host's frames stands for which page of which guest: what a VMM's page tables from guests' memory to the host's say. A page
 * that nobody wrote has no frame; one that is shared is write-protected, and the first store to it, by a hart or by a device, gives its
 * writer a frame of its own (copy on write).
 *
 * A simplification: this simulator's guests keep their bytes in windows of their own, so that what sharing saves is counted here
 * and not saved in the simulator's memory. Stores are seen as the host's processor shows them, by faults on protected pages.
 */
export class FrameTable implements Viewable {
  readonly backings: Backing[] = [];
  #next = 0;
  #held = 0;

  /** @throws UsageError where a VMM's machines are in it already */
  constructor(...vmms: readonly Vmm[]) {
    for (const vmm of vmms) this.add(vmm);
  }

  /** All machines of a VMM are backed from here. @throws UsageError where they are already */
  add(vmm: Vmm): void {
    for (const vm of vmm.machines) {
      if (this.backings.some((backing) => backing.vm === vm)) {
        throw new UsageError(`the memory of ${vm.name} is accounted for already`, "Add each VMM once.");
      }
      const { bus } = vm.machine;
      const backing: Backing = { vm, frames: [], copied: 0, populated: 0 };
      for (let page = 0; page < bus.ramSize / pageSize; page++) {
        backing.frames.push(isZero(contentOf(vm, page)) ? undefined : this.#take());
      }
      this.backings.push(backing);
      const start = Number(vm.hostAddress(BigInt(bus.ramBase)));
      vmm.host.bus.onWritten((address, length) => {
        const first = Math.max(0, Math.floor((address - start) / pageSize));
        const last = Math.min(backing.frames.length - 1, Math.floor((address + length - 1 - start) / pageSize));
        for (let page = first; page <= last; page++) this.#written(backing, page);
      });
      this.#protect(backing);
    }
  }

  /** Frames that stand for any page. */
  get held(): number {
    return this.#held;
  }

  /** Pages of guests that have a frame. */
  get backed(): number {
    return this.backings.reduce((sum, { frames }) => sum + frames.filter((frame) => frame !== undefined).length, 0);
  }

  /** @throws UsageError for a machine that isn't in it */
  of(vm: VirtualMachine): Backing {
    const found = this.backings.find((backing) => backing.vm === vm);
    if (found !== undefined) return found;
    throw new UsageError(`the memory of ${vm.name} isn't accounted for`, "Give its VMM to the frame table.");
  }

  /** A page gets the frame of another, whose content it has: until either is written. */
  share(from: Backing, page: number, to: Backing, other: number, merged: boolean): void {
    const frame = from.frames[page];
    if (frame === undefined || to.frames[other] === frame) return;
    this.release(to, other);
    frame.references++;
    frame.merged ||= merged;
    to.frames[other] = frame;
    this.#guard(from, page);
    this.#guard(to, other);
  }

  /** A page has no frame any more: the guest gave it back. */
  release(backing: Backing, page: number): void {
    const frame = backing.frames[page];
    if (frame === undefined) return;
    backing.frames[page] = undefined;
    if (--frame.references === 0) this.#held--;
    this.#guard(backing, page);
  }

  /** Harts forget what they may write: behind changes to what is shared. */
  fence(): void {
    for (const { vm } of this.backings) vm.machine.protect([]);
  }

  /**
   * A running guest becomes two: the other machine goes on from where this one is, and both share all pages until one of them
   * writes.
   * @throws UsageError where the other can't take its state, or either isn't in the table
   */
  fork(parent: VirtualMachine, child: VirtualMachine): void {
    const [from, to] = [this.of(parent), this.of(child)];
    child.restore(parent.keep());
    child.ended = parent.ended;
    for (const [page, frame] of from.frames.entries()) {
      if (frame === undefined) this.release(to, page);
      else this.share(from, page, to, page, false);
    }
    this.fence();
  }

  /** Who has how much. */
  view(): TableView {
    const rows = this.backings.map(({ vm, frames, copied, populated }) => {
      const backed = frames.filter((frame) => frame !== undefined);
      const shared = backed.filter(({ references }) => references > 1);
      const part = backed.reduce((sum, { references }) => sum + 1 / references, 0);
      return {
        machine: vm.name,
        pages: frames.length,
        backed: backed.length,
        shared: shared.length,
        part: Number(part.toFixed(1)),
        copied,
        populated,
      };
    });
    return {
      as: "table",
      title: "Who holds how much of the host's memory?",
      columns: [
        { key: "machine" },
        { key: "pages", label: "memory", unit: "pages" },
        { key: "backed", unit: "pages" },
        { key: "shared", label: "of them shared", unit: "pages" },
        { key: "part", label: "its part of the frames", unit: "frames" },
        { key: "copied", label: "copied on write" },
        { key: "populated", label: "given at a store" },
      ],
      rows,
      caption: `${this.held} frames of ${pageSize} bytes stand for ${this.backed} pages; a shared frame counts in equal parts`,
    };
  }

  /** Which pages are shared by how many. */
  map(): HeatView {
    return {
      as: "heat",
      title: "Which pages have a frame, and how many share it?",
      caption: "0: no frame; 1: its own; more: shared",
      x: { label: "page of the guest's memory", unit: "" },
      y: { label: "machine", unit: "" },
      value: { label: "pages that share the frame", unit: "" },
      rows: this.backings.map(({ vm }, index) => `${index}: ${vm.name}`),
      values: this.backings.map(({ frames }) => frames.map((frame) => frame?.references ?? 0)),
    };
  }

  #take(): Frame {
    this.#held++;
    return { number: this.#next++, references: 1, merged: false };
  }

  #written(backing: Backing, page: number): void {
    const frame = backing.frames[page];
    if (frame?.references === 1) return;
    if (frame === undefined) backing.populated++;
    else {
      frame.references--;
      backing.copied++;
    }
    backing.frames[page] = this.#take();
  }

  #guard({ vm: { machine } }: Backing, page: number): void {
    machine.bus.dirty.protect(machine.bus.ramBase + page * pageSize);
  }

  /** Of pages without a frame, the first store has to be seen. */
  #protect(backing: Backing): void {
    backing.frames.forEach((frame, page) => {
      if (frame === undefined) this.#guard(backing, page);
    });
    backing.vm.machine.protect([]);
  }
}

/** A guest's page as it is, not a copy. */
export function contentOf({ machine: { bus } }: VirtualMachine, page: number): Uint8Array {
  return bus.bytes(bus.ramBase + page * pageSize, pageSize) ?? new Uint8Array(pageSize);
}
