import fc from "fast-check";
import { expect, test } from "vitest";
import type { Nanos } from "../../../../sim/core/index.js";
import { checkLinearizable, historyLanes, type Operation, type RegisterState } from "../../../../sim/k8s/index.js";

const operation = (
  client: number,
  span: readonly [number, number | undefined],
  call: Operation["call"],
  answer: Operation["answer"] = {},
): Operation => {
  const [called, answered] = span;
  const known = answered === undefined ? {} : { answer };
  return { client, key: "k", call, called: called as Nanos, answered: answered as Nanos | undefined, ...known };
};
const write = (client: number, from: number, to: number | undefined, value: string): Operation =>
  operation(client, [from, to], { type: "write", value });
const read = (client: number, from: number, to: number, value: RegisterState): Operation =>
  operation(client, [from, to], { type: "read" }, { read: value });

test("textbook histories", () => {
  // Overlapping: the read may see either.
  expect(checkLinearizable([write(1, 0, 10, "a"), read(2, 5, 6, undefined)]).linearizable).toBe(true);
  expect(checkLinearizable([write(1, 0, 10, "a"), read(2, 5, 6, "a")]).linearizable).toBe(true);
  // Afterwards it must see it, and once seen it stays seen.
  expect(checkLinearizable([write(1, 0, 10, "a"), read(2, 11, 12, undefined)]).linearizable).toBe(false);
  const back = [write(1, 0, 20, "a"), read(2, 1, 2, "a"), read(3, 3, 4, undefined)];
  expect(checkLinearizable(back)).toMatchObject({ linearizable: false, key: "k", stuck: [back[2]] });
  // What nobody answered may take effect at any time later, or never.
  expect(
    checkLinearizable([write(1, 0, undefined, "a"), read(2, 5, 6, undefined), read(2, 7, 8, "a")]).linearizable,
  ).toBe(true);
  expect(checkLinearizable([write(1, 5, undefined, "a"), read(2, 1, 2, "a")]).linearizable).toBe(false);
  const replaced = operation(1, [0, 1], { type: "replace", expected: "x", value: "y" }, { replaced: true });
  expect(checkLinearizable([replaced]).linearizable).toBe(false);
  expect(historyLanes(back, "t", "c").lanes).toHaveLength(3);
});

/** All orders, one after the other: slow and obvious. */
function obviously(history: readonly Operation[]): boolean {
  const left = history.filter((one) => one.answered !== undefined);
  const search = (todo: readonly Operation[], state: RegisterState): boolean => {
    if (!todo.some((one) => left.includes(one))) return true;
    const first = Math.min(...todo.map((one) => one.answered ?? Infinity));
    return todo.some((one) => {
      if (one.called > first) return false;
      const rest = todo.filter((other) => other !== one);
      if (one.call.type === "write") return search(rest, one.call.value);
      return one.answer?.read === state && search(rest, state);
    });
  };
  return search(history, undefined);
}

test("agrees with trying all orders", () => {
  const any = fc.array(
    fc.record({
      client: fc.integer({ min: 1, max: 3 }),
      from: fc.integer({ min: 0, max: 12 }),
      length: fc.integer({ min: 0, max: 8 }),
      value: fc.constantFrom("a", "b", undefined),
      kind: fc.constantFrom("read", "write", "lost"),
    }),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(any, (drawn) => {
      const history = drawn.map(({ client, from, length, value, kind }) => {
        if (kind === "read") return read(client, from, from + length, value);
        return write(client, from, kind === "lost" ? undefined : from + length, value ?? "c");
      });
      expect(checkLinearizable(history).linearizable).toBe(obviously(history));
    }),
    { seed: 8, numRuns: 2000 },
  );
});
