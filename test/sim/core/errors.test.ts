import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { annotate, invariant, InvariantError, UsageError } from "../../../sim/core/errors.js";

test("invariant throws unless its condition holds", () => {
  invariant(true, "never said");
  expect(() => {
    invariant(false, "broken");
  }).toThrow(new InvariantError("broken"));
});

describe("annotate", () => {
  test("adds to the message and to the stack, and keeps everything else", () => {
    const error = new UsageError("no disk", "Make one.");
    const frames = error.stack?.split("\n").slice(1);
    expect(annotate(error, "in $& process")).toBe(error);
    expect(error).toMatchObject({ message: "no disk (in $& process)", hint: "Make one.", name: "UsageError" });
    expect(error.stack).toContain("no disk (in $& process)");
    expect(error.stack?.split("\n").slice(1)).toEqual(frames);
  });

  test("says it alone where the error said nothing", () => {
    expect(annotate(new Error(), "here").message).toBe("(here)");
  });

  test("takes an error of another realm for one", () => {
    const error = runInNewContext("new RangeError('far')") as Error;
    expect(annotate(error, "here")).toBe(error);
    expect(error.message).toBe("far (here)");
  });

  test.each<[unknown, string]>([
    ["a string", "a string (here)"],
    [undefined, "undefined (here)"],
    [null, "null (here)"],
    [{ code: 5 }, "[object Object] (here)"],
  ])("makes an error of %o", (thrown, message) => {
    const error = annotate(thrown, "here");
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe(message);
    expect(error.cause).toBe(thrown);
  });
});
