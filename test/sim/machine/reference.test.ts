import { expect, test } from "vitest";
import { instructionTable, pseudoInstructionTable, rv64 } from "../../../sim/machine/index.js";

const find = (name: string, table = instructionTable()): unknown =>
  table.rows.find(({ instruction }) => instruction === name);

test("the table shows encoding, operands and meaning of an instruction", () => {
  expect(find("addi")).toEqual({
    instruction: "addi",
    extension: "I",
    operands: "rd, rs1, imm",
    encoding: "iiiiiii iiiii sssss 000 ddddd 0010011",
    fields: "d rd, s rs1, i imm",
    meaning: "x[rd] ← x[rs1] + imm",
  });
  expect(find("sw")).toMatchObject({ encoding: "iiiiiii ttttt sssss 010 iiiii 0100011", operands: "rs2, imm(rs1)" });
  expect(find("fence.i")).toMatchObject({ encoding: "------- ----- ----- 001 ----- 0001111" });
  expect(find("fmadd.s")).toMatchObject({ encoding: "uuuuu00 ttttt sssss mmm ddddd 1000011" });
  expect(find("c.lw")).toMatchObject({ encoding: "010 iii sss ii ddd 00", meaning: "as lw" });
});

test("every instruction is in it, and a part can be asked for", () => {
  expect(instructionTable().rows).toHaveLength(rv64.rows.length + rv64.shortRows.length);
  const multiply = instructionTable({ extensions: ["M"] }).rows;
  expect(multiply).toHaveLength(13);
  expect(instructionTable({ extensions: ["M"], containing: "rem" }).rows.map(({ instruction }) => instruction)).toEqual(
    ["rem", "remu", "remw", "remuw"],
  );
  expect(() => instructionTable({ extension: ["M"] } as object)).toThrow(
    expect.objectContaining({ name: "UsageError", hint: expect.stringContaining('"extensions"') as unknown }) as Error,
  );
});

test("a variant's own instruction is in its table", () => {
  const isa = rv64.with("rv64-triple", { ...rv64.row("add"), name: "triple", match: 0x0600000b });
  expect(find("triple", instructionTable({ isa }))).toMatchObject({
    encoding: "0000011 ttttt sssss 000 ddddd 0001011",
  });
});

test("other spellings say what they are", () => {
  expect(pseudoInstructionTable().rows).toContainEqual({
    spelling: "ret",
    instruction: "jalr",
    with: "rd = 0, rs1 = 1, imm = 0",
  });
  expect(pseudoInstructionTable().rows).toContainEqual({
    spelling: "rdtime rd",
    instruction: "csrrs",
    with: "rs1 = 0, csr = 0xc01",
  });
});
