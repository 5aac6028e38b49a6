import { describe, expect, test } from "vitest";
import { pageWalk } from "../../../sim/machine/index.js";
import { at, data, prepared } from "./hart/guest-accesses.js";
import { enter, put64 } from "./hart/guest-board.js";
import { full, leafAt, mapGuestPage, physical, setCsrs, table } from "./hart/guest-tables.js";
import { ramBase, type PlainBoard } from "./hart/plain-board.js";
describe("the way of an address through two stages", () => {
  const referencesOf = (change: (board: PlainBoard) => void): unknown[] => {
    const board = prepared("evaluate", change);
    enter(board.hart, "VS");
    const { steps, guestPhysical, physical: found } = pageWalk(board.hart, board.bus, at);
    return [steps.length, guestPhysical, found];
  };

  test("takes 15 memory references at most, fewer without one stage or with larger pages", () => {
    const end = [physical(data) + 8n, Number(physical(data)) + 8];
    expect(referencesOf(() => undefined)).toEqual([15, ...end]);
    expect(
      referencesOf(({ hart }) => {
        setCsrs(hart, { hgatp: 0n });
      }),
    ).toEqual([3, ...end]);
    // A leaf of 1 GiB at the hypervisor's top: one reference for each of four guest physical addresses.
    expect(
      referencesOf((board) => {
        put64(board, ramBase + table.guestRoot * 4096 + 16, (0x80000n << 10n) | 0xdfn);
      }),
    ).toEqual([7, ...end]);
  });

  test("shows which table each is of", () => {
    const board = prepared("evaluate", () => undefined);
    const { steps } = pageWalk(board.hart, board.bus, at, true);
    const three = ["hypervisor 2", "hypervisor 1", "hypervisor 0"];
    expect(steps.map(({ stage, level }) => `${stage} ${level}`)).toEqual([
      ...[2, 1, 0].flatMap((level) => [...three, `guest ${level}`]),
      ...three,
    ]);
    expect(steps[11]).toMatchObject({ at: leafAt(data), of: at, entry: (physical(data) >> 2n) | BigInt(full) });
  });

  test("ends where no page is", () => {
    expect(
      referencesOf((board) => {
        mapGuestPage(board, table.middle, 0);
      }),
    ).toEqual([7, undefined, undefined]);
  });
});
