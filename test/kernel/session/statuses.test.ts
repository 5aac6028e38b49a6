import { expect, test } from "vitest";
import { bench, cell, incoming, of, turn } from "./session-bench.js";

test.each([
  [0, 1],
  [1, 0],
] as const)("two cells of two shells that end in one turn are both idle at last (%i first)", async (first, second) => {
  const it = bench();
  it.session.handle("control", incoming("create_subshell_request", "make", {}));
  await turn();
  const made = it.sent.find(({ type }) => type === "create_subshell_reply");
  const subshell_id = String(made?.content["subshell_id"]);
  it.session.handle("shell", incoming("execute_request", "main", cell("1")));
  const side = incoming("execute_request", "side", cell("2"));
  it.session.handle("shell", { ...side, header: { ...side.header, subshell_id } });
  await turn();
  expect(it.started).toHaveLength(2);
  it.started[first]?.end({ status: "ok" });
  it.started[second]?.end({ status: "ok" });
  await turn();
  expect(of(it, "main").at(-1)).toBe("idle");
  expect(of(it, "side").at(-1)).toBe("idle");
});
