import { memory, plain } from "./code.js";
import { Reader, unreadable } from "./reader.js";
import { sections } from "./module.js";

/** One instruction of a function in the text format. */
export interface WasmLine {
  /** Where its bytes begin, counted from the function's first instruction: what `Code.position` was. */
  readonly offset: number;
  /** How many bytes it has. */
  readonly length: number;
  /** In how many blocks it stands. */
  readonly depth: number;
  readonly text: string;
}

/** Names to be shown for a function's locals, in place of their numbers. */
export type LocalNames = ReadonlyMap<number, string>;

interface FunctionText {
  readonly index: number;
  readonly type: number;
  readonly locals: readonly string[];
  readonly lines: readonly WasmLine[];
}

interface ModuleText {
  readonly header: readonly string[];
  readonly functions: readonly FunctionText[];
  readonly exports: ReadonlyMap<string, number>;
}

const plainNames: ReadonlyMap<number, string> = new Map(Object.entries(plain).map(([name, code]) => [code, name]));
const accesses = new Map<number, { readonly name: string; readonly align: number }>(
  Object.entries(memory).map(([name, [code, align]]) => [code, { name, align }]),
);

/**
 * A module as text, flat: imports, then each function, one instruction to a line. Whoever reads it back (`wat2wasm`) gets the
 * module's bytes. Shows what `WasmModule` encodes and no more.
 * Source: WebAssembly Core Specification 2.0, chapter 6.
 * @param names of the locals of the first function
 * @throws UsageError for bytes that are no such module
 */
export function wasmText(module: Uint8Array, names: LocalNames = new Map()): string {
  const { header, functions } = read(module, names);
  const bodies = functions.flatMap(({ index, type, locals, lines }) => [
    `  (func (;${index};) (type ${type})`,
    ...locals.map((local) => `    ${local}`),
    ...lines.map(({ depth, text }) => `    ${"  ".repeat(depth)}${text}`),
    "  )",
  ]);
  return ["(module", ...header, ...bodies, ")"].join("\n");
}

/**
 * The instructions of an exported function.
 * @throws UsageError where the module exports none of that name
 */
export function functionLines(module: Uint8Array, name: string, names: LocalNames = new Map()): readonly WasmLine[] {
  const { functions, exports } = read(module, names);
  const found = functions.find(({ index }) => index === exports.get(name));
  if (found === undefined) throw unreadable(`it exports no function "${name}"`, 0);
  return found.lines;
}

interface Signature {
  readonly text: string;
  readonly parameters: number;
}

function read(module: Uint8Array, names: LocalNames): ModuleText {
  const reader = new Reader(module);
  if (reader.bits64() !== 0x0000_0001_6d73_6100n) throw unreadable("it is no module of version 1", 0);
  const signatures: Signature[] = [];
  const header: string[] = [];
  const callees: string[] = [];
  const declared: number[] = [];
  const exports = new Map<string, number>();
  const functions: FunctionText[] = [];
  while (!reader.ended) {
    const id = reader.byte();
    const part = reader.part(reader.unsigned());
    switch (id) {
      case sections.type:
        signatures.push(...part.vector(() => signature(part)));
        header.push(...signatures.map(({ text }, index) => `  (type (;${index};) (func${text}))`));
        break;
      case sections.import:
        header.push(...part.vector(() => importText(part, callees)));
        break;
      case sections.function:
        declared.push(...part.vector(() => part.unsigned()));
        break;
      case sections.export:
        part.vector(() => {
          const name = part.name();
          if (part.byte() !== 0) throw unreadable("it exports what is no function", part.at - 1);
          const index = part.unsigned();
          exports.set(name, index);
          header.push(`  (export "${name}" (func ${index}))`);
        });
        break;
      case sections.code:
        part.vector((number) => {
          const type = declared[number] ?? 0;
          const parameters = signatures[type]?.parameters ?? 0;
          const body = part.part(part.unsigned());
          functions.push({
            index: callees.length + number,
            type,
            ...functionText(body, parameters, callees, number === 0 ? names : new Map()),
          });
        });
        break;
      default:
        throw unreadable(`section ${id} is not known here`, part.at);
    }
  }
  return { header, functions, exports };
}

function signature(part: Reader): Signature {
  if (part.byte() !== 0x60) throw unreadable("a type is no function's", part.at - 1);
  const parameters = part.vector(() => part.valueType());
  const results = part.vector(() => part.valueType());
  const group = (word: string, types: readonly string[]): string =>
    types.length === 0 ? "" : ` (${word} ${types.join(" ")})`;
  return { text: group("param", parameters) + group("result", results), parameters: parameters.length };
}

