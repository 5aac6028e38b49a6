import { describe, expect, test } from "vitest";
import { csrNumbers, pageWalk, type EngineName, type Hart } from "../../../../sim/machine/index.js";
import { enter, instruction, nameOf, put, put64, resetBoard, setHandlers, type ModeName } from "./guest-board.js";
import {
  flag,
  full,
  leafAt,
  mapGuestPage,
  mapPage,
  physical,
  putTables,
  setCsrs,
  table,
  virtual,
} from "./guest-tables.js";
import { ramBase, type PlainBoard } from "./plain-board.js";
import { engines } from "./run-program.js";

/** The page that is accessed. */
const data = 0x20;
const at = virtual(data) + 8n;
/** Whose first half word is no instruction. */
const content = 0x1122334455660000n;

type Kind = "load" | "store" | "fetch" | "atomic";
const words: Readonly<Record<Kind, readonly number[]>> = {
  load: [instruction("ld", { rd: 2, rs1: 1, imm: 8 })],
  store: [instruction("sd", { rs1: 1, rs2: 2, imm: 8 })],
  fetch: [instruction("jalr", { rs1: 1, imm: 8 })],
  atomic: [instruction("addi", { rd: 1, rs1: 1, imm: 8 }), instruction("amoadd.d", { rd: 2, rs1: 1, rs2: 3 })],
};
/** The same as htinst has them: without rs1 and the immediate. */
const transformed: Readonly<Record<Kind, bigint>> = { load: 0x3103n, store: 0x203023n, fetch: 0n, atomic: 0x30312fn };

interface Fault {
  readonly cause: bigint;
  readonly value: bigint;
  readonly guest: bigint;
  readonly instruction: bigint;
  /** GVA and the mode before it. */
  readonly isGuestAddress: boolean;
  readonly isVirtual: boolean;
}

const get = (hart: Hart, name: string): bigint => BigInt.asUintN(64, hart.csr(csrNumbers.get(name) ?? 0) ?? 0n);

/** The trap that the hart is in, as its handler sees it; undefined where it is in none. */
function faultOf({ hart }: PlainBoard): Fault | undefined {
  const mode = nameOf(hart);
  if (mode === "HS" && get(hart, "stvec") === BigInt.asUintN(64, hart.pc)) {
    const status = get(hart, "hstatus");
    return {
      cause: get(hart, "scause"),
      value: get(hart, "stval"),
      guest: get(hart, "htval"),
      instruction: get(hart, "htinst"),
      isGuestAddress: (status & 0x40n) !== 0n,
      isVirtual: (status & 0x80n) !== 0n,
    };
  }
  if (mode !== "M" || get(hart, "mtvec") !== BigInt.asUintN(64, hart.pc)) return undefined;
  const status = get(hart, "mstatus");
  return {
    cause: get(hart, "mcause"),
    value: get(hart, "mtval"),
    guest: get(hart, "mtval2"),
    instruction: get(hart, "mtinst"),
    isGuestAddress: (status & (1n << 38n)) !== 0n,
    isVirtual: (status & (1n << 39n)) !== 0n,
  };
}

/** A board whose guest's code and data lie where RAM does. */
function prepared(engine: EngineName, change: (board: PlainBoard) => void): PlainBoard {
  const board = resetBoard(engine);
  setHandlers(board);
  putTables(board);
  put64(board, Number(physical(data)) + 8, content);
  change(board);
  return board;
}

/** Executes words in a mode, at the guest's first page if it is a guest's. */
function execute(board: PlainBoard, mode: ModeName, code: readonly number[]): Fault | undefined {
  const { hart } = board;
  put(board, ramBase, ...code);
  hart.pc = mode.startsWith("V") ? virtual(0) : BigInt(ramBase);
  enter(hart, mode);
  for (let left = code.length; left > 0 && faultOf(board) === undefined; left--) hart.run(1);
  return faultOf(board);
}

function access(board: PlainBoard, kind: Kind, mode: ModeName = "VS"): Fault | undefined {
  const { hart } = board;
  hart.setX(1, virtual(data));
  hart.setX(2, 5n);
  hart.setX(3, 1n);
  const found = execute(board, mode, words[kind]);
  if (kind !== "fetch" || found !== undefined) return found;
  hart.run(1);
  // What is there is no instruction.
  const fetched = faultOf(board);
  return fetched?.cause === 2n ? undefined : fetched;
}

const delegated = { medeleg: -1n };
const causes: Readonly<Record<"page" | "guest" | "access", Readonly<Record<Kind, bigint>>>> = {
  page: { load: 13n, store: 15n, atomic: 15n, fetch: 12n },
  guest: { load: 21n, store: 23n, atomic: 23n, fetch: 20n },
  access: { load: 5n, store: 7n, atomic: 7n, fetch: 1n },
};
const read = 0x3000n;
const write = 0x3020n;
const ADUE = 1n << 61n;
const marking = { menvcfg: ADUE, henvcfg: ADUE };
const shifted = (address: bigint | number): bigint => BigInt(address) >> 2n;

