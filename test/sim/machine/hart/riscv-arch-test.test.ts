import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { namesIn, runOfficial } from "./official-program.js";

/** The folder with the architecture tests' programs, and beside each NAME.elf the signature that it has to leave. */
const folder = process.env["VIRTLAB_RISCV_ARCH_TEST"] ?? "";

const names = namesIn(folder);
const referenceOf = (program: string): string => program.replace(/elf$/, "reference_output");
const programs = names.filter((name) => name.endsWith(".elf"));
const compared = programs.filter((name) => names.includes(referenceOf(name)));
const alone = programs.filter((name) => !compared.includes(name));

/** What a program left from begin_signature to end_signature, in words of 32 bits, as references have it: a line for each. */
function signature(file: string, engine: "evaluate" | "translate"): readonly string[] {
  // These state that they are for hardware that serves no misaligned access.
  const misaligned = path.basename(file).includes("misalign") ? "trap" : "serve";
  const { board, reported, address } = runOfficial(file, { engine, misaligned });
  expect(reported, "what it wrote to tohost").toBe(1n);
  const begin = address("begin_signature");
  const bytes = board.bus.read(begin, address("end_signature") - begin);
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 4 }, (_, index) =>
    view
      .getUint32(4 * index, true)
      .toString(16)
      .padStart(8, "0"),
  );
}

describe("RISC-V's architecture tests", () => {
  if (compared.length === 0) {
    test.skip("VIRTLAB_RISCV_ARCH_TEST names no folder with NAME.elf beside NAME.reference_output", () => undefined);
    return;
  }
  for (const name of alone) test.skip(`${name}: no ${referenceOf(name)} beside it`, () => undefined);
  describe.each(["evaluate", "translate"] as const)("%s", (engine) => {
    test.each(compared)("%s", { timeout: 120_000 }, (name) => {
      const expected = readFileSync(path.join(folder, referenceOf(name)), "utf8")
        .trim()
        .split(/\s+/);
      // References end with the last word that was written; a program aligns the end of its own.
      expect(signature(path.join(folder, name), engine).slice(0, expected.length)).toEqual(expected);
    });
  });
});
