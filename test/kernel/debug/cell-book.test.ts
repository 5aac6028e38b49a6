import { expect, test } from "vitest";
import { CellBook, type RanCell } from "../../../kernel/debug/cell-book.js";
import { murmur2 } from "../../../kernel/debug/murmur2.js";

const cell = (name: string, text: string): RanCell => ({
  name,
  text,
  source: text,
  code: text,
  positions: "",
  declares: [],
});
const ran = new Map<string, RanCell>(
  ["a", "b", "a"].map((text, index) => [`In[${index + 1}]`, cell(`In[${index + 1}]`, text)]),
);
const book = (): CellBook =>
  new CellBook({ find: (name) => ran.get(name), all: () => ran.values(), variables: () => ["x", "y"] });

test("a cell's path is what a client makes of its text and debugInfo", () => {
  const { tmpFilePrefix, tmpFileSuffix, hashSeed, hashMethod } = book().naming;
  expect(hashMethod).toBe("Murmur2");
  const own = book();
  const path = own.dump("const x = 1;");
  expect(path).toBe(`${own.naming.tmpFilePrefix}${murmur2("const x = 1;", hashSeed)}${tmpFileSuffix}`);
  expect(own.text(path)).toBe("const x = 1;");
  // Another kernel's cells lie elsewhere, so that a client hands them over again.
  expect(path.startsWith(tmpFilePrefix)).toBe(false);
});

test("a cell that ran is known, with all of its runs", () => {
  const own = book();
  expect(own.text(own.path("a"))).toBe("a");
  expect(own.runs(own.path("a")).map(({ name }) => name)).toEqual(["In[1]", "In[3]"]);
  expect(own.text(own.path("c"))).toBeUndefined();
  expect(own.find("In[2]")?.text).toBe("b");
});
