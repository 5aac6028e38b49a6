import { expect, test } from "vitest";
import { assemble } from "../../../sim/machine/index.js";
import { binaryTranslation, guest, hardwareAssist, trapAndEmulate } from "../../../sim/vmm/index.js";
import { expectSame, runBoth } from "./same.js";

/** Leaves the floating-point registers off, clean or dirty in turn, and notes what becomes of them when they are used. */
const lazily = guest("lazily", {
  program: assemble(`
  la    s0, seen
  la    t0, refused
  csrw  mtvec, t0
  li    s1, 3 << 13
  li    s2, 200
1:csrs  mstatus, s1               # dirty
  fcvt.d.l fa0, s2
  li    t0, 1 << 13
  csrc  mstatus, t0               # clean
  fadd.d fa1, fa0, fa0
  csrr  t1, mstatus
  and   t1, t1, s1
  csrc  mstatus, t0
  fsd   fa1, 8(s0)
  csrr  t2, mstatus
  and   t2, t2, s1
  csrc  mstatus, s1               # off
  li    t3, 0
  fadd.d fa1, fa1, fa1
  add   t1, t1, t2
  add   t1, t1, t3
  sd    t1, (s0)
  addi  s2, s2, -1
  bnez  s2, 1b
  li    t0, 0x100000
  li    t1, 0x5555
  sw    t1, (t0)
  .balign 4
refused:
  li    t3, 1
  csrr  t4, mepc
  addi  t4, t4, 4
  csrw  mepc, t4
  mret
  .balign 8
seen: .skip 16`),
});

test.each([trapAndEmulate, binaryTranslation, hardwareAssist])(
  "$name: registers that were clean are dirty behind their use, also where they were dirty before",
  (technique) => {
    const pair = runBoth(technique, lazily);
    const [state] = new BigUint64Array(pair.virtual.read("seen", 8).slice().buffer);
    expect(state).toBe(((2n * 3n) << 13n) + 1n);
    expectSame(pair);
  },
);
