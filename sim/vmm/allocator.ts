import { pageWalk, type Hart, type Machine } from "../machine/index.js";
import type { CodeCache } from "./code-cache.js";
import type { Allotment, Frames } from "./frames.js";
import type { NestedTables } from "./nested-paging.js";
import { nestedSpaceOf, pageSize, privilege, pte, spaceOf, status, type Access } from "./privileged.js";
import { ShadowTables, type View } from "./shadow-paging.js";
import type { TracedTables } from "./traced-tables.js";

export interface AllocatorParts {
  readonly guest: Hart;
  /** The guest's physical addresses, and its RAM: where the guest has it, and where the host does. */
  readonly bus: Machine["bus"];
  readonly ramBase: number;
  readonly allotment: Allotment;
  readonly frames: Frames;
  readonly fence: (address?: bigint) => void;
  /** Whether the guest's page counts as written: a store that isn't seen has to be to such a page. */
  readonly isDirty: (page: number) => boolean;
  readonly mark: (page: number) => void;
  /** The host is about to reach the guest's page without telling: it has to be here. */
  readonly touch: (page: number) => void;
}

/**
 * Popek and Goldberg's allocator, for memory: decides what of the host's a guest may reach. The guest's RAM is an allotment,
 * base and bound; a guest's physical page is the host's page at the same distance from the base, and there is no other way for an
 * address of the guest's to become one of the host's.
 */
export class Allocator {
  readonly shadow: ShadowTables;
  /**
   * Of guest physical addresses of the guest's own guest: the guest's tables for these and the VMM's for the guest in one, Sv39x4. They
   * take the shadow's place in its frames where the hart walks the guest's tables itself.
   */
  readonly composed: ShadowTables;
  /** Where some of the guest's code is executed from copies. */
  code: CodeCache | undefined;
  /** Where the guest's stores to its page tables are seen. */
  traced: TracedTables | undefined;
  readonly #parts: AllocatorParts;

  constructor(parts: AllocatorParts) {
    this.#parts = parts;
    const { frames, fence } = parts;
    this.shadow = new ShadowTables({ frames, fence, forgotten: () => this.traced?.clear() });
    this.composed = new ShadowTables({ frames, fence, rootPages: 4 });
  }

  /** Tables of guest physical addresses, where the guest walks its own itself. */
  nested: Pick<NestedTables, "lookUp"> | undefined;
  /** Whether the guest's modes are the hart's own: then what each may access is for the hart to decide. */
  hasModes = false;

  /** How the guest sees memory now. */
  get view(): View {
    const { state } = this.#parts.guest;
    const { privilege: mode, virtual } = state.mode;
    const space = virtual ? nestedSpaceOf(state.satp, state.hgatp) : spaceOf(state.satp);
    // HS-mode's MXR is for its guest, too.
    const above = virtual && (state.vsstatus & status.MXR) !== 0 ? 16 : 0;
    if (this.hasModes) return { space, key: above };
    // SUM is supervisor's alone; machine mode has neither.
    const { mstatus } = state;
    if (mode === privilege.user) return { space, key: above + ((mstatus & status.MXR) === 0 ? 0 : 1) };
    if (mode === privilege.machine) return { space: 0n, key: 8 };
    return { space, key: above + 4 + (mstatus & (status.SUM | status.MXR)) / status.SUM };
  }

  /** What the host's tables say of an address as the guest sees memory now; undefined where they are to be filled. */
  lookUp(address: bigint): ReturnType<ShadowTables["lookUp"]> {
    const { guest, bus } = this.#parts;
    if (this.nested !== undefined) {
      const { physical } = pageWalk(guest, bus, address);
      return physical === undefined ? undefined : this.nested.lookUp(physical);
    }
    return this.shadow.lookUp(this.view, address);
  }

  /** The pages of the guest's present address space that shadow tables have. */
  get mapped(): readonly bigint[] {
    return this.shadow.mapped(this.view.space);
  }

