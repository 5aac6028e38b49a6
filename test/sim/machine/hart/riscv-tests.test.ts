import path from "node:path";
import { describe, expect, test } from "vitest";
import { rv64h, type HartOptions } from "../../../../sim/machine/index.js";
import { namesIn, runOfficial } from "./official-program.js";

/** The folder with the official tests' programs, as `make -C isa` leaves them: `rv64ui-p-add`, `rv64ui-v-add`, `hypervisor-p-…`, … */
const folder = process.env["VIRTLAB_RISCV_TESTS"] ?? "";
/** Of the extensions that the ISA has. */
const groups = ["rv64ui", "rv64um", "rv64ua", "rv64uc", "rv64uf", "rv64ud", "rv64si", "rv64mi"];
/** Of the hypervisor extension. */
const guestGroups = ["hypervisor", "hypervisor-svadu"];

const programsOf = (wanted: readonly string[]): readonly string[] =>
  namesIn(folder).filter((name) => wanted.some((group) => new RegExp(`^${group}-[pv]-`).test(name)));
const programs = programsOf(groups);

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
  describe.each<HartOptions>([{ engine: "evaluate" }, { engine: "translate" }])(
    "with the hypervisor extension: %o",
    (options) => {
      test.each(programsOf([...groups, ...guestGroups]))("%s", { timeout: 120_000 }, (name) => {
        expect(runOfficial(path.join(folder, name), options, rv64h).reported).toBe(1n);
      });
    },
  );
});
