import { Session, type Runtime } from "node:inspector";
import { afterAll, expect, test } from "vitest";
import { elementCount, valueText, valueType } from "../../../kernel/debug/values.js";

const session = new Session();
session.connect();
afterAll(() => {
  session.disconnect();
});

/** A value as V8 describes it. */
function described(expression: string): Runtime.RemoteObject {
  let found: Runtime.RemoteObject | undefined;
  session.post("Runtime.evaluate", { expression: `(${expression})`, generatePreview: true }, (_, evaluated) => {
    found = evaluated.result;
  });
  if (found === undefined) throw new Error("V8 gave no answer");
  return found;
}

test.each([
  ["undefined", "undefined", "undefined"],
  ["null", "null", "null"],
  ["-0", "-0", "number"],
  ["10n", "10n", "bigint"],
  ["true", "true", "boolean"],
  ["'line\\n\"quoted\"'", '"line\\n\\"quoted\\""', "string"],
  ["Symbol('s')", "Symbol(s)", "symbol"],
  ["{ a: 1, b: 'x', c: null, d() {}, get e() { throw 1 } }", '{a: 1, b: "x", c: null, d: function, e: (…)}', "Object"],
  ["[1, 'two', , 3]", 'Array(4) [1, "two", 3]', "Array(4)"],
  ["new Set([1, 'b'])", 'Set(2) {1, "b"}', "Set(2)"],
  ["new Map([[{ k: 1 }, [2]]])", "Map(1) {{k: 1} => Array(1) [2]}", "Map(1)"],
  ["new Float64Array([0.5])", "Float64Array(1) [0.5]", "Float64Array(1)"],
  ["new (class Point { x = 1 })()", "Point {x: 1}", "Point"],
  ["function f(a, b) { return a }", "function f(a, b)", "function"],
  ["async (a) => a", "async (a)", "function"],
  ["class A extends Map {}", "class A extends Map", "function"],
  ["new TypeError('no')", "TypeError: no", "TypeError"],
  ["/a+/g", "/a+/g", "RegExp"],
  ["Promise.resolve(1)", "Promise", "Promise"],
])("%s", (expression, text, type) => {
  const value = described(expression);
  expect([valueText(value), valueType(value)]).toEqual([text, type]);
});

test("a long text is cut, an array's length told", () => {
  expect(valueText(described("'x'.repeat(1000)"))).toHaveLength(200);
  expect(elementCount(described("new Array(12)"))).toBe(12);
  expect(elementCount(described("({ length: 12 })"))).toBeUndefined();
});
