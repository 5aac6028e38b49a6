import { expect } from "vitest";

/** Matches a UsageError whose message and hint contain these words. */
export function usage(message: string, hint = ""): unknown {
  const containing = (text: string): unknown => expect.stringContaining(text);
  return expect.objectContaining({ name: "UsageError", message: containing(message), hint: containing(hint) });
}
