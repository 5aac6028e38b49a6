import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../sim/core/index.js";
import { ignoring } from "../../../sim/container/build/ignore.js";
import { expandWord, expandWords } from "../../../sim/container/build/words.js";

const values: Readonly<Record<string, string>> = { A: "a b", P: "/usr/lib/libc.so.6", EMPTY: "" };
const word = (text: string): string => expandWord(text, "\\", (name) => values[name]);

describe("variables, as the Dockerfile reference's table of modifiers has them", () => {
  test.each([
    ["$A", "a b"],
    ["${A}c", "a bc"],
    ["\\$A", "$A"],
    ["'$A'", "$A"],
    ['"$A"', "a b"],
    ['"\\$A"', "$A"],
    ['"\\x"', "\\x"],
    ["\\x", "x"],
    ["${NONE}", ""],
    ["${NONE:-$A}", "a b"],
    ["${EMPTY:-x}", "x"],
    ["${EMPTY-x}", ""],
    ["${NONE-x}", "x"],
    ["${A:+yes}", "yes"],
    ["${EMPTY:+yes}", ""],
    ["${EMPTY+yes}", "yes"],
    ["${P#*/}", "usr/lib/libc.so.6"],
    ["${P##*/}", "libc.so.6"],
    ["${P%.*}", "/usr/lib/libc.so"],
    ["${P%%.*}", "/usr/lib/libc"],
    ["${P/lib/x}", "/usr/x/libc.so.6"],
    ["${P//lib/x}", "/usr/x/xc.so.6"],
    ["$", "$"],
    ["$1x", "x"],
  ])("%s is %s", (text, expected) => {
    expect(word(text)).toBe(expected);
  });

  test("an unquoted value is split where words are wanted", () => {
    expect(expandWords('x$A "$A"', "\\", (name) => values[name])).toEqual(["xa", "b", "a b"]);
  });

  test("the other escape leaves backslashes alone", () => {
    expect(expandWord("C:\\x`$A", "`", (name) => values[name])).toBe("C:\\x$A");
  });

  test("any text gives a word or a UsageError", () => {
    const outcome = (text: string): string => {
      try {
        return typeof word(text);
      } catch (error) {
        return error instanceof UsageError ? "string" : String(error);
      }
    };
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            "$",
            "A",
            "{",
            "}",
            ":",
            "-",
            "+",
            "?",
            "/",
            "#",
            "%",
            '"',
            "'",
            "\\",
            " ",
            "x",
            "*",
            "`",
          ),
        }),
        (text) => {
          expect(outcome(text)).toBe("string");
        },
      ),
      { seed: 1, numRuns: 2000 },
    );
  });
});

describe(".dockerignore, as its reference's examples have it", () => {
  test.each([
    ["*/temp*", "somedir/temporary.txt", true],
    ["*/temp*", "temp", false],
    ["*/*/temp*", "a/b/temporary", true],
    ["temp?", "tempa", true],
    ["**/*.go", "a/b/c.go", true],
    ["**/*.go", "c.go", true],
    ["*.md\n!README.md", "README.md", false],
    ["*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true],
    ["node_modules", "node_modules/a/b", true],
    ["/foo/bar/", "foo/bar/x", true],
    ["# x", "# x", false],
    ["[a-c].txt", "b.txt", true],
    ["a\\*", "a*", true],
  ])("%j on %s: %s", (text, path, ignored) => {
    expect(ignoring(text)(path)).toBe(ignored);
  });
});
