import { describe, expect, test } from "vitest";
import { instruction } from "./guest-board.js";
import { flag, full, mapGuestPage, mapPage, physical, setCsrs } from "./guest-tables.js";
import { access, at, content, data, delegated, execute, type Fault, get, prepared } from "./guest-accesses.js";
import { type PlainBoard } from "./plain-board.js";
import { engines } from "./run-program.js";

describe.each(engines)("permissions in two-stage translation, by %s", (engine) => {
  const [SUM, MXR, SPVP] = [1n << 18n, 1n << 19n, 1n << 8n];
  const executable = flag.V | flag.X | flag.A | flag.D;
  // "Setting MXR at VS-level does not override guest-physical page protections. Setting MXR at HS-level, however, overrides both".
  test.each<[string, number, number, Readonly<Record<string, bigint>>, bigint | undefined]>([
    ["the guest's page is executable only", executable, 0xdf, {}, 13n],
    ["the same, with vsstatus.MXR", executable, 0xdf, { vsstatus: MXR }, undefined],
    ["the same, with sstatus.MXR", executable, 0xdf, { sstatus: MXR }, undefined],
    ["the hypervisor's page is executable only", full, executable | flag.U, {}, 21n],
    ["the same, with vsstatus.MXR", full, executable | flag.U, { vsstatus: MXR }, 21n],
    ["the same, with sstatus.MXR", full, executable | flag.U, { sstatus: MXR }, undefined],
    ["the guest's page is the user's", full | flag.U, 0xdf, {}, 13n],
    ["the same, with sstatus.SUM, which is HS-mode's", full | flag.U, 0xdf, { sstatus: SUM }, 13n],
    ["the same, with vsstatus.SUM", full | flag.U, 0xdf, { vsstatus: SUM }, undefined],
  ])("%s: by a guest's load, by HLV, and by MPRV", (_, flags, guestFlags, values, cause) => {
    const change = (more: Readonly<Record<string, bigint>>): PlainBoard => {
      const board = prepared(engine, ({ hart }) => {
        setCsrs(hart, { ...values, ...more });
      });
      mapPage(board, data, flags);
      mapGuestPage(board, data, guestFlags);
      return board;
    };
    const expected = cause === undefined ? undefined : { cause, value: at, isGuestAddress: true };
    const check = (board: PlainBoard, found: Fault | undefined): void => {
      if (expected === undefined) expect([found, board.hart.x(2)]).toEqual([undefined, content]);
      else expect(found).toMatchObject(expected);
    };
    const guest = change({});
    check(guest, access(guest, "load"));

    const lent = change({ hstatus: SPVP });
    lent.hart.setX(1, at);
    check(lent, execute(lent, "HS", [instruction("hlv.d", { rd: 2, rs1: 1 })]));

    const modified = change({});
    const { hart } = modified;
    // MPRV, MPP S and MPV, beside what is to be there.
    setCsrs(hart, { mstatus: (get(hart, "mstatus") & ~0x1800n) | (1n << 17n) | (1n << 11n) | (1n << 39n) });
    check(modified, access(modified, "load", "M"));
  });

  // "execute permission takes the place of read permission", in both stages; faults are a load's.
  test.each<[string, number, number, bigint | undefined]>([
    ["executable in both stages", executable, executable | flag.U, undefined],
    ["not to the guest", full & ~flag.X, 0xdf, 13n],
    ["not to the hypervisor", full, 0xdf & ~flag.X, 21n],
  ])("HLVX of what is %s", (_, flags, guestFlags, cause) => {
    const board = prepared(engine, ({ hart }) => {
      setCsrs(hart, { ...delegated, hstatus: SPVP });
    });
    mapPage(board, data, flags);
    mapGuestPage(board, data, guestFlags);
    board.hart.setX(1, at);
    const found = execute(board, "HS", [instruction("hlvx.wu", { rd: 2, rs1: 1 })]);
    if (cause === undefined) expect([found, board.hart.x(2)]).toEqual([undefined, 0x55660000n]);
    else {
      // SPV is 0, GVA is 1: the fault is of HLV.
      expect(found).toMatchObject({ cause, value: at, isGuestAddress: true, isVirtual: false });
      expect(found?.instruction).toBe(0x68304173n);
    }
  });

  test.each<[string, bigint, number, bigint | undefined]>([
    ["VS-mode's", SPVP, full, undefined],
    ["VS-mode's, of a user's page", SPVP, full | flag.U, 15n],
    ["VU-mode's", 0n, full | flag.U, undefined],
    ["VU-mode's, of a supervisor's page", 0n, full, 15n],
  ])("HSV's access is %s as SPVP says, from U-mode too", (_, hstatus, flags, cause) => {
    const board = prepared(engine, ({ hart }) => {
      // HU
      setCsrs(hart, { hstatus: hstatus | (1n << 9n) });
    });
    mapPage(board, data, flags);
    board.hart.setX(1, at);
    board.hart.setX(2, 7n);
    const found = execute(board, "U", [instruction("hsv.d", { rs1: 1, rs2: 2 })]);
    expect(found?.cause).toBe(cause);
    expect(board.bus.read64(Number(physical(data)) + 8)).toBe(cause === undefined ? 7n : content);
  });
});