  /**
   * Lets the guest reach the page of an address, as far as its own tables and its physical memory protection let it.
   * @returns whether it does now; otherwise the access is a device's, a fault of the guest's, or to a page that is only partly open
   */
  fill(address: bigint, access: Access): boolean {
    const { guest, isDirty, mark } = this.#parts;
    const { memory, protection, state } = guest;
    const physical = memory.translate(address, 1, access);
    if (typeof physical !== "number") return false;
    const { level, writable } = memory;
    const page = physical - (physical % pageSize);
    const place = this.#hostPage(page);
    if (place === undefined) return false;
    const mode = state.mode.privilege;
    const allows = (kind: Access): boolean => protection.allows(page, pageSize, kind, mode);
    if (!allows(access)) return false;
    const { code } = this;
    if (code?.scans === true) {
      if (access === "execute") {
        this.#map(address, page, { place: code.frame(page), flags: pte.X | pte.U, level });
        return true;
      }
      // Data among code: the host's tables can't show both at one address.
      if (code.has(page)) return false;
    }
    const isGuarded = code?.has(page) === true || this.traced?.has(page) === true;
    if (isGuarded && access === "write") return false;
    let flags: number;
    if (access === "execute") flags = pte.X;
    else if (access === "write") {
      mark(page);
      flags = pte.R | pte.W;
    } else {
      const writes = writable && isDirty(page) && !isGuarded && allows("write");
      flags = writes ? pte.R | pte.W : pte.R;
    }
    this.#map(address, page, { place, flags: flags | (this.#isUsers(address) ? pte.U : 0), level });
    return true;
  }

  #map(
    address: bigint,
    page: number,
    { place, flags, level }: { readonly place: number; readonly flags: number; readonly level: number },
  ): void {
    const at = this.shadow.map(this.view, address, place, flags, level);
    if (this.traced === undefined) return;
    const { guest, bus } = this.#parts;
    const sources = pageWalk(guest, bus, address).steps.map((step) => step.at);
    this.traced.note(at, { address, page, sources });
  }

  /** For the host's hart while the guest's own guest is on it: its hypervisor's tables and the VMM's in one. */
  get composedView(): View {
    return { space: this.#parts.guest.state.hgatp, key: 0 };
  }

  /**
   * Lets the guest's own guest reach a guest physical page, as far as its hypervisor's tables let it, and the guest's physical memory
   * protection.
   * @returns whether it does now; otherwise the access is a device's, or a fault for its hypervisor
   */
  fillComposed(guestPhysical: number, access: Access): boolean {
    const { guest, isDirty, mark } = this.#parts;
    const { memory, protection } = guest;
    const from = guestPhysical - (guestPhysical % pageSize);
    let page = memory.translateGuestPhysical(from, access);
    // With MXR in HS-mode, what can be executed can be read: the host's hart sees to that.
    if (page === undefined && access === "read") page = memory.translateGuestPhysical(from, "execute");
    if (page === undefined) return false;
    const { level, writable } = memory;
    const place = this.#hostPage(page);
    if (place === undefined) return false;
    const found = page;
    const allows = (kind: Access): boolean => protection.allows(found, pageSize, kind, privilege.user);
    const may = (kind: Access): boolean => allows(kind) && memory.translateGuestPhysical(from, kind) !== undefined;
    if (access === "write") mark(page);
    let flags = pte.U;
    if (may("read")) flags |= pte.R;
    if (may("execute")) flags |= pte.X;
    if (writable && isDirty(page) && allows("write")) flags |= pte.W;
    if (access === "write" && (flags & pte.W) === 0) return false;
    this.composed.map(this.composedView, BigInt(from), place, flags, level);
    return true;
  }

  /** Whether user mode is to reach a page through the tables: of one that the guest maps, its own tables say so. */
  #isUsers(address: bigint): boolean {
    const { guest, bus } = this.#parts;
    if (!this.hasModes) return true;
    const entry = pageWalk(guest, bus, address).steps.findLast(({ stage }) => stage !== "hypervisor")?.entry;
    return entry === undefined ? guest.state.mode.privilege === privilege.user : (Number(entry & 0xffn) & pte.U) !== 0;
  }

  /** What an access is to that the host's tables don't show: to a page table, to other memory of the guest's, or to none. */
  hiddenAt(address: bigint, access: Access): "table" | "memory" | undefined {
    const physical = this.#parts.guest.memory.translate(address, 1, access);
    if (typeof physical !== "number") return undefined;
    const page = physical - (physical % pageSize);
    if (this.#hostPage(page) === undefined) return undefined;
    return access === "write" && this.traced?.has(page) === true ? "table" : "memory";
  }

  #hostPage(page: number): number | undefined {
    const { ramBase, allotment, touch } = this.#parts;
    const offset = page - ramBase;
    if (!(offset >= 0 && offset + pageSize <= allotment.size)) return undefined;
    touch(page);
    return allotment.address + offset;
  }
}
