import { expect, test } from "vitest";
import { plainBoard } from "./plain-board.js";

test("a saved hart of another shape is refused", () => {
  const { hart } = plainBoard(1 << 16);
  const saved = hart.save();
  const state = { ...saved.state, mepc: undefined };
  expect(() => {
    hart.restore({ ...saved, state } as unknown as typeof saved); // What a file might hold.
  }).toThrow(
    expect.objectContaining({ name: "UsageError", message: "state.mepc is missing in a saved hart" }) as Error,
  );
});
