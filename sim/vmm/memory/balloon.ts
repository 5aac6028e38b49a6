import { UsageError, type TableView } from "../../core/index.js";
import { pageSize } from "../privileged.js";
import type { VirtualMachine } from "../virtual-machine.js";
import type { FrameTable } from "./frame-table.js";

/**
 * Takes the frames of all pages that guests have put into their balloons. The device made them zeros as they came; a guest that takes
 * one out again finds it so, and gets a frame with its first store.
 * @returns how many frames the host has back
 */
export function collectBalloons(table: FrameTable, machines: readonly VirtualMachine[]): number {
  const before = table.held;
  for (const vm of machines) {
    const backing = table.of(vm);
    const { bus, balloon } = vm.machine;
    for (const number of balloon.save().pages) table.release(backing, number - bus.ramBase / pageSize);
  }
  table.fence();
  return before - table.held;
}

/**
 * The share of a machine's pages that it accesses while something runs. ESX samples a hundred pages and withdraws their
 * translations; here all translations are withdrawn and every page that comes back is counted.
 * Source: C. A. Waldspurger, OSDI 2002, section 5.3.
 */
export function activeShare(vm: VirtualMachine, during: () => void): number {
  const { bus, harts } = vm.machine;
  const touched = new Set<number>();
  for (const hart of harts) hart.fence(undefined);
  const before = bus.onTouch;
  bus.onTouch = (address, bytes) => {
    before?.(address, bytes);
    for (let page = address - (address % pageSize); page < address + bytes; page += pageSize) touched.add(page);
  };
  try {
    during();
  } finally {
    bus.onTouch = before;
  }
  return touched.size / (bus.ramSize / pageSize);
}

/** A machine's claim on memory. */
export interface MemoryClaim {
  readonly name: string;
  readonly shares: number;
  /** Pages that it has now, and the part of them that it uses. */
  readonly pages: number;
  readonly active: number;
}

/**
 * What a machine pays for a page: ρ = S / (P·(f + k·(1 − f))) with k = 1/(1 − τ). Idle pages cost k times as much as active ones.
 * @param tax τ, from 0 (shares alone) to below 1 (idle memory is anybody's)
 */
export function sharesPerPage({ shares, pages, active }: MemoryClaim, tax: number): number {
  const idle = 1 / (1 - tax);
  return shares / (pages * (active + idle * (1 - active)));
}

/** ESX's default, "75%", section 5.2. */
const usualTax = 0.75;

/**
 * From whom pages are taken when the host needs some: one after the other from whoever pays least for a page.
 * Source: C. A. Waldspurger, OSDI 2002, section 5: min-funding revocation, with the idle memory tax.
 * @returns how many each has to give
 * @throws UsageError for a tax that is none, or more pages than there are
 */
export function revoke(
  claims: readonly MemoryClaim[],
  pages: number,
  tax: number = usualTax,
): ReadonlyMap<string, number> {
  if (!(tax >= 0 && tax < 1)) throw new UsageError(`${tax} is no tax`, "Give a number from 0 to below 1.");
  const total = claims.reduce((sum, claim) => sum + claim.pages, 0);
  if (!(Number.isInteger(pages) && pages >= 0 && pages <= total)) {
    throw new UsageError(`${pages} pages cannot be taken`, `Give a whole number from 0 to ${total}.`);
  }
  const left = claims.map((claim) => ({ claim, pages: claim.pages, used: claim.active * claim.pages }));
  for (let taken = 0; taken < pages; taken++) {
    let poorest: (typeof left)[number] | undefined;
    let least = Infinity;
    for (const each of left) {
      if (each.pages === 0) continue;
      // What a machine gives up is idle while it has any.
      const active = Math.min(1, each.used / each.pages);
      const paid = sharesPerPage({ ...each.claim, pages: each.pages, active }, tax);
      if (paid < least) [poorest, least] = [each, paid];
    }
    if (poorest !== undefined) poorest.pages--;
  }
  return new Map(left.map(({ claim, pages: kept }) => [claim.name, claim.pages - kept]));
}

/** Who would give how much, without the tax and with it. */
export function revocationView(claims: readonly MemoryClaim[], pages: number, tax: number = usualTax): TableView {
  const [plain, taxed] = [revoke(claims, pages, 0), revoke(claims, pages, tax)];
  return {
    as: "table",
    title: `Who gives up ${pages} pages?`,
    columns: [
      { key: "machine" },
      { key: "shares" },
      { key: "pages" },
      { key: "active", unit: "%" },
      { key: "rho", label: "shares per page, taxed" },
      { key: "plain", label: "gives without tax" },
      { key: "taxed", label: "gives with tax" },
    ],
    rows: claims.map((claim) => ({
      machine: claim.name,
      shares: claim.shares,
      pages: claim.pages,
      active: Number((100 * claim.active).toFixed(1)),
      rho: Number(sharesPerPage(claim, tax).toPrecision(3)),
      plain: plain.get(claim.name) ?? 0,
      taxed: taxed.get(claim.name) ?? 0,
    })),
    caption: `tax on idle memory: ${100 * tax} %`,
  };
}
