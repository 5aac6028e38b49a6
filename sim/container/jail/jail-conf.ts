import { UsageError } from "../../core/index.js";
import type { ParameterValue } from "./prison.js";

/** A jail as jail.conf(5) defines it: parameters with lists kept, "$name" replaced. */
export interface JailDefinition {
  readonly name: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
}

interface Token {
  readonly text: string;
  readonly line: number;
  /** Whether it was in quotes: then it is no sign, and "$" counts only in double ones. */
  readonly quoted: "" | '"' | "'";
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  const pattern = /\/\*[\s\S]*?\*\/|(?:#|\/\/)[^\n]*|"((?:\\.|[^"\\])*)"|'([^']*)'|(\+=|[{};=,])|([^\s{};=,"'#]+)|\n/g;
  let line = 1;
  for (const match of text.matchAll(pattern)) {
    const [whole, double, singly, sign, word] = match;
    if (double !== undefined) found.push({ text: double.replaceAll(/\\(.)/g, "$1"), line, quoted: '"' });
    else if (singly !== undefined) found.push({ text: singly, line, quoted: "'" });
    else if (sign !== undefined || word !== undefined) found.push({ text: whole, line, quoted: "" });
    line += whole.split("\n").length - 1;
  }
  return found;
}

/**
 * Reads jail.conf(5): parameters for all jails, and `name { … }` blocks, of which `*` is for all; `a = b, c;`, `a += d;`, `a;` for true
 * and `noa;` for false; comments of shell, C and C++; `$name` and `${name}` in words.
 * @throws UsageError that names the line
 */
export function parseJailConf(text: string): readonly JailDefinition[] {
  const all = tokens(text);
  let at = 0;
  const wrong = (what: string): UsageError =>
    new UsageError(
      `jail.conf:${all[Math.min(at, all.length - 1)]?.line ?? 1}: ${what}`,
      "Write PARAMETER = VALUE; and NAME { … }, see jail.conf(5).",
    );
  const is = (sign: string): boolean => all[at]?.text === sign && all[at]?.quoted === "";
  const common = new Map<string, readonly Token[]>();
  const jails = new Map<string, Map<string, readonly Token[]>>();

  const parameter = (into: Map<string, readonly Token[]>, name: string): void => {
    const adds = is("+=");
    if (!is("=") && !adds) {
      if (!is(";")) throw wrong(`"${all[at]?.text ?? "the end"}" behind ${name}`);
      at++;
      into.set(name, []);
      return;
    }
    at++;
    const values: Token[] = [];
    for (;;) {
      const value = all[at];
      if (value === undefined || (value.quoted === "" && /^[{};=,]$/.test(value.text)))
        throw wrong(`${name} lacks a value`);
      values.push(value);
      at++;
      if (is(",")) at++;
      else break;
    }
    if (!is(";")) throw wrong(`${name} doesn't end with ";"`);
    at++;
    into.set(name, adds ? [...(into.get(name) ?? []), ...values] : values);
  };

  while (at < all.length) {
    const name = all[at]?.text ?? "";
    if (all[at]?.quoted === "" && /^[{};=,]$/.test(name)) throw wrong(`"${name}" where a name should be`);
    at++;
    if (!is("{")) {
      parameter(common, name);
      continue;
    }
    at++;
    const own = name === "*" ? common : (jails.get(name) ?? new Map<string, readonly Token[]>());
    if (name !== "*") jails.set(name, own);
    while (!is("}")) {
      const key = all[at];
      if (key === undefined) throw wrong(`the block of ${name} isn't closed`);
      at++;
      parameter(own, key.text);
    }
    at++;
  }
  return [...jails].map(([name, own]) => {
    const merged = new Map([...common, ...own]);
    const variables = new Map<string, string>([["name", name]]);
    const replace = ({ text: raw, quoted }: Token): string => {
      if (quoted === "'") return raw;
      return raw.replaceAll(
        /\$(?:\{([\w.]+)\}|([\w]+))/g,
        (whole, braced: string | undefined, bare: string | undefined) => {
          const key = braced ?? bare ?? "";
          const value = variables.get(key) ?? merged.get(key)?.[0]?.text ?? merged.get(`$${key}`)?.[0]?.text;
          if (value === undefined)
            throw new UsageError(
              `jail.conf: ${name}: variable "${whole}" is not defined`,
              `Set $${key} = …; or a parameter ${key}.`,
            );
          return value;
        },
      );
    };
    const parameters = [...merged]
      .filter(([key]) => !key.startsWith("$"))
      .map(([key, values]) => [key, values.map(replace)] as const);
    return { name, parameters: Object.fromEntries(parameters) };
  });
}

/** A definition's values as jail_set(2) takes them: "noa" and "allow.noa" are false, numbers numbers. */
export function kernelParameter(key: string, values: readonly string[]): readonly [string, ParameterValue] {
  const negated = /^(.*\.)?no([a-z_.]+)$/.exec(key);
  if (values.length === 0 && negated !== null && !["node"].includes(key))
    return [`${negated[1] ?? ""}${negated[2] ?? ""}`, false];
  if (values.length === 0) return [key, true];
  const [first = ""] = values;
  if (key === "ip4.addr") return [key, values.map((one) => one.replace(/^\w+\|/, "").replace(/\/\d+$/, ""))];
  if (first === "true" || first === "false") return [key, first === "true"];
  if (/^-?\d+$/.test(first) && (key.startsWith("allow.") || key === "persist")) return [key, first !== "0"];
  return [key, /^-?\d+$/.test(first) && key !== "name" ? Number(first) : values.join(",")];
}
