import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { computeFloat, type FloatOperation, type FloatWidth, type Rounding } from "../../sim/machine/index.js";
import { needs, pathOf } from "../clients/tools.js";
import { floatOperand } from "../sim/machine/float-operand.js";

/** An instruction, and the operation that it ought to be. */
type Case = readonly [instruction: string, operation: FloatOperation, width: FloatWidth];

const ofWidth = (width: FloatWidth): readonly Case[] => {
  const s = width === 32 ? "s" : "d";
  const floats: readonly Case[] = [
    [`fadd.${s} fa3, fa0, fa1`, "add", width],
    [`fsub.${s} fa3, fa0, fa1`, "subtract", width],
    [`fmul.${s} fa3, fa0, fa1`, "multiply", width],
    [`fdiv.${s} fa3, fa0, fa1`, "divide", width],
    [`fsqrt.${s} fa3, fa0`, "squareRoot", width],
    [`fmadd.${s} fa3, fa0, fa1, fa2`, "multiplyAdd", width],
    [`fmin.${s} fa3, fa0, fa1`, "minimum", width],
    [`fmax.${s} fa3, fa0, fa1`, "maximum", width],
    [`fcvt.${s}.w fa3, a0`, "fromInt32", width],
    [`fcvt.${s}.wu fa3, a0`, "fromUint32", width],
    [`fcvt.${s}.l fa3, a0`, "fromInt64", width],
    [`fcvt.${s}.lu fa3, a0`, "fromUint64", width],
    [width === 32 ? "fcvt.s.d fa3, fa0" : "fcvt.d.s fa3, ft0", "convert", width],
  ];
  const integers: readonly Case[] = [
    [`feq.${s} a3, fa0, fa1`, "equal", width],
    [`flt.${s} a3, fa0, fa1`, "less", width],
    [`fle.${s} a3, fa0, fa1`, "lessOrEqual", width],
    [`fclass.${s} a3, fa0`, "classify", width],
    [`fcvt.w.${s} a3, fa0`, "toInt32", width],
    [`fcvt.wu.${s} a3, fa0`, "toUint32", width],
    [`fcvt.l.${s} a3, fa0`, "toInt64", width],
    [`fcvt.lu.${s} a3, fa0`, "toUint64", width],
  ];
  const move = width === 32 ? "fmv.x.w" : "fmv.x.d";
  // A double's operand keeps all its bits; a single's must be boxed, or it is read as a NaN.
  return [...floats.map(([text, ...rest]): Case => [`${text}; ${move} a3, fa3`, ...rest]), ...integers];
};
const cases: Readonly<Record<FloatWidth, readonly Case[]>> = { 32: ofWidth(32), 64: ofWidth(64) };
const modes: readonly Rounding[] = [0, 1, 2, 3, 4];

/** A Linux program: triples of operands in, result and flags out for each case in each mode. */
function program(width: FloatWidth): string {
  const move = width === 32 ? "fmv.w.x" : "fmv.d.x";
  const converted = cases[width].some(([, operation]) => operation === "convert") && width === 32;
  const body = cases[width].flatMap(([text, operation]) =>
    modes.map((mode) => {
      const wide = operation === "convert" && converted ? "fmv.d.x fa0, a0" : `${move} fa0, a0`;
      return `
        ${wide}; fmv.w.x ft0, a0; ${move} fa1, a1; ${move} fa2, a2
        fsrmi ${mode}; fsflags x0
        ${text}
        frflags a4
        sd a3, 0(s2); sd a4, 8(s2); addi s2, s2, 16`;
    }),
  );
  return `
    .option norelax
    .globl _start
    _start:
    again: li s1, 24
      la s0, operands
    more: li a7, 63; li a0, 0; mv a1, s0; mv a2, s1; ecall
      blez a0, done
      add s0, s0, a0; sub s1, s1, a0
      bnez s1, more
      la s0, operands; la s2, results
      ld a0, 0(s0); ld a1, 8(s0); ld a2, 16(s0)
      ${body.join("\n")}
      li a7, 64; li a0, 1; la a1, results; sub a2, s2, a1; ecall
      j again
    done: li a7, 93; li a0, 0; ecall
    .bss
    .balign 8
    operands: .space 24
    results: .space ${16 * body.length}
  `;
}

const scratch = mkdtempSync(join(tmpdir(), "virtlab-float-"));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

describe("floating point as QEMU has it", () => {
  test.for([32, 64] as const)("operations on %i bits: results and flags in every rounding mode", (width, context) => {
    needs(context, "riscv64-unknown-elf-gcc", "qemu-riscv64");
    const count = process.env["VIRTLAB_LONG"] === "1" ? 20_000 : 1000;
    const source = join(scratch, `float-${width}.S`);
    const binary = join(scratch, `float-${width}`);
    writeFileSync(source, program(width));
    execFileSync(pathOf("riscv64-unknown-elf-gcc"), [
      "-march=rv64gc",
      "-mabi=lp64d",
      "-nostdlib",
      "-static",
      "-o",
      binary,
      source,
    ]);
    const triples = fc.sample(fc.tuple(floatOperand(width), floatOperand(width), floatOperand(width)), {
      seed: 754,
      numRuns: count,
    });
    const input = BigUint64Array.from(triples.flat());
    const out = execFileSync(pathOf("qemu-riscv64"), [binary], {
      input: new Uint8Array(input.buffer),
      maxBuffer: 2 ** 30,
    });
    const answers = new BigInt64Array(out.buffer.slice(out.byteOffset, out.byteOffset + out.byteLength));
    const perTriple = cases[width].length * modes.length;
    expect(answers.length).toBe(2 * perTriple * count);
    const wrong: string[] = [];
    triples.forEach((operands, index) => {
      cases[width].forEach(([text, operation], row) => {
        modes.forEach((mode, column) => {
          const at = 2 * (index * perTriple + row * modes.length + column);
          const isFloat = text.includes("fmv.x");
          const computed = computeFloat(operation, width, operands, mode);
          // fmv.x.w extends the sign.
          const bits = isFloat ? BigInt.asIntN(width, computed.bits) : computed.bits;
          if (bits === answers[at] && BigInt(computed.flags) === answers[at + 1]) return;
          wrong.push(
            `${text} mode ${mode} of ${operands.map((bits) => bits.toString(16)).join(" ")}: ${hex(bits)} ${computed.flags}, not ${hex(answers[at])} ${answers[at + 1]}`,
          );
        });
      });
    });
    expect(wrong.slice(0, 20)).toEqual([]);
  });
});

const hex = (bits = 0n): string => BigInt.asUintN(64, bits).toString(16);
