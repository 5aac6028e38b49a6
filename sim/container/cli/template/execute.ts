import { parseTemplate, TemplateError, type Command, type Node, type Operand, type Pipe } from "./parse.js";
import { goJson, goMarshalled, goText, isObject, truth } from "./values.js";

type Callable = (args: readonly unknown[]) => unknown;

/** A field of the data that is asked with a word: `{{.Label "team"}}`. */
export type Method = (word: string) => string;

export interface TemplateOptions {
  /** What a field that there isn't is told as, behind the field's name: Go says it of maps and of structures in different ways. */
  readonly missing?: (field: string) => string;
  /** How much stands before the template in what was typed: messages count from there. */
  readonly before?: number;
  /** Whether the data is a row, which writes itself as JSON: by json.Marshal. */
  readonly row?: boolean;
  /** Fields that may be absent, and then are nothing. */
  readonly optional?: readonly string[];
}

/** A template, parsed once and executed with any data. @throws TemplateError in Go's words */
export function template(source: string, options: TemplateOptions = {}): (data: unknown) => string {
  const nodes = parseTemplate(source);
  checkFunctions(nodes);
  return (data) => new Execution(options, data).render(nodes, data);
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);

function compare(a: unknown, b: unknown): number {
  const [one, other] = [a, b] as [string, string];
  return one === other ? 0 : one < other ? -1 : 1;
}

function index([value, ...keys]: readonly unknown[]): unknown {
  let at = value;
  for (const key of keys) {
    if (Array.isArray(at)) {
      if (typeof key !== "number" || key < 0 || key >= at.length)
        throw new Error(`error calling index: index out of range: ${goText(key)}`);
      at = (at as readonly unknown[])[key];
    } else if (isObject(at)) at = at[String(key)];
    else throw new Error(`error calling index: index of untyped nil`);
  }
  return at;
}

function formatted([format, ...args]: readonly unknown[]): string {
  let place = 0;
  return String(format).replace(/%(-?)(0?)(\d*)(?:\.(\d+))?([vsdqfxt%])/g, (...match: readonly unknown[]) => {
    const [, left, zero, width, digits, verb] = match as readonly string[];
    if (verb === "%") return "%";
    const value = args[place++];
    const text =
      verb === "q"
        ? JSON.stringify(goText(value))
        : verb === "f"
          ? Number(value).toFixed(digits === undefined ? 6 : Number(digits))
          : verb === "x"
            ? Number(value).toString(16)
            : goText(value);
    const room = Number(width ?? 0);
    return left === "-" ? text.padEnd(room) : text.padStart(room, zero === "0" ? "0" : " ");
  });
}

/** text/template's functions, and those that docker adds (templates.basicFunctions). */
const functions: ReadonlyMap<string, Callable> = new Map<string, Callable>([
  ["json", ([value]) => goJson(value)],
  ["split", ([text, separator]) => String(text).split(String(separator))],
  ["join", ([values, separator]) => list(values).map(goText).join(String(separator))],
  ["title", ([text]) => String(text).replace(/(^|\s)(\S)/g, (_, blank: string, c: string) => blank + c.toUpperCase())],
  ["lower", ([text]) => String(text).toLowerCase()],
  ["upper", ([text]) => String(text).toUpperCase()],
  [
    "pad",
    ([text, before, after]) =>
      text === "" ? "" : " ".repeat(Number(before)) + String(text) + " ".repeat(Number(after)),
  ],
  ["truncate", ([text, length]) => String(text).slice(0, Number(length))],
  [
    "len",
    ([value]) =>
      isObject(value) ? Object.keys(value).length : ((value as { readonly length?: number } | null)?.length ?? 0),
  ],
  ["index", index],
  ["slice", ([value, from, to]) => (value as string).slice(from as number | undefined, to as number | undefined)],
  ["print", (args) => args.map(goText).join(" ")],
  ["println", (args) => `${args.map(goText).join(" ")}\n`],
  ["printf", formatted],
  ["not", ([value]) => !truth(value)],
  ["and", (args) => args.find((one) => !truth(one)) ?? args.at(-1)],
  ["or", (args) => args.find((one) => truth(one)) ?? args.at(-1)],
  ["eq", ([a, ...others]) => others.some((one) => compare(a, one) === 0)],
  ["ne", ([a, b]) => compare(a, b) !== 0],
  ["lt", ([a, b]) => compare(a, b) < 0],
  ["le", ([a, b]) => compare(a, b) <= 0],
  ["gt", ([a, b]) => compare(a, b) > 0],
  ["ge", ([a, b]) => compare(a, b) >= 0],
]);

function checkFunctions(nodes: readonly Node[]): void {
  const pipe = ({ commands }: Pipe): void => {
    for (const operand of commands.flat()) {
      if (operand.kind === "function" && !functions.has(operand.name))
        throw new TemplateError(`template: :1: function ${JSON.stringify(operand.name)} not defined`);
      if (operand.kind === "chain" && typeof operand.of === "object" && "pipe" in operand.of) pipe(operand.of.pipe);
    }
  };
  for (const node of nodes) {
    if (node.kind === "text") continue;
    pipe(node.pipe);
    if (node.kind !== "action") checkFunctions([...node.body, ...node.otherwise]);
  }
}

