import { ms, ns, s, us, UsageError, withDefaults, type Nanos, type World } from "../../core/index.js";
import type { Vmm } from "../vmm.js";
import { preCopyRules, type PreCopyRule } from "./rules.js";

export type MigrationMethod = "stop-and-copy" | "pre-copy" | "post-copy";
export const migrationMethods: readonly MigrationMethod[] = ["stop-and-copy", "pre-copy", "post-copy"];

export interface MigrationOptions {
  /** The destination: a VMM with a virtual machine for the same guest, whose state gives way to the guest's. */
  readonly to: Vmm | null;
  /** Which of the machines, by its name; the first where null. */
  readonly machine: string | null;
  readonly method: MigrationMethod;
  /** When pre-copy stops the guest. */
  readonly rule: PreCopyRule;
  /** The link's bits per second, and how long a bit is on its way. */
  readonly rate: number;
  readonly latency: Nanos;
  /** Whether a page of zeros is sent as its header alone. */
  readonly zeroPages: boolean;
  /** Whether pre-copy leaves a page for the next round that was written again before its turn came (Clark et al. 2005, section 4.2). */
  readonly skip: boolean;
  /** When the link is cut, from the beginning; null for never. */
  readonly cut: Nanos | null;
  /** How long a host hears nothing before it takes the link for cut. */
  readonly timeout: Nanos;
  /** For how long the guest is followed afterwards, wherever it goes on: for pictures. */
  readonly follow: Nanos;
  /** Instructions of the guest between two looks at the time. */
  readonly slice: number;
  /** Whose clock it is on; a world of its own where null. */
  readonly world: World | null;
}

const defaults: MigrationOptions = {
  to: null,
  machine: null,
  method: "pre-copy",
  rule: preCopyRules.xen(),
  rate: 1e9,
  latency: us(100),
  zeroPages: true,
  skip: true,
  cut: null,
  timeout: s(1),
  follow: ns(0),
  slice: 10_000,
  world: null,
};

/** @throws UsageError for an option that there isn't, or whose value makes no sense */
export function migrationOptions(given: Partial<MigrationOptions> | undefined): MigrationOptions {
  const options = withDefaults("migrate", given, defaults);
  const { method, rate, latency, slice, timeout, follow } = options;
  if (!migrationMethods.includes(method)) {
    throw new UsageError(`there is no method "${method}"`, `There are: ${migrationMethods.join(", ")}.`);
  }
  if (!(rate >= 1)) throw new UsageError(`${rate} is no rate of a link`, "Give bits per second: { rate: 1e9 }.");
  if (!(Number.isInteger(latency) && latency >= 0)) {
    throw new UsageError(`${latency} is no latency of a link`, "Give a duration: { latency: us(100) }.");
  }
  if (!(Number.isInteger(slice) && slice >= 1)) {
    throw new UsageError(`${slice} is no slice of instructions`, "Give a whole number from 1 on.");
  }
  if (!(Number.isInteger(follow) && follow >= 0)) {
    throw new UsageError(`a guest cannot be followed for ${follow}`, "Give a duration: { follow: ms(5) }.");
  }
  if (!(timeout >= ms(0))) throw new UsageError(`${timeout} is no timeout`, "Give a duration: { timeout: s(1) }.");
  return options;
}
