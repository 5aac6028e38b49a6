import { describe, expect, test } from "vitest";
import { enter, instruction, nameOf, put, put64 } from "./guest-board.js";
import { flag, full, leafAt, mapGuestPage, mapPage, physical, setCsrs, table, virtual } from "./guest-tables.js";
import {
  access,
  ADUE,
  at,
  causes,
  content,
  data,
  delegated,
  execute,
  faultOf,
  get,
  type Kind,
  marking,
  prepared,
  read,
  shifted,
  transformed,
  write,
} from "./guest-accesses.js";
import { ramBase, type PlainBoard } from "./plain-board.js";
import { engines } from "./run-program.js";

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
});
