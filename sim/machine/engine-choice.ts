import { UsageError } from "../core/index.js";
import type { EngineName, Hart } from "./hart/index.js";

/** From now on that engine executes. @throws UsageError for a virtual machine, whose harts have one of their own */
export function chooseEngine(
  { name, harts }: { readonly name: string; readonly harts: readonly Hart[] },
  engine: EngineName,
  isVirtual: boolean,
): void {
  if (isVirtual) {
    throw new UsageError(
      `${name} is a virtual machine: its VMM executes it`,
      "Leave engine out; the VMM's host has one.",
    );
  }
  for (const hart of harts) hart.engine = engine;
}
