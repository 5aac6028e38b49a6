import { describe, expect, test } from "vitest";
import { UsageError } from "../../../sim/core/index.js";
import { assemble } from "../../../sim/machine/index.js";
import { readElf } from "../../../sim/machine/image/elf.js";
import { endOf, loadImage, readImage } from "../../../sim/machine/image/load.js";
import { ramBase, ramBus } from "./devices/board-double.js";

/** An executable of one segment, with one symbol, as a linker writes it. */
function elf(change: (view: DataView) => void = () => undefined): Uint8Array {
  const bytes = new Uint8Array(0x200);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setBigUint64(24, BigInt(ramBase + 4), true);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, 0x100n, true);
  view.setUint16(56, 1, true);
  view.setUint16(60, 2, true);
  // One segment: 8 bytes of the file, 24 in memory.
  view.setUint32(64, 1, true);
  view.setBigUint64(72, 0x80n, true);
  view.setBigUint64(80, 0xffff_ffff_8000_0000n, true);
  view.setBigUint64(88, BigInt(ramBase), true);
  view.setBigUint64(96, 8n, true);
  view.setBigUint64(104, 24n, true);
  bytes.set([1, 2, 3, 4, 5, 6, 7, 8], 0x80);
  // Sections: symbols, whose names are in the next.
  view.setUint32(0x104, 2, true);
  view.setBigUint64(0x118, 0x1a0n, true);
  view.setBigUint64(0x120, 48n, true);
  view.setUint32(0x128, 1, true);
  view.setBigUint64(0x158, 0x90n, true);
  view.setBigUint64(0x160, 6n, true);
  bytes.set([0, 0x6d, 0x61, 0x69, 0x6e, 0], 0x90);
  view.setUint32(0x1b8, 1, true);
  view.setUint8(0x1bc, 0x12);
  view.setUint16(0x1be, 1, true);
  view.setBigUint64(0x1c0, BigInt(ramBase + 4), true);
  view.setBigUint64(0x1c8, 4n, true);
  change(view);
  return bytes;
}

const refused = (bytes: Uint8Array, what: string): void => {
  expect(() => readElf("program", bytes)).toThrow(UsageError);
  expect(() => readElf("program", bytes)).toThrow(what);
};

describe("an ELF file", () => {
  test("has segments at their physical addresses, an entry and symbols", () => {
    const image = readElf("program", elf());
    expect(image).toMatchObject({
      entry: BigInt(ramBase + 4),
      segments: [{ address: ramBase, size: 24 }],
      symbols: [{ name: "main", address: BigInt(ramBase + 4), size: 4 }],
    });
    const bus = ramBus(4096);
    bus.bytes(ramBase, 32)?.fill(0xff);
    loadImage(bus, image);
    expect([...(bus.bytes(ramBase, 25) ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, ...new Uint8Array(16), 0xff]);
  });

  test("that is cut short anywhere is refused", () => {
    const whole = elf();
    for (const length of [10, 63, 100, 0x84, 0x150, 0x1a8]) {
      refused(whole.subarray(0, length), "the program is cut short");
    }
  });

  test("for another machine, or not executable, is refused with the mend", () => {
    refused(
      elf((view) => {
        view.setUint16(18, 62, true);
      }),
      "the program is for x86-64",
    );
    refused(
      elf((view) => {
        view.setUint8(4, 1);
      }),
      "a computer of 32 bits",
    );
    refused(
      elf((view) => {
        view.setUint8(5, 2);
      }),
      "big-endian",
    );
    refused(
      elf((view) => {
        view.setUint16(16, 3, true);
      }),
      "no executable but a shared object",
    );
    refused(
      elf((view) => {
        view.setUint32(64, 0, true);
      }),
      "nothing to load",
    );
    refused(
      elf((view) => {
        view.setBigUint64(96, 32n, true);
      }),
      "damaged",
    );
    refused(
      elf((view) => {
        view.setBigUint64(88, 2n ** 63n, true);
      }),
      "damaged",
    );
  });

  test("that doesn't fit says where it goes and how much memory it needs", () => {
    const image = readElf(
      "program",
      elf((view) => {
        view.setBigUint64(104, 2n ** 22n, true);
      }),
    );
    expect(() => {
      loadImage(ramBus(2 ** 20), image);
    }).toThrow("0x80000000 to 0x803fffff");
    expect(() => {
      loadImage(ramBus(2 ** 20), image);
    }).toThrow(expect.objectContaining({ hint: "Give the machine more: memory: MiB(4)." }) as Error);
    const low = readElf(
      "program",
      elf((view) => {
        view.setBigUint64(88, 0x1000n, true);
      }),
    );
    expect(() => {
      loadImage(ramBus(2 ** 20), low);
    }).toThrow(expect.objectContaining({ hint: "Link it to 0x80000000 or above." }) as Error);
  });
});

test("flat code goes where it is told, a kernel where its header says", () => {
  const flat = readImage("kernel", Uint8Array.of(1, 2), ramBase + 64, ramBase);
  expect(flat.segments).toMatchObject([{ address: ramBase + 64, size: 2 }]);
  const kernel = new Uint8Array(64);
  const view = new DataView(kernel.buffer);
  view.setBigUint64(8, 0x20_0000n, true);
  view.setBigUint64(16, 0x1000n, true);
  view.setUint32(56, 0x05435352, true);
  const image = readImage("kernel", kernel, ramBase, ramBase);
  expect(image.entry).toBe(BigInt(ramBase + 0x20_0000));
  expect(endOf(image)).toBe(ramBase + 0x20_1000);
  expect(() => readImage("kernel", new Uint8Array(0), ramBase, ramBase)).toThrow("the kernel is empty");
});

test("what was assembled is an image too", () => {
  const image = readImage("program", assemble(".data\nx: .word 7\n.text\n_start: nop"), 0, ramBase);
  expect(image.entry).toBe(BigInt.asIntN(64, BigInt(ramBase)));
  expect(image.symbols.map(({ name }) => name)).toEqual(["_start", "x"]);
});
