import { user, type Privilege } from "./mode.js";
import type { Protection } from "./pmp.js";
import { isSv39, rootOf } from "./satp.js";
import type { PrivilegedState } from "./state.js";
import { status } from "./status.js";
import { guestSatp, guestStatus, hostStatus } from "./worlds.js";
import { Walker, type Needed, type Ram, type TableAddresses } from "./walk.js";

/** Guest physical addresses have 41 bits ("Guest Physical Address Translation"). */
const guestPages = 2 ** 29;
const pageSize = 4096;

/** Why there is no page for a guest's address; "guest": the hypervisor's tables don't allow the guest physical one. */
export type GuestWalkFault = "page" | "access" | "guest";

/**
 * Guests' addresses ("Two-Stage Address Translation"): by the guest's tables (VS-stage) to a guest physical address, by the
 * hypervisor's (G-stage) to a physical one. The guest's tables lie at guest physical addresses themselves, so a walk reads up to
 * 15 entries: each of the guest's three behind three of the hypervisor's, and three more for the address that they give.
 */
export class TwoStage implements TableAddresses {
  readonly #state: PrivilegedState;
  /** Of the guest's tables; holds what was found of both. */
  readonly #first: Walker;
  /** Of the hypervisor's. */
  readonly #second: Walker;
  /** Where the hypervisor's topmost table is, for the last value of hgatp. */
  #hgatp = 0n;
  #root = 0;
  #tableFault: "guest" | "access" = "guest";
  /** Of the last guest-page fault: the guest physical page, and which table entry of the guest it was reached for. */
  faultPage = 0;
  implicit: { readonly address: number; readonly access: "read" | "write" } | undefined;

  /** @param first holds what the last walk found */
  constructor(
    state: PrivilegedState,
    first: Walker,
    ram: Ram,
    protection: Protection,
    marked: (address: number, bytes: number) => void,
  ) {
    this.#state = state;
    this.#first = first;
    this.#second = new Walker(ram, protection, marked);
  }

  /**
   * Finds the page of an address in the guest whose satp, vsstatus and hgatp the hart holds; the walker of the first stage then says
   * which it is.
   * @param high the address's upper half
   */
  walk(low: number, high: number, access: Needed, privilege: Privilege): GuestWalkFault | undefined {
    const state = this.#state;
    const satp = guestSatp(state);
    const host = hostStatus(state) & status.MXR;
    const first = this.#first;
    this.implicit = undefined;
    if (isSv39(satp)) {
      if ((high << 25) >> 25 !== high) return "page";
      const number = ((high & 127) << 20) | (low >>> 12);
      // "Setting MXR at HS-level, however, overrides both VS-stage and G-stage execute-only permissions."
      const rules = {
        status: guestStatus(state) | host,
        // "henvcfg.ADUE is read-only zero if menvcfg.ADUE is zero" ("Machine Environment Configuration Register").
        environment: state.henvcfg & state.menvcfg,
      };
      const fault = first.walk(rootOf(satp), number, access, privilege, rules, this);
      if (fault !== undefined) return fault === "table" ? this.#tableFault : fault;
    } else {
      first.page = ((high >>> 0) * 2 ** 20 + (low >>> 12)) * pageSize;
      first.level = 0;
      first.writable = true;
    }
    // "The vsstatus field MXR [...] only overrides VS-stage page protection."
    const fault = this.#locatePage(first.page, access, host);
    if (fault !== undefined) return fault;
    first.page = this.#second.page;
    first.writable &&= this.#second.writable;
    return undefined;
  }

  /** As `walk`, of a guest physical page: by the hypervisor's tables alone, for an access that HS-level MXR doesn't concern. */
  walkPhysical(page: number, access: Needed): GuestWalkFault | undefined {
    const fault = this.#locatePage(page, access, 0);
    if (fault !== undefined) return fault;
    this.#first.page = this.#second.page;
    this.#first.level = this.#second.level;
    this.#first.writable = this.#second.writable;
    return undefined;
  }

  /**
   * "permissions and the need to set A and/or D bits at the G-stage level are checked as though for an implicit load or store, not for
   * the original access type": which HS-level MXR, of explicit loads, does not concern.
   */
  locateTable(address: number, access: "read" | "write"): number {
    const offset = address % pageSize;
    const fault = this.#locatePage(address - offset, access, 0);
    if (fault === undefined) return this.#second.page + offset;
    this.#tableFault = fault;
    this.implicit = fault === "guest" ? { address, access } : undefined;
    return -1;
  }

  /** G-stage: "all memory accesses [...] are considered to be user-level accesses". */
  #locatePage(page: number, access: Needed, bits: number): "guest" | "access" | undefined {
    const { hgatp, menvcfg } = this.#state;
    if (!isSv39(hgatp)) {
      this.#second.page = page;
      this.#second.writable = true;
      return undefined;
    }
    if (hgatp !== this.#hgatp) {
      this.#hgatp = hgatp;
      this.#root = rootOf(hgatp);
    }
    const number = page / pageSize;
    this.faultPage = page;
    if (number >= guestPages) return "guest";
    const fault = this.#second.walk(this.#root, number, access, user, { status: bits, environment: menvcfg });
    return fault === undefined ? undefined : fault === "access" ? "access" : "guest";
  }
}
