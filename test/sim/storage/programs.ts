import fc from "fast-check";
import { expect } from "vitest";
import { sectorSize, type BlockDevice } from "../../../sim/storage/index.js";

/** What a program does to a device; the fill of a write says which step wrote it. */
export type Command =
  | { readonly do: "write"; readonly lba: number; readonly count: number; readonly fill: number }
  | { readonly do: "discard"; readonly lba: number; readonly count: number }
  | { readonly do: "read"; readonly lba: number; readonly count: number }
  | { readonly do: "flush" };

/** Programs over a device of so many sectors; runs at its end and whole-device runs are common. */
export function programs(sectors: number, longest = 24): fc.Arbitrary<readonly Command[]> {
  const range = fc
    .tuple(fc.nat(sectors - 1), fc.integer({ min: 1, max: longest }), fc.boolean())
    .map(([lba, count, atEnd]) => {
      const fitting = Math.min(count, sectors);
      return { lba: atEnd ? sectors - fitting : Math.min(lba, sectors - fitting), count: fitting };
    });
  const fill = fc.integer({ min: 1, max: 255 });
  const command: fc.Arbitrary<Command> = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(range, fill).map(([where, value]) => ({ do: "write" as const, ...where, fill: value })),
    },
    { weight: 2, arbitrary: range.map((where) => ({ do: "read" as const, ...where })) },
    { weight: 1, arbitrary: range.map((where) => ({ do: "discard" as const, ...where })) },
    { weight: 1, arbitrary: fc.constant({ do: "flush" as const }) },
  );
  return fc.array(command, { minLength: 1, maxLength: 30 });
}

/** Content that differs from sector to sector, so that a sector in the wrong place is seen. */
export function content(lba: number, count: number, fill: number): Uint8Array {
  const bytes = new Uint8Array(count * sectorSize);
  for (let i = 0; i < bytes.length; i++) {
    const sector = lba + Math.floor(i / sectorSize);
    bytes[i] = i % 4 === 0 ? fill : (sector * 7 + i) & 0xff;
  }
  return bytes;
}

/** Runs a program on a device and on a plain array beside it; every read must agree, and the whole at the end. */
export function runBeside(device: BlockDevice, model: Uint8Array, program: readonly Command[]): void {
  for (const command of program) {
    if (command.do === "flush") {
      device.flush();
      continue;
    }
    const { lba, count } = command;
    const from = lba * sectorSize;
    const to = (lba + count) * sectorSize;
    if (command.do === "read") expectSame(device.read(lba, count), model.subarray(from, to));
    else if (command.do === "discard") {
      device.discard(lba, count);
      model.fill(0, from, to);
    } else {
      const bytes = content(lba, count, command.fill);
      device.write(lba, bytes);
      model.set(bytes, from);
    }
  }
  expectSame(device.read(0, device.sectors), model);
}

/** Compares without printing megabytes. */
export function expectSame(actual: Uint8Array, wanted: Uint8Array): void {
  const same = Buffer.compare(actual, wanted) === 0;
  const at = same ? -1 : actual.findIndex((byte, i) => byte !== wanted[i]);
  expect({ length: actual.length, differsAt: at }).toEqual({ length: wanted.length, differsAt: -1 });
}
