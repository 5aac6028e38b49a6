import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createPipeMemory, createPipeReader, createPipeWriter } from "../../../kernel/exec/pipe.js";

const never = (): void => {
  throw new Error("the pipe should have had room");
};

describe("the pipe", () => {
  test("gives records back in order, of any length, whenever it is drained", () => {
    const record = fc.record({
      kind: fc.integer({ min: 1, max: 255 }),
      owner: fc.nat({ max: 2 ** 31 }),
      length: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 200_000 })),
      drained: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 30 }), (records) => {
        const memory = createPipeMemory();
        const reader = createPipeReader(memory);
        const got: string[] = [];
        const drain = (): void => {
          for (const { kind, owner, payload } of reader.drain()) got.push(`${kind} ${owner} ${payload.toString()}`);
        };
        const writer = createPipeWriter(memory, drain);
        const expected = records.map(({ kind, owner, length, drained }, index) => {
          const text = `é${index}`.repeat(length);
          writer.write(kind, owner, text);
          if (drained) drain();
          return `${kind} ${owner} ${text}`;
        });
        drain();
        expect(got).toEqual(expected);
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  test("goes on behind 2³¹ bytes, where positions wrap", () => {
    const memory = createPipeMemory();
    // Both ends stand just before the wrap.
    new Int32Array(memory.control).fill(2 ** 31 - 64);
    const writer = createPipeWriter(memory, never);
    const reader = createPipeReader(memory);
    for (let round = 0; round < 20; round++) {
      writer.write(1, round, `round ${round}`);
      expect(reader.drain().map(({ payload }) => payload.toString())).toEqual([`round ${round}`]);
    }
  });

  test("drops what a cut writer left unfinished, and nothing else", () => {
    const memory = createPipeMemory();
    const reader = createPipeReader(memory);
    let rounds = 0;
    const cut = createPipeWriter(memory, () => {
      // The reader frees the pipe once; then the writer is cut in the middle of its record.
      if (rounds++ > 0) throw new Error("cut");
      reader.drain();
    });
    cut.write(1, 1, "before");
    expect(() => {
      cut.write(3, 7, "x".repeat(5_000_000));
    }).toThrow("cut");
    cut.write(3, 7, "behind");
    expect(reader.drain().map(({ payload }) => payload.toString())).toEqual(["behind"]);
  });
});
