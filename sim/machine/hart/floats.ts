import { hartLayout } from "../layout.js";

/** What belongs to floating point beside the registers, in the arena, where translated code works on it. */
export class Floats {
  readonly registers: BigInt64Array;
  readonly #flags: Int32Array;
  readonly #mode: Int32Array;
  readonly #dirty: Int32Array;

  constructor(buffer: ArrayBuffer, base: number) {
    const word = (offset: number): Int32Array => new Int32Array(buffer, base + offset, 1);
    this.registers = new BigInt64Array(buffer, base + hartLayout.f, 32);
    this.#flags = word(hartLayout.fflags);
    this.#mode = word(hartLayout.frm);
    this.#dirty = word(hartLayout.floats);
  }

  /** fflags */
  get flags(): number {
    return this.#flags[0] ?? 0;
  }

  set flags(bits: number) {
    this.#flags[0] = bits & 0x1f;
  }

  /** frm, which may hold what names no rounding mode. */
  get mode(): number {
    return this.#mode[0] ?? 0;
  }

  set mode(bits: number) {
    this.#mode[0] = bits & 7;
  }

  /** Whether the status registers say that they are used: then using the registers changes nothing more. */
  get dirty(): boolean {
    return this.#dirty[0] === 1;
  }
}
