import { isArray, isObject, show, type Json } from "../objects/value.js";
import { failure } from "./failure.js";

/**
 * kubectl's JSONPath templates (client-go, `util/jsonpath`): text, `{.path}`, `{"text"}`, `{range .list[*]}…{end}`. In paths: keys, quoted keys,
 * indexes, slices, `*`, `..key`, filters `?(@.a=="b")` and unions of keys or indexes.
 */
type Part =
  | { readonly of: "text"; readonly text: string }
  | { readonly of: "path"; readonly path: string }
  | { readonly of: "range"; readonly path: string; readonly body: readonly Part[] };

/** @throws KubectlFailure for a template that can't be read */
export function printTemplate(template: string, value: Json): string {
  return render(parse(template), value);
}

function parse(template: string): readonly Part[] {
  const stack: Part[][] = [[]];
  const ranges: string[] = [];
  const put = (part: Part): void => {
    stack.at(-1)?.push(part);
  };
  let rest = template;
  while (rest !== "") {
    const open = rest.indexOf("{");
    if (open !== 0) {
      const text = open < 0 ? rest : rest.slice(0, open);
      put({ of: "text", text });
      rest = rest.slice(text.length);
      continue;
    }
    const [whole, inside = ""] = /^\{((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^}"'])*)\}/s.exec(rest) ?? [];
    if (whole === undefined) throw failure(`error parsing jsonpath ${template}, unclosed action`);
    rest = rest.slice(whole.length);
    const action = inside.trim();
    if (action === "end") {
      const body = stack.pop() ?? [];
      const path = ranges.pop();
      if (path === undefined) throw failure(`error parsing jsonpath ${template}, not in range, nothing to end`);
      put({ of: "range", path, body });
    } else if (action.startsWith("range ")) {
      ranges.push(action.slice(6).trim());
      stack.push([]);
    } else if (/^".*"$|^'.*'$/s.test(action)) put({ of: "text", text: unquoted(action) });
    else for (const path of action.split(/\s+(?=[.$@])/)) put({ of: "path", path });
  }
  return stack[0] ?? [];
}

const unquoted = (text: string): string =>
  text.slice(1, -1).replace(/\\(.)/g, (_, mark: string) => ({ n: "\n", t: "\t", r: "\r" })[mark] ?? mark);

function render(parts: readonly Part[], value: Json): string {
  return parts
    .map((part) => {
      if (part.of === "text") return part.text;
      const found = select(part.path, value);
      return part.of === "path" ? found.map(show).join(" ") : found.map((each) => render(part.body, each)).join("");
    })
    .join("");
}

const step =
  /^(?:(\.\.)([\w-]+|\*)?|\.?([\w$/-]+(?:\\\.[\w$/-]+)*)|\.(\*)|\[\s*(\*)\s*\]|\[\s*((?:'[^']*'|"[^"]*")(?:\s*,\s*(?:'[^']*'|"[^"]*"))*)\s*\]|\[\s*(-?\d+(?:\s*,\s*-?\d+)*)\s*\]|\[\s*(-?\d*)\s*:\s*(-?\d*)\s*\]|\[\?\((.*?)\)\])/s;

/** What a path selects. @throws KubectlFailure for what can't be read */
export function select(path: string, value: Json): readonly Json[] {
  let here: readonly Json[] = [value];
  let rest = path.trim().replace(/^[$@]/, "").replace(/^\.$/, "");
  while (rest !== "") {
    const match = step.exec(rest);
    if (match === null)
      throw failure(`error parsing jsonpath {${path}}, unrecognized character in action: ${rest.charAt(0)}`);
    rest = rest.slice(match[0].length);
    const [, deep, deepKey, key, star, starred, quoted, indexes, from, to, filter] = match;
    if (deep !== undefined) {
      here = here.flatMap(descendants);
      if (deepKey !== undefined && deepKey !== "*") here = here.flatMap((each) => member(each, deepKey));
    } else if (key !== undefined) here = here.flatMap((each) => member(each, key.replaceAll("\\.", ".")));
    else if ((star ?? starred) !== undefined) here = here.flatMap(children);
    else if (quoted !== undefined) {
      const keys = quoted.match(/'[^']*'|"[^"]*"/g) ?? [];
      here = here.flatMap((each) => keys.flatMap((name) => member(each, name.slice(1, -1))));
    } else if (indexes !== undefined) {
      const numbers = indexes.split(",").map(Number);
      here = here.flatMap((each) => (isArray(each) ? numbers.flatMap((number) => each.at(number) ?? []) : []));
    } else if (filter !== undefined)
      here = here.flatMap((each) => children(each).filter((item) => holds(filter, item)));
    else
      here = here.flatMap((each) =>
        isArray(each) ? each.slice(from === "" ? 0 : Number(from), to === "" ? undefined : Number(to)) : [],
      );
  }
  return here;
}

const member = (value: Json, key: string): readonly Json[] => {
  if (!isObject(value) || !Object.hasOwn(value, key)) return [];
  const found = value[key];
  return found === undefined ? [] : [found];
};

const children = (value: Json): readonly Json[] =>
  isArray(value) ? value : isObject(value) ? Object.values(value).filter((each) => each !== undefined) : [];

const descendants = (value: Json): readonly Json[] => [value, ...children(value).flatMap(descendants)];

function holds(filter: string, item: Json): boolean {
  const [, left = "", sign = "", right = ""] = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/s.exec(filter.trim()) ?? [];
  if (sign === "") return select(filter, item).length > 0;
  const side = (text: string): Json | undefined =>
    /^["']/.test(text) ? unquoted(text) : /^[@$]/.test(text) ? select(text, item)[0] : (JSON.parse(text) as Json);
  const [a, b] = [side(left), side(right)];
  if (a === undefined || b === undefined) return false;
  if (sign === "==") return a === b;
  if (sign === "!=") return a !== b;
  const below =
    typeof a === "number" && typeof b === "number" ? a - b : show(a) < show(b) ? -1 : show(a) > show(b) ? 1 : 0;
  return sign === "<" ? below < 0 : sign === ">" ? below > 0 : sign === "<=" ? below <= 0 : below >= 0;
}
