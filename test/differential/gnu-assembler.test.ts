import { describe, expect, test } from "vitest";
import { needs } from "../clients/tools.js";
import { corpus } from "../sim/machine/assembler/corpus.js";
import { assembledHere } from "../sim/machine/assembler/sections.js";
import { assembledByGnu } from "./gnu-binutils.js";

describe("bytes as GNU as and ld make them", () => {
  for (const { title, source } of corpus) {
    test(title, (context) => {
      needs(context, "riscv64-unknown-elf-as", "riscv64-unknown-elf-ld");
      expect(assembledHere(source)).toEqual(assembledByGnu(source));
    });
  }
});