/** Functions get names, of which no two are alike; the others are the only ones of their kind. */
function importText(part: Reader, callees: string[]): string {
  const module = part.name();
  const name = part.name();
  const start = `  (import "${module}" "${name}"`;
  const kind = part.byte();
  if (kind === 0) {
    const wanted = `$${module}.${name}`;
    const taken = callees.filter((callee) => callee === wanted || callee.startsWith(`${wanted}/`)).length;
    const id = taken === 0 ? wanted : `${wanted}/${taken + 1}`;
    callees.push(id);
    return `${start} (func ${id} (type ${part.unsigned()})))`;
  }
  if (kind === 1) {
    part.byte();
    return `${start} (table${limits(part)} funcref))`;
  }
  if (kind === 2) return `${start} (memory${limits(part)}))`;
  throw unreadable("it imports what is not known here", part.at - 1);
}

function limits(part: Reader): string {
  if (part.byte() !== 0) throw unreadable("limits have an upper one", part.at - 1);
  return ` ${part.unsigned()}`;
}

function functionText(
  body: Reader,
  parameters: number,
  callees: readonly string[],
  names: LocalNames,
): Pick<FunctionText, "locals" | "lines"> {
  const locals: string[] = [];
  let next = parameters;
  body.vector(() => {
    const count = body.unsigned();
    const type = body.valueType();
    for (let index = 0; index < count; index++, next++) {
      const name = names.get(next);
      locals.push(`(local ${name === undefined ? `(;${next};)` : `$${name}`} ${type})`);
    }
  });
  const local = (): string => {
    const index = body.unsigned();
    const name = index < parameters ? undefined : names.get(index);
    return name === undefined ? String(index) : `$${name}`;
  };

  const start = body.at;
  const lines: WasmLine[] = [];
  /** The blocks that are open, by their names. */
  const labels: string[] = [];
  let made = 0;
  // The function's own is named by its number: it has none.
  const label = (): string => {
    const depth = body.unsigned();
    return labels.at(-1 - depth) ?? String(depth);
  };
  const open = (word: string): string => {
    const type = body.blockType();
    const name = `$${word}${++made}`;
    labels.push(name);
    return `${word} ${name}${type === "none" ? "" : ` (result ${type})`}`;
  };
  const text = (opcode: number): string => {
    switch (opcode) {
      case 0x02:
        return open("block");
      case 0x03:
        return open("loop");
      case 0x04:
        return open("if");
      case 0x0c:
        return `br ${label()}`;
      case 0x0d:
        return `br_if ${label()}`;
      case 0x0e: {
        const targets = body.vector(label);
        return `br_table ${[...targets, label()].join(" ")}`;
      }
      case 0x10: {
        const index = body.unsigned();
        return `call ${callees[index] ?? index}`;
      }
      case 0x13: {
        const type = body.unsigned();
        const table = body.unsigned();
        return `return_call_indirect ${table === 0 ? "" : `${table} `}(type ${type})`;
      }
      case 0x20:
        return `local.get ${local()}`;
      case 0x21:
        return `local.set ${local()}`;
      case 0x22:
        return `local.tee ${local()}`;
      case 0x41:
        return `i32.const ${body.signed()}`;
      case 0x42:
        return `i64.const ${body.signed()}`;
      case 0x44:
        return `f64.const ${floatText(body.bits64())}`;
    }
    const access = accesses.get(opcode);
    if (access !== undefined) {
      const align = body.unsigned();
      const offset = body.unsigned();
      return `${access.name}${offset === 0 ? "" : ` offset=${offset}`}${align === access.align ? "" : ` align=${2 ** align}`}`;
    }
    const name = plainNames.get(opcode);
    if (name === undefined) throw unreadable(`opcode 0x${opcode.toString(16)} is not known here`, body.at - 1);
    return name;
  };

  for (;;) {
    const offset = body.at - start;
    const opcode = body.byte();
    if (opcode === plain.end) labels.pop();
    // The last `end` closes the function, as its bracket does.
    if (body.ended) return { locals, lines };
    const depth = labels.length - (opcode === plain.else ? 1 : 0);
    const shown = text(opcode);
    lines.push({ offset, length: body.at - start - offset, depth, text: shown });
  }
}

/** A float of 64 bits, exactly. */
function floatText(bits: bigint): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  const value = view.getFloat64(0);
  const sign = bits >> 63n === 0n ? "" : "-";
  if (Number.isNaN(value)) return `${sign}nan:0x${(bits & 0xf_ffff_ffff_ffffn).toString(16)}`;
  return `${sign}${Math.abs(value) === Infinity ? "inf" : String(Math.abs(value))}`;
}
