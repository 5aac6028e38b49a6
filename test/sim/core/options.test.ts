import { describe, expect, test } from "vitest";
import { nearest, UsageError, withDefaults } from "../../../sim/core/index.js";

interface Disk {
  readonly size: number;
  readonly name: string;
}
const defaults: Disk = { size: 10, name: "sda" };

describe("withDefaults", () => {
  test("puts what is given over the defaults", () => {
    expect(withDefaults("disk", undefined, defaults)).toEqual(defaults);
    expect(withDefaults("disk", { size: 20 }, defaults)).toEqual({ size: 20, name: "sda" });
  });

  test("names the nearest option for one that it does not know", () => {
    const call = (): Disk => withDefaults("disk", { Sise: 20 } as Partial<Disk>, defaults);
    expect(call).toThrow(UsageError);
    expect(call).toThrow('disk has no option "Sise"');
    try {
      call();
    } catch (error) {
      expect((error as UsageError).hint).toBe('Did you mean "size"? It takes: size, name.');
    }
  });

  test("says so where there are no options at all", () => {
    try {
      withDefaults<object>("clock", { size: 1 }, {});
    } catch (error) {
      expect((error as UsageError).hint).toBe("It takes no options.");
    }
    expect.assertions(1);
  });
});

test("nearest counts letters, whatever their case", () => {
  expect(nearest("WRITE", ["read", "write", "seek"])).toBe("write");
  expect(nearest("x", [])).toBeUndefined();
});