describe.each(engines)("faults of two-stage translation, by %s", (engine) => {
  // What is wrong; which kinds fault, and how; the guest physical address; what the hart did itself, if it was not the access.
  test.each<
    [
      string,
      (board: PlainBoard) => void,
      "page" | "guest" | "access",
      readonly Kind[],
      bigint | number,
      bigint | undefined,
    ]
  >([
    ["nothing", () => undefined, "page", [], 0, undefined],
    [
      "no page of the guest",
      (board) => {
        mapPage(board, data, 0);
      },
      "page",
      ["load", "store", "fetch"],
      0,
      undefined,
    ],
    [
      "no page of the hypervisor",
      (board) => {
        mapGuestPage(board, data, 0);
      },
      "guest",
      ["load", "store", "fetch"],
      physical(data) + 8n,
      undefined,
    ],
    [
      "no page of the hypervisor for the guest's leaves",
      (board) => {
        mapGuestPage(board, table.leaves, 0);
      },
      "guest",
      ["load"],
      leafAt(0),
      read,
    ],
    [
      "the guest's tables can't be read: R is needed for an implicit read, not X, whatever MXR",
      (board) => {
        mapGuestPage(board, table.root, 0xd9);
        setCsrs(board.hart, { sstatus: 1n << 19n });
      },
      "guest",
      ["load"],
      physical(table.root) + 8n,
      read,
    ],
    [
      "a page of the hypervisor that is not the user's: U is checked as in U-mode",
      (board) => {
        mapGuestPage(board, data, full);
      },
      "guest",
      ["load", "store", "fetch"],
      physical(data) + 8n,
      undefined,
    ],
    [
      "a page that the hypervisor doesn't let be written",
      (board) => {
        mapGuestPage(board, data, 0xdf & ~flag.W);
      },
      "guest",
      ["store"],
      physical(data) + 8n,
      undefined,
    ],
    [
      "a page that the guest doesn't let be written",
      (board) => {
        mapPage(board, data, full & ~flag.W);
      },
      "page",
      ["store"],
      0,
      undefined,
    ],
    [
      "a page that neither lets be executed: the guest's tables are looked at first",
      (board) => {
        mapPage(board, data, full & ~flag.X);
        mapGuestPage(board, data, 0xdf & ~flag.X);
      },
      "page",
      ["fetch"],
      0,
      undefined,
    ],
    [
      "A missing in the guest's entry, without Svadu",
      (board) => {
        mapPage(board, data, full & ~flag.A);
      },
      "page",
      ["load", "store", "fetch"],
      0,
      undefined,
    ],
    [
      "A missing in the guest's entry, which henvcfg doesn't let be marked",
      (board) => {
        setCsrs(board.hart, { menvcfg: ADUE });
        mapPage(board, data, full & ~flag.A);
      },
      "page",
      ["load", "store", "fetch"],
      0,
      undefined,
    ],
    [
      "A missing in the hypervisor's entry, without Svadu",
      (board) => {
        mapGuestPage(board, data, 0xdf & ~flag.A);
      },
      "guest",
      ["load", "store", "fetch"],
      physical(data) + 8n,
      undefined,
    ],
    [
      "D missing in the hypervisor's entry, without Svadu",
      (board) => {
        mapGuestPage(board, data, 0xdf & ~flag.D);
      },
      "guest",
      ["store"],
      physical(data) + 8n,
      undefined,
    ],
    [
      "a user's page of the guest in VS-mode",
      (board) => {
        mapPage(board, data, full | flag.U);
      },
      "page",
      ["load", "store", "fetch"],
      0,
      undefined,
    ],
    [
      "a guest physical address of more than 41 bits",
      (board) => {
        mapPage(board, data, full, 1n << 41n);
      },
      "guest",
      ["load", "store", "fetch"],
      (1n << 41n) + 8n,
      undefined,
    ],
    [
      "a guest physical address of 56 bits, told to the byte",
      (board) => {
        mapPage(board, data, full, 0xff_ffff_ffff_f000n);
      },
      "guest",
      ["load", "store", "fetch"],
      0xff_ffff_ffff_f008n,
      undefined,
    ],
    [
      "no memory at the end",
      (board) => {
        mapGuestPage(board, data, 0xdf, 0x1000n);
      },
      "access",
      ["load", "store", "fetch"],
      0,
      undefined,
    ],
    [
      "no memory where the hypervisor's tables should be",
      (board) => {
        put64(board, ramBase + table.guestMiddle * 4096, BigInt(flag.V));
      },
      "access",
      ["load"],
      0,
      undefined,
    ],
  ])("%s", (_, change, fault, kinds, address, implicit) => {
    for (const kind of ["load", "store", "fetch", "atomic"] as const) {
      if (implicit !== undefined && !kinds.includes(kind)) continue;
      for (const handler of ["HS", "M"] as const) {
        const board = prepared(engine, (made) => {
          change(made);
          if (handler === "HS") setCsrs(made.hart, delegated);
        });
        const found = access(board, kind);
        // Where tables themselves are at fault, the first instruction isn't fetched.
        const isFetched = implicit === undefined && !(fault === "access" && kinds.length === 1);
        const expected = {
          cause: causes[fault][isFetched ? kind : "fetch"],
          value: isFetched ? at : virtual(0),
          guest: shifted(address),
          instruction: implicit ?? (isFetched ? transformed[kind] : 0n),
          isGuestAddress: true,
          isVirtual: true,
        };
        const asked = kind === "atomic" ? "store" : kind;
        if (!isFetched || kinds.includes(asked)) expect([nameOf(board.hart), found]).toEqual([handler, expected]);
        else expect(found).toBeUndefined();
      }
    }
  });

  test("a page of the hypervisor for the guest's tables that can't be written: marking A and D is a write", () => {
    for (const kind of ["load", "store"] as const) {
      const board = prepared(engine, ({ hart }) => {
        setCsrs(hart, { ...delegated, ...marking });
      });
      mapPage(board, data, full & ~(flag.A | flag.D));
      mapGuestPage(board, table.leaves, 0xdf & ~flag.W);
      expect(access(board, kind)).toEqual({
        cause: causes.guest[kind],
        value: at,
        guest: shifted(leafAt(data)),
        instruction: write,
        isGuestAddress: true,
        isVirtual: true,
      });
    }
  });

  test("both stages' entries are marked, and the pages of the guest's tables are", () => {
    const board = prepared(engine, ({ hart }) => {
      setCsrs(hart, marking);
    });
    mapPage(board, data, full & ~(flag.A | flag.D));
    mapGuestPage(board, data, 0xdf & ~(flag.A | flag.D));
    mapGuestPage(board, table.leaves, 0xdf & ~(flag.A | flag.D));
    mapGuestPage(board, table.root, 0xdf & ~(flag.A | flag.D));
    const marks = (): bigint[] => {
      const guestLeaf = (number: number): number => ramBase + table.guestLeaves * 4096 + 8 * number;
      return [leafAt(data), ...[data, table.leaves, table.root].map(guestLeaf)].map(
        (address) => board.bus.read64(address) & 0xc0n,
      );
    };
    // What is read but not written of the tables has A alone; the leaves were marked, so D.
    expect([access(board, "load"), ...marks()]).toEqual([undefined, 0x40n, 0x40n, 0xc0n, 0x40n]);
    expect([access(board, "store"), ...marks()]).toEqual([undefined, 0xc0n, 0xc0n, 0xc0n, 0x40n]);
  });

  test.each<[string, bigint, bigint | undefined]>([
    ["within 41 bits", 1n << 40n, 21n],
    ["of more than 41 bits", 1n << 41n, 21n],
    ["that are RAM", physical(data), undefined],
  ])("without tables of the guest, addresses %s are guest physical ones", (_, address, cause) => {
    const board = prepared(engine, ({ hart }) => {
      setCsrs(hart, { ...delegated, vsatp: 0n });
    });
    const { hart } = board;
    hart.setX(1, address);
    put(board, ramBase, instruction("ld", { rd: 2, rs1: 1, imm: 8 }));
    hart.pc = BigInt(ramBase);
    enter(hart, "VS");
    hart.run(1);
    const found = faultOf(board);
    expect(found?.cause).toBe(cause);
    if (cause === undefined) expect(hart.x(2)).toBe(content);
    else expect([found?.value, found?.guest]).toEqual([address + 8n, shifted(address + 8n)]);
  });

  test("without tables of the hypervisor, the guest's lead to physical addresses", () => {
    const board = prepared(engine, ({ hart }) => {
      setCsrs(hart, { hgatp: 0n });
    });
    expect([access(board, "load"), board.hart.x(2)]).toEqual([undefined, content]);
  });

  test("a load across two pages faults at the second, and says how far in", () => {
    const board = prepared(engine, ({ hart }) => {
      setCsrs(hart, delegated);
    });
    mapGuestPage(board, data + 1, 0);
    board.hart.setX(1, virtual(data + 1) - 4n);
    expect(execute(board, "VS", [instruction("ld", { rd: 2, rs1: 1 })])).toMatchObject({
      cause: 21n,
      value: virtual(data + 1),
      guest: shifted(physical(data + 1)),
      instruction: 0x3103n | (4n << 15n),
    });
  });

  test("a short instruction is told as the long one it stands for, with bit 1 clear", () => {
    const board = prepared(engine, ({ hart }) => {
      setCsrs(hart, delegated);
    });
    mapGuestPage(board, data, 0);
    board.hart.setX(10, virtual(data));
    // c.ld a2, 0(a0)
    expect(execute(board, "VS", [0x00016110])?.instruction).toBe(0x3601n);
  });

  test("a guest's own page faults go to the guest, with nothing for the hypervisor", () => {
    const board = prepared(engine, ({ hart }) => {
      setCsrs(hart, { ...delegated, hedeleg: -1n, vstvec: virtual(0x30), htval: 9n });
    });
    mapPage(board, data, 0);
    access(board, "load");
    const { hart } = board;
    expect([nameOf(hart), hart.pc, get(hart, "scause"), get(hart, "stval"), get(hart, "htval")]).toEqual([
      "VS",
      virtual(0x30),
      13n,
      at,
      9n,
    ]);
  });

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
