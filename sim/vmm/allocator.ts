import { pageWalk, type Hart, type Machine } from "../machine/index.js";
import type { CodeCache } from "./code-cache.js";
import type { Allotment, Frames } from "./frames.js";
import type { NestedTables } from "./nested-paging.js";
import { pageSize, privilege, pte, spaceOf, status, type Access } from "./privileged.js";
import { ShadowTables, type View } from "./shadow-paging.js";

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
  /** Where some of the guest's code is executed from copies. */
  code: CodeCache | undefined;
  readonly #parts: AllocatorParts;

  constructor(parts: AllocatorParts) {
    this.#parts = parts;
    this.shadow = new ShadowTables({ frames: parts.frames, fence: parts.fence });
  }

  /** Tables of guest physical addresses, where the guest walks its own itself. */
  nested: Pick<NestedTables, "lookUp"> | undefined;
  /** Whether the guest's modes are the hart's own: then what each may access is for the hart to decide. */
  hasModes = false;

  /** How the guest sees memory now. */
  get view(): View {
    const { state } = this.#parts.guest;
    if (this.hasModes) return { space: spaceOf(state.satp), key: 0 };
    const { privilege: mode } = state.mode;
    // SUM is supervisor's alone; machine mode has neither.
    const { mstatus } = state;
    if (mode === privilege.user) return { space: spaceOf(state.satp), key: (mstatus & status.MXR) === 0 ? 0 : 1 };
    if (mode === privilege.machine) return { space: 0n, key: 8 };
    return { space: spaceOf(state.satp), key: 4 + (mstatus & (status.SUM | status.MXR)) / status.SUM };
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
        this.shadow.map(this.view, address, code.frame(page), pte.X | pte.U, level);
        return true;
      }
      // Data among code: the host's tables can't show both at one address.
      if (code.has(page)) return false;
    }
    if (code?.has(page) === true && access === "write") return false;
    let flags: number;
    if (access === "execute") flags = pte.X;
    else if (access === "write") {
      mark(page);
      flags = pte.R | pte.W;
    } else {
      const writes = writable && isDirty(page) && code?.has(page) !== true && allows("write");
      flags = writes ? pte.R | pte.W : pte.R;
    }
    this.shadow.map(this.view, address, place, flags | (this.#isUsers(address) ? pte.U : 0), level);
    return true;
  }

  /** Whether user mode is to reach a page through the tables: of one that the guest maps, its own tables say so. */
  #isUsers(address: bigint): boolean {
    const { guest, bus } = this.#parts;
    if (!this.hasModes) return true;
    const entry = pageWalk(guest, bus, address).steps.at(-1)?.entry;
    return entry === undefined ? guest.state.mode.privilege === privilege.user : (Number(entry & 0xffn) & pte.U) !== 0;
  }

  /** Whether the guest has memory at an address, and may access it so. */
  isMemory(address: bigint, access: Access): boolean {
    const physical = this.#parts.guest.memory.translate(address, 1, access);
    return typeof physical === "number" && this.#hostPage(physical - (physical % pageSize)) !== undefined;
  }

  #hostPage(page: number): number | undefined {
    const { ramBase, allotment, touch } = this.#parts;
    const offset = page - ramBase;
    if (!(offset >= 0 && offset + pageSize <= allotment.size)) return undefined;
    touch(page);
    return allotment.address + offset;
  }
}
