import path from "node:path";
import { describe, expect, test } from "vitest";
import type { HartOptions } from "../../../../sim/machine/index.js";
import { namesIn, runOfficial } from "./official-program.js";

/** The folder with the official tests' programs, as `make -C isa` leaves them: `rv64ui-p-add`, `rv64ui-v-add`, … */
const folder = process.env["VIRTLAB_RISCV_TESTS"] ?? "";
/** Of the extensions that the ISA has. */
const groups = ["rv64ui", "rv64um", "rv64ua", "rv64uc", "rv64uf", "rv64ud", "rv64si", "rv64mi"];

const programs = namesIn(folder).filter((name) => groups.some((group) => name.startsWith(`${group}-`)));

describe("the official tests of instructions and modes", () => {
  if (programs.length === 0) {
    test.skip("VIRTLAB_RISCV_TESTS names no folder with riscv-tests' programs", () => undefined);
    return;
  }
  describe.each<HartOptions>([
    { engine: "evaluate" },
    { engine: "translate" },
    { engine: "evaluate", misaligned: "trap" },
    { engine: "translate", misaligned: "trap" },
  ])("%o", (options) => {
    // These two want misaligned accesses to be served.
    const fitting = programs.filter((name) => options.misaligned !== "trap" || !name.endsWith("-ma_data"));
    test.each(fitting)("%s", { timeout: 120_000 }, (name) => {
      // 1 is a pass, else the failed test's number is in it.
      expect(runOfficial(path.join(folder, name), options).reported).toBe(1n);
    });
  });
});
