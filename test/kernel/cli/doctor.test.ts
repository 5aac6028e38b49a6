import { describe, expect, test } from "vitest";
import { isAtLeast } from "../../../kernel/cli/doctor-checks.js";
import { describeFinding } from "../../../kernel/cli/doctor.js";

describe("doctor", () => {
  test.each([
    ["20.19.0", "20.19", true],
    ["20.19", "20.19.0", true],
    ["20.18.9", "20.19", false],
    ["22.1.0", "20.19", true],
    ["9.99.99", "20.19", false],
  ])("%s is at least %s: %s", (version, least, expected) => {
    expect(isAtLeast(version, least)).toBe(expected);
  });

  test("a finding is one line with its mend behind it", () => {
    expect(describeFinding("Node", { state: "ok", found: "20.20.0" })).toBe("ok    Node: 20.20.0");
    expect(describeFinding("Node", { state: "fail", found: "16", mend: "Install 20." })).toBe(
      "FAIL  Node: 16. Install 20.",
    );
  });
});