class Execution {
  readonly #options: TemplateOptions;
  readonly #variables = new Map<string, unknown>();
  #at = 0;

  constructor(options: TemplateOptions, data: unknown) {
    this.#options = options;
    this.#variables.set("$", data);
  }

  render(nodes: readonly Node[], dot: unknown): string {
    return nodes.map((node) => this.#node(node, dot)).join("");
  }

  #node(node: Node, dot: unknown): string {
    if (node.kind === "text") return node.text;
    this.#at = node.at;
    const value = this.#pipe(node.pipe, dot);
    switch (node.kind) {
      case "action":
        return node.pipe.declares.length > 0 ? "" : goText(value);
      case "if":
        return this.render(truth(value) ? node.body : node.otherwise, dot);
      case "with":
        return truth(value) ? this.render(node.body, value) : this.render(node.otherwise, dot);
      case "range": {
        const pairs: (readonly [unknown, unknown])[] = isObject(value)
          ? Object.keys(value)
              .sort()
              .map((key) => [key, value[key]] as const)
          : list(value).map((one, place) => [place, one] as const);
        if (pairs.length === 0) return this.render(node.otherwise, dot);
        const { declares } = node.pipe;
        return pairs
          .map(([key, one]) => {
            const [first, second] = declares;
            if (second !== undefined) this.#variables.set(first ?? "", key).set(second, one);
            else if (first !== undefined) this.#variables.set(first, one);
            return this.render(node.body, one);
          })
          .join("");
      }
    }
  }

  #pipe({ commands, declares }: Pipe, dot: unknown): unknown {
    let value: unknown;
    for (const [place, command] of commands.entries()) value = this.#command(command, dot, place === 0 ? [] : [value]);
    if (declares.length === 1) this.#variables.set(declares[0] ?? "", value);
    return value;
  }

  #command([head, ...rest]: Command, dot: unknown, last: readonly unknown[]): unknown {
    if (head === undefined) return undefined;
    if (head.kind !== "function") {
      const value = this.#operand(head, dot);
      if (typeof value === "function") return this.#method(value as Method, head, rest, last, dot);
      if (rest.length + last.length > 0)
        throw this.#error(
          `can't give argument to non-function ${head.kind === "chain" ? head.text : goText(head.value)}`,
        );
      return value;
    }
    const args = [...rest.map((one) => this.#operand(one, dot)), ...last];
    if (head.name === "json" && this.#options.row === true && args[0] === this.#variables.get("$"))
      return goMarshalled(args[0]);
    try {
      return functions.get(head.name)?.(args);
    } catch (error) {
      throw this.#error(`executing "" at <${head.name}>: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #method(method: Method, head: Operand, rest: Command, last: readonly unknown[], dot: unknown): string {
    const args = [...rest.map((one) => this.#operand(one, dot)), ...last];
    if (args.length !== 1) {
      const text = head.kind === "chain" ? head.text : "";
      const called = text.slice(text.lastIndexOf(".") + 1);
      throw this.#error(
        `executing "" at <${text}>: wrong number of args for ${called}: want 1 got ${args.length}`,
        text,
      );
    }
    return method(goText(args[0]));
  }

  #operand(operand: Operand, dot: unknown): unknown {
    if (operand.kind === "literal") return operand.value;
    if (operand.kind === "function") return this.#command([operand], dot, []);
    const { of, fields, text } = operand;
    let value = of === "dot" ? dot : "pipe" in of ? this.#pipe(of.pipe, dot) : this.#variable(of.variable);
    for (const field of fields) value = this.#field(value, field, text);
    return value;
  }

  #variable(name: string): unknown {
    if (this.#variables.has(name)) return this.#variables.get(name);
    throw new TemplateError(`template: :1: undefined variable ${JSON.stringify(name)}`);
  }

  #field(value: unknown, field: string, text: string): unknown {
    if (isObject(value)) {
      if (Object.hasOwn(value, field)) return value[field];
      // Docker's Go structures have ID where their JSON has Id.
      if (field === "ID" && Object.hasOwn(value, "Id")) return value["Id"];
      if (this.#options.optional?.includes(field) === true) return null;
      const { missing = (name: string) => `map has no entry for key ${JSON.stringify(name)}` } = this.#options;
      throw this.#error(`executing "" at <${text}>: ${missing(field)}`, text);
    }
    if (value === null || value === undefined)
      throw this.#error(`executing "" at <${text}>: nil pointer evaluating interface {}.${field}`, text);
    throw this.#error(`executing "" at <${text}>: can't evaluate field ${field} in type ${typeOf(value)}`, text);
  }

  /** Go counts to the chain's last dot. */
  #error(why: string, text = ""): TemplateError {
    const { before = 0 } = this.#options;
    return new TemplateError(`template: :1:${before + this.#at + Math.max(0, text.lastIndexOf("."))}: ${why}`);
  }
}

const typeOf = (value: unknown): string =>
  typeof value === "string"
    ? "string"
    : typeof value === "number"
      ? "float64"
      : Array.isArray(value)
        ? "[]interface {}"
        : "bool";
