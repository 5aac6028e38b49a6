import type { Width } from "../instructions/index.js";
import type { Device } from "./device.js";

/** How a guest ended its run. */
export type Finish =
  { readonly kind: "power-off" } | { readonly kind: "reset" } | { readonly kind: "failed"; readonly code: number };

const pass = 0x5555;
const fail = 0x3333;
const reset = 0x7777;

/**
 * Ends the machine's run: by the lower 16 bits of what is stored at its start; the upper 16 are the code of a failure.
 * Source: SiFive's test finisher as in device tree binding `sifive,test0`, and QEMU's `hw/misc/sifive_test.c` for the values.
 */
export class TestFinisher implements Device<null> {
  readonly name = "test";
  readonly size = 0x1000;
  readonly #finish: (finish: Finish) => void;

  constructor(finish: (finish: Finish) => void) {
    this.#finish = finish;
  }

  load(): bigint {
    return 0n;
  }

  store(offset: number, _width: Width, value: bigint): void {
    if (offset !== 0) return;
    switch (Number(value & 0xffffn)) {
      case pass:
        this.#finish({ kind: "power-off" });
        return;
      case fail:
        this.#finish({ kind: "failed", code: Number((value >> 16n) & 0xffffn) });
        return;
      case reset:
        this.#finish({ kind: "reset" });
    }
  }

  reset(): void {
    // It holds nothing.
  }

  save(): null {
    return null;
  }

  restore(): void {
    // It holds nothing.
  }
}
