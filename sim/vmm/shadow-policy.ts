import { UsageError, nearest } from "../core/index.js";
import type { CpuParts } from "./technique.js";
import { TracedTables } from "./traced-tables.js";

/**
 * How shadow tables are kept in step with the guest's: "lazy", which forgets what the guest fences (`ShadowTables`), or "traced", which
 * sees each store to a table (`TracedTables`), as VMware's monitors did.
 */
const policies = ["lazy", "traced"] as const;

export interface ShadowPolicy {
  readonly shadows: (typeof policies)[number];
}

/** @throws UsageError for a policy that there isn't */
export function checkShadows(shadows: string): void {
  if ((policies as readonly string[]).includes(shadows)) return;
  throw new UsageError(
    `there are no "${shadows}" shadow tables`,
    `Did you mean "${nearest(shadows, policies) ?? ""}"? There are: ${policies.join(", ")}.`,
  );
}

/** Has the shadow of a virtual hart traced. */
export function trace({ guest, machine, host, allocator, ramBase, allotment }: CpuParts): void {
  allocator.traced = new TracedTables({
    guest,
    shadow: allocator.shadow,
    host: host.machine,
    ramBase,
    allotment,
    isAlone: machine.harts.length === 1,
  });
}
