import path from "node:path";
import { describe, expect, test } from "vitest";
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
  describe.each(["evaluate", "translate"] as const)("%s", (engine) => {
    test.each(programs)("%s", { timeout: 120_000 }, (name) => {
      // 1 is a pass, else the failed test's number is in it.
      expect(runOfficial(path.join(folder, name), engine).reported).toBe(1n);
    });
  });
});
