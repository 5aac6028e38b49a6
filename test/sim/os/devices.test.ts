import { describe, expect, test } from "vitest";
import { encodeUtf8, type Activity } from "../../../sim/core/index.js";
import { O_RDWR } from "../../../sim/os/index.js";
import { code, kernel, play } from "./system.js";

describe("devices", () => {
  test("null, zero, full, random", () => {
    const seen = play(function* (sys) {
      const at = function* (name: string): Activity<number> {
        return yield* sys.open(`/dev/${name}`, O_RDWR);
      };
      const random = yield* sys.read(yield* at("urandom"), 64);
      return [
        (yield* sys.read(yield* at("null"), 5)).length,
        yield* sys.write(yield* at("null"), encodeUtf8("gone")),
        [...(yield* sys.read(yield* at("zero"), 3))],
        yield* code(sys.write(yield* at("full"), encodeUtf8("x"))),
        new Set(random).size > 32,
      ];
    }, kernel());
    expect(seen).toEqual([0, 4, [0, 0, 0], "ENOSPC", true]);
  });
});
