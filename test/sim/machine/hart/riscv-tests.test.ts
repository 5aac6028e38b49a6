import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { EngineName } from "../../../../sim/machine/index.js";
import { plainBoard, ramBase } from "./plain-board.js";

/** The folder with the official tests' programs, as `make -C isa` leaves them: `rv64ui-p-add`, `rv64ui-v-add`, … */
const folder = process.env["VIRTLAB_RISCV_TESTS"] ?? "";
/** Of the extensions that the ISA has. */
const groups = ["rv64ui", "rv64um", "rv64ua", "rv64uc", "rv64uf", "rv64ud", "rv64si", "rv64mi"];
const most = 10_000_000;

interface Segment {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** The loadable segments of an ELF file of 64 bits, and where its section `.tohost` is (ELF-64 Object File Format). */
function readElf(file: Buffer): { readonly segments: readonly Segment[]; readonly tohost: number } {
  const number = (at: number): number => Number(file.readBigUInt64LE(at));
  const segments = Array.from({ length: file.readUInt16LE(56) }, (_, index) => number(32) + index * 56)
    .filter((header) => file.readUInt32LE(header) === 1)
    .map((header) => ({
      address: number(header + 24),
      bytes: file.subarray(number(header + 8), number(header + 8) + number(header + 32)),
    }));
  const sections = Array.from({ length: file.readUInt16LE(60) }, (_, index) => number(40) + index * 64);
  const names = number((sections[file.readUInt16LE(62)] ?? 0) + 24);
  const tohost = sections.find(
    (header) => file.subarray(names + file.readUInt32LE(header)).toString("latin1", 0, 8) === ".tohost\0",
  );
  if (tohost === undefined) throw new Error("no section .tohost");
  return { segments, tohost: number(tohost + 16) };
}

/** What the program reports: 1 is a pass, else the failed test's number is in it. */
function outcome(file: Buffer, engine: EngineName): { readonly reported: bigint; readonly instructions: number } {
  const { segments, tohost } = readElf(file);
  const { bus, hart } = plainBoard(4 * 2 ** 20, { engine, patience: 20 });
  for (const { address, bytes } of segments) bus.write(address, bytes);
  hart.pc = BigInt(ramBase);
  while (hart.cycles < most && bus.read64(tohost) === 0n) hart.run(2000);
  return { reported: bus.read64(tohost), instructions: hart.cycles };
}

const programs =
  folder === "" ? [] : readdirSync(folder).filter((name) => groups.some((group) => name.startsWith(`${group}-`)));

describe("the official tests of instructions and modes", () => {
  if (programs.length === 0) {
    test.skip("VIRTLAB_RISCV_TESTS names no folder with riscv-tests' programs", () => undefined);
    return;
  }
  describe.each(["evaluate", "translate"] as const)("%s", (engine) => {
    test.each(programs)("%s", { timeout: 120_000 }, (name) => {
      const { reported } = outcome(readFileSync(path.join(folder, name)), engine);
      expect(reported).toBe(1n);
    });
  });
});
