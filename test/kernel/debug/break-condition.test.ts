import vm from "node:vm";
import { expect, test, vi } from "vitest";
import { breakCondition, flawOf } from "../../../kernel/debug/break-condition.js";

/** At which of ten hits it stops; V8 evaluates the condition at each, and stops where it holds. */
function stops(wanted: Parameters<typeof breakCondition>[0]): readonly number[] {
  const condition = breakCondition(wanted, crypto.randomUUID()) ?? "true";
  const holds = vm.runInThisContext(`(n) => ${condition}`) as (n: number) => unknown;
  return [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].filter((n) => Boolean(holds(n)));
}

test.each([
  [{ hitCondition: "3" }, [3]],
  [{ hitCondition: " = 3 " }, [3]],
  [{ hitCondition: "==3" }, [3]],
  [{ hitCondition: ">= 9" }, [9, 10]],
  [{ hitCondition: ">9" }, [10]],
  [{ hitCondition: "<= 2" }, [1, 2]],
  [{ hitCondition: "< 2" }, [1]],
  [{ hitCondition: "% 4" }, [4, 8]],
  [{ condition: "n as number > 7" }, [8, 9, 10]],
  [{ condition: "n > 4", hitCondition: "2" }, [6]],
  [{}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
])("%j stops at %j", (wanted, hits) => {
  expect(stops({ line: 1, ...wanted })).toEqual(hits);
});

test("a message is printed where its condition holds, and nothing stops", () => {
  const log = vi.spyOn(console, "log").mockReturnValue(undefined);
  const logMessage = "100% of {n}: { { n, twice: n * 2 }.twice } {nothing.there} {";
  expect(stops({ line: 1, condition: "n > 9", logMessage })).toEqual([]);
  const { calls } = log.mock;
  log.mockRestore();
  expect(calls).toEqual([["100%% of %s: %s %s {%s", 10, 20, "<ReferenceError: nothing is not defined>", ""]]);
});

test.each([
  [{ hitCondition: "often" }, '"often" is no count of hits'],
  [{ hitCondition: "% 0" }, "is no count of hits"],
  [{ condition: "n >" }, '"n >" is no expression: Unexpected token'],
  [{ logMessage: "it is {n +}" }, '"n +" is no expression'],
])("%j is refused", (wanted, why) => {
  expect(flawOf({ line: 1, ...wanted })).toContain(why);
});

test("what is right has no flaw", () => {
  expect(
    flawOf({ line: 1, condition: "n! > 2", hitCondition: ">= 2", logMessage: "{n} } {{ a: 1 }.a}" }),
  ).toBeUndefined();
});
