import { expect, test } from "vitest";
import { parseYaml, YamlError } from "../../../sim/k8s/objects/yaml.js";

/** Scalars and what `kubectl create --dry-run=client -o json` made of them (kubectl 1.20.2). */
const read: readonly (readonly [text: string, value: unknown])[] = [
  ["0400", 256],
  ["0o17", 15],
  ["-010", -8],
  ["08", 8],
  ["0b11", 3],
  ["0x1F", 31],
  ["1_000", 1000],
  ["+12", 12],
  ["1e3", 1000],
  ["1.5e+3", 1500],
  [".5", 0.5],
  ["685_230.15", 685230.15],
  ["1:30", "1:30"],
  ["2001-01-01", "2001-01-01"],
  [".inf2", ".inf2"],
  ["y", true],
  ["On", true],
  ["n", false],
  ["off", false],
  ["yep", "yep"],
  ["~", null],
  ["", null],
  ["!!str 12", "12"],
  ['"0400"', "0400"],
  ["1.27.3", "1.27.3"],
  ["5m", "5m"],
];

test("scalars of a manifest are what kubectl takes them for", () => {
  const text = read.map(([scalar], i) => `k${i}: ${scalar}`);
  const [values] = parseYaml(text.join("\n")) as readonly Record<string, unknown>[];
  expect(read.map((_, i) => values?.[`k${i}`])).toEqual(read.map(([, value]) => value));
});

test("keys are text, merged maps yield to what stands beside them, empty documents are none", () => {
  expect(parseYaml("1: one\non: x\n---\n---\na: &m {a: 1, b: 2}\nb: {<<: *m, b: 3}\n")).toEqual([
    { "1": "one", true: "x" },
    { a: { a: 1, b: 2 }, b: { a: 1, b: 3 } },
  ]);
  expect(() => parseYaml("a: [1\nb: 2")).toThrow(YamlError);
});
