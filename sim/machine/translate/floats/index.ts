/**
 * floats: the floating-point operations that translated code calls, as WebAssembly where that is exact.
 *
 * Glossary
 *   software   sim/machine/float: every operation, operand, rounding mode and flag, at a microsecond or two a call
 *   to settle  to round to the instruction's width, and find out whether that was exact unless inexact is raised already
 *
 * soft         the software, with a hart's rounding mode and flags
 * function     one operation as a WebAssembly function that falls back to the software
 * exact        sums and products together with their rounding errors; rounding to odd
 * arithmetic, order, conversions   the operations
 * shortcuts    what units compute of them in place, without a call
 *
 * Sources: Muller et al., Handbook of Floating-Point Arithmetic (2nd edition), chapter 4, and those named in place.
 */
import { compile, instantiate, WasmModule, type CompiledModule, type Memory } from "../../../wasm/index.js";
import type { Isa } from "../../instructions/index.js";
import { floatType, imports } from "../context.js";
import { arithmetic } from "./arithmetic.js";
import { conversions } from "./conversions.js";
import { FloatFunction, type Bodies } from "./function.js";
import { order } from "./order.js";
import { callsOf, createSoftFloats } from "./soft.js";

const bodies: Bodies = { ...arithmetic, ...order, ...conversions };

/**
 * The floating-point operations of an ISA as functions that translated code imports under `float`: (hart, rm, operands) →
 * result, flags accrued in the hart. Where there is no such rounding mode the code leaves, as if the instruction had not begun.
 *
 * @param memory where the harts are
 */
export function createFloats(isa: Isa, memory: Memory): Readonly<Record<string, unknown>> {
  const soft = createSoftFloats(callsOf(isa), memory.buffer);
  const module = modules.get(isa) ?? compile(buildFloats(isa));
  modules.set(isa, module);
  return { ...soft, ...instantiate(module, { [imports.host]: { memory }, soft }) };
}

/** They depend on nothing else. */
const modules = new WeakMap<Isa, CompiledModule>();

function buildFloats(isa: Isa): Uint8Array<ArrayBuffer> {
  const module = new WasmModule();
  module.importMemory(imports.host, "memory");
  const fast = callsOf(isa).flatMap(({ name, operation, width, operands }) => {
    const body = bodies[operation];
    if (body === undefined) return [];
    const type = floatType(operands);
    return [
      { name, type, body, fn: new FloatFunction(width, operands), soft: module.importFunction("soft", name, type) },
    ];
  });
  for (const { name, type, body, fn, soft } of fast) {
    body(fn);
    module.function(type, fn.finish(soft), name);
  }
  return module.encode();
}
