import { machine, supervisor, type Mode } from "./mode.js";
import { isSv39 } from "./satp.js";
import type { PrivilegedState } from "./state.js";
import { status } from "./status.js";
import { guestSatp, hostStatus } from "./worlds.js";

/** Numbers of address spaces begin anew behind this one; what was found under them is forgotten then. */
const mostSpaces = 1 << 16;
/** As satp, none. */
const unknown = -1n;

/** The address space where V is 0, or where it is 1, and what makes it. */
interface Space {
  satp: bigint;
  /** Of guests; and mstatus.MXR of HS-mode, which counts for their pages, too. */
  hgatp: bigint;
  bits: number;
  number: number;
}

/** Numbers for the address spaces of a hart, by the values that satp, vsatp and hgatp had. */
export class AddressSpaces {
  readonly #state: PrivilegedState;
  readonly #numbers = new Map<bigint, number>();
  readonly #own: Space = { satp: unknown, hgatp: 0n, bits: 0, number: 0 };
  readonly #guest: Space = { satp: unknown, hgatp: 0n, bits: 0, number: 0 };
  readonly #changed: () => void;
  readonly #runOut: () => void;

  /** @param changed there is another space than before where V is 0, or where it is 1; @param runOut all numbers begin anew */
  constructor(state: PrivilegedState, changed: () => void, runOut: () => void) {
    this.#state = state;
    this.#changed = changed;
    this.#runOut = runOut;
  }

  /** What accesses of a mode see. Machine mode sees the same memory in all spaces. The lowest two bits are left for SUM and MXR. */
  key({ privilege, virtual }: Mode): number {
    // It may change satp and go to a mode that sees by it, before anybody asks for that mode's key.
    const own = virtual ? 0 : this.#ownSpace();
    if (privilege === machine) return -4;
    return (virtual ? this.#guestSpace() : own) * 8 + (privilege === supervisor ? 4 : 0);
  }

  forget(): void {
    this.#numbers.clear();
    this.#own.satp = this.#guest.satp = unknown;
  }

  #ownSpace(): number {
    const { satp } = this.#state;
    const known = this.#own;
    if (satp !== known.satp) {
      known.number = this.#numberOf(isSv39(satp) ? satp : 0n);
      known.satp = satp;
      this.#changed();
    }
    return known.number;
  }

  #guestSpace(): number {
    const { hgatp } = this.#state;
    const satp = guestSatp(this.#state);
    const bits = hostStatus(this.#state) & status.MXR;
    const known = this.#guest;
    if (satp !== known.satp || hgatp !== known.hgatp || bits !== known.bits) {
      const both = (BigInt.asUintN(64, hgatp) << 64n) | BigInt.asUintN(64, satp);
      // No satp is as this: it is positive, and odd.
      known.number = this.#numberOf((both << 32n) | BigInt(bits) | 1n);
      Object.assign(known, { satp, hgatp, bits });
      this.#changed();
    }
    return known.number;
  }

  #numberOf(key: bigint): number {
    if (this.#numbers.size === mostSpaces) {
      this.forget();
      this.#runOut();
    }
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}
