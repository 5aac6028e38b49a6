import { Code, WasmModule, type FunctionType } from "../../../sim/wasm/index.js";
import {
  memory,
  plain,
  type BlockType,
  type MemoryAccess,
  type Plain,
  type ValueType,
} from "../../../sim/wasm/code.js";

/** Reads flat text as `wasmText` writes it, and encodes it again. Knows of the text format what is needed for that. */
export function assembleText(text: string): Uint8Array {
  const module = new WasmModule();
  const types: FunctionType[] = [];
  const callees: string[] = [];
  const exported = new Map<string, string>();
  const bodies: { readonly index: string; readonly type: number; readonly lines: string[] }[] = [];
  for (const line of text.split("\n").map((untrimmed) => untrimmed.trim())) {
    const type = /^\(type .*?\(func(?: \(param ([^)]*)\))?(?: \(result ([^)]*)\))?\)\)$/.exec(line);
    const imported = /^\(import "(.*)" "(.*)" \((func|table|memory) ?(\S*)(?: \(type (\d+)\))?.*\)\)$/.exec(line);
    const exporting = /^\(export "(.*)" \(func (\d+)\)\)$/.exec(line);
    const begin = /^\(func \(;(\d+);\) \(type (\d+)\)$/.exec(line);
    if (type !== null) types.push({ parameters: valueTypes(type[1]), results: valueTypes(type[2]) });
    else if (imported !== null) {
      const [, from = "", name = "", kind, id = "", number] = imported;
      if (kind === "memory") module.importMemory(from, name);
      else if (kind === "table") module.importTable(from, name);
      else {
        module.importFunction(from, name, typeOf(types, number));
        callees.push(id);
      }
    } else if (exporting !== null) exported.set(exporting[2] ?? "", exporting[1] ?? "");
    else if (begin !== null) bodies.push({ index: begin[1] ?? "", type: Number(begin[2]), lines: [] });
    else if (line !== "(module" && line !== ")") bodies.at(-1)?.lines.push(line);
  }
  for (const { index, type, lines } of bodies) {
    const signature = typeOf(types, type);
    const code = new Code(signature.parameters.length);
    assembleBody(code, signature.parameters.length, callees, lines);
    module.function(signature, code, exported.get(index));
  }
  return module.encode();
}

const valueTypes = (text: string | undefined): ValueType[] =>
  text === undefined ? [] : (text.split(" ") as ValueType[]);

function typeOf(types: readonly FunctionType[], number: string | number | undefined): FunctionType {
  const type = types[Number(number)];
  if (type === undefined) throw new Error(`no type ${number}`);
  return type;
}

function assembleBody(code: Code, parameters: number, callees: readonly string[], lines: readonly string[]): void {
  const names = new Map<string, number>();
  const labels: { readonly name: string; readonly label: number }[] = [];
  let locals = parameters;
  const local = (word: string): number => names.get(word) ?? Number(word);
  const label = (word: string): number => {
    const found = labels.findLast(({ name }) => name === word);
    return found?.label ?? code.depth - Number(word);
  };
  for (const line of lines) {
    const declared = /^\(local (\S+) (\w+)\)$/.exec(line);
    if (declared !== null) {
      names.set(declared[1] ?? "", locals++);
      code.local(declared[2] as ValueType);
      continue;
    }
    const [name = "", ...operands] = line.split(" ");
    const [first = ""] = operands;
    const type = (/\(result (\w+)\)/.exec(line)?.[1] ?? "none") as BlockType;
    const isAccess = Object.hasOwn(memory, name);
    if (name === "block" || name === "loop" || name === "if") {
      code[name](type);
      labels.push({ name: first, label: code.depth });
    } else if (name === "br") code.branch(label(first));
    else if (name === "br_if") code.branchIf(label(first));
    else if (name === "br_table") code.branchTable(operands.map(label));
    else if (name === "call") code.call(callees.includes(first) ? callees.indexOf(first) : Number(first));
    else if (name === "return_call_indirect") code.returnCallIndirect(Number(/type (\d+)/.exec(line)?.[1]));
    else if (name === "local.get") code.get(local(first));
    else if (name === "local.set") code.set(local(first));
    else if (name === "local.tee") code.tee(local(first));
    else if (name === "i32.const") code.i32(Number(first));
    else if (name === "i64.const") code.i64(BigInt(first));
    else if (name === "f64.const")
      code.f64(first.endsWith("inf") ? Number(`${first}inity`.replace("inf", "Inf")) : Number(first));
    else if (isAccess) code.access(name as MemoryAccess, Number(/offset=(\d+)/.exec(line)?.[1] ?? 0));
    else if (Object.hasOwn(plain, name)) {
      if (name === "end") labels.pop();
      code.op(name as Plain);
    } else throw new Error(`what is "${line}"?`);
  }
}
