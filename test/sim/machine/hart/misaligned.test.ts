import { describe, expect, test } from "vitest";
import { assemble, type HartOptions } from "../../../../sim/machine/index.js";
import { plainBoard, ramBase, type PlainBoard } from "./plain-board.js";

const data = ramBase + 0x2000;

/** Executes an instruction at a0 = `data` + 4088 for 300 times, then at `offset` behind it, where the next page begins 8 bytes on. */
function execute(instruction: string, offset: number, options: HartOptions): PlainBoard {
  const board = plainBoard(1 << 16, { patience: 5, misaligned: "trap", ...options });
  const { segments } = assemble(
    `
    la   t0, handler
    csrw mtvec, t0
    li   t0, 0x6000
    csrs mstatus, t0
    li   s0, ${data + 4088}
    li   s1, 301
    li   s2, ${offset}
    li   a7, -1
  loop:
    addi s1, s1, -1
    snez s3, s1
    addi s3, s3, -1
    and  s3, s3, s2
    add  a0, s0, s3
    .balign 4
    .option norvc
  body:
    ${instruction}
    bnez s1, loop
    li   a1, -1
  end:
    j    end
    .balign 4
  handler:
    csrr a1, mcause
    csrr a2, mtval
    csrr a3, mepc
    la   a4, body
    sub  a3, a3, a4
    j    end`,
  );
  for (const { address, bytes } of segments) board.bus.write(Number(address), bytes);
  board.hart.run(6000);
  return board;
}

const at = (offset: number): bigint => BigInt(data + 4088 + offset);
/** Of the evaluator, of code that stays cold, and of units. */
const ways: readonly HartOptions[] = [{ engine: "evaluate" }, { patience: 1e9 }, {}];

const accesses: readonly (readonly [instruction: string, bytes: number, cause: bigint])[] = [
  ["lb a7, (a0)", 1, 4n],
  ["lhu a7, (a0)", 2, 4n],
  ["lw a7, (a0)", 4, 4n],
  ["ld a7, (a0)", 8, 4n],
  ["flw f1, (a0)", 4, 4n],
  ["fld f1, (a0)", 8, 4n],
  ["sb a7, (a0)", 1, 6n],
  ["sh a7, (a0)", 2, 6n],
  ["sw a7, (a0)", 4, 6n],
  ["sd a7, (a0)", 8, 6n],
  ["fsd f1, (a0)", 8, 6n],
  [".option rvc; c.ld a4, (a0)", 8, 4n],
  [".option rvc; c.sw a4, (a0)", 4, 6n],
  ["lr.w a7, (a0)", 4, 4n],
  ["sc.d a6, a7, (a0)", 8, 6n],
  ["amoadd.d a7, a7, (a0)", 8, 6n],
];

describe.each(ways)("where misaligned accesses trap, by %o", (way) => {
  test.each(accesses)("%s", (instruction, bytes, cause) => {
    for (let offset = 0; offset < 12; offset++) {
      const { hart, bus } = execute(instruction, offset, way);
      const trapped = offset % bytes !== 0;
      const [mcause, mtval, inside] = [11, 12, 13].map((register) => hart.x(register));
      if (trapped) expect([offset, mcause, mtval, inside]).toEqual([offset, cause, at(offset), 0n]);
      else expect([offset, mcause]).toEqual([offset, -1n]);
      // Nothing of a store that trapped is there: what the aligned ones before it wrote ends at the page's last byte.
      if (trapped) expect(bus.read(data + 4096, 16).every((byte) => byte === 0)).toBe(true);
      if (way.engine === undefined) expect(hart.work.inUnits > 0).toBe(way.patience === undefined);
    }
  });

  test("alignment comes before what the page or the device would say", () => {
    for (const [place, cause] of [
      [0x1001, 4n],
      [0x1000, 5n],
    ] as const) {
      const { hart } = execute(`li a0, ${place}; lw a7, (a0)`, 0, way);
      expect([hart.x(11), hart.x(12)]).toEqual([cause, BigInt(place)]);
    }
  });
});

test("where they are served, they reach across pages", () => {
  for (const way of ways) {
    const { hart, bus } = execute("sd a7, (a0); ld a6, (a0)", 5, { ...way, misaligned: "serve" });
    expect([hart.x(11), hart.x(16)]).toEqual([-1n, -1n]);
    expect([...bus.read(data + 4096, 6)]).toEqual([255, 255, 255, 255, 255, 0]);
  }
});
