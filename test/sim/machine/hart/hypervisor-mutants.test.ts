import { describe, expect, test } from "vitest";
import type { Checks } from "./hypervisor-checks.js";
import { mutated, type Mistake } from "./mutated.js";

const long = process.env["VIRTLAB_LONG"] === "1";
/** How many random guests, and accesses, are tried at most. */
const most = { engines: long ? 2000 : 200, views: 1500, accesses: 600 };

type Row = readonly [what: string, finder: keyof Checks, file: string, right: string, wrong: string];

/** Of how translations of a guest's and of a hypervisor's addresses share the TLBs, and of fences. */
const shared: readonly Row[] = [
  [
    "guests see by the hypervisor's tables",
    "views",
    "hart/address-spaces.ts",
    "(virtual ? this.#guestSpace() : own)",
    "this.#ownSpace()",
  ],
  [
    "two guests with one vsatp are one space",
    "views",
    "hart/address-spaces.ts",
    "(BigInt.asUintN(64, hgatp) << 64n) | BigInt.asUintN(64, satp)",
    "BigInt.asUintN(64, satp)",
  ],
  [
    "a new hgatp is not seen",
    "views",
    "hart/address-spaces.ts",
    "satp !== known.satp || hgatp !== known.hgatp ||",
    "satp !== known.satp ||",
  ],
  [
    "HS-mode's MXR is none of a guest's",
    "views",
    "hart/address-spaces.ts",
    "const bits = hostStatus(this.#state) & status.MXR;",
    "const bits = 0;",
  ],
  [
    "what MPRV lends a guest goes by the hypervisor's SUM and MXR",
    "views",
    "hart/engine.ts",
    "(dataMode.virtual ? guestStatus(state) : state.mstatus) & (status.SUM",
    "state.mstatus & (status.SUM",
  ],
  [
    "WebAssembly walks a guest's tables as if they were the only ones",
    "engines",
    "hart/engine.ts",
    "const isOneStage = !mode.virtual &&",
    "const isOneStage =",
  ],
  [
    "a store passes where the guest's table alone allows it",
    "engines",
    "hart/two-stage.ts",
    "first.writable &&= this.#second.writable;",
    "",
  ],
  [
    "HFENCE.VVMA forgets nothing",
    "views",
    "hart/routines.ts",
    "if (state.mode.virtual || state.mode.privilege === user) return notAllowed();\n      hart.fence(address === 0n ? undefined : address, true);",
    "if (state.mode.virtual || state.mode.privilege === user) return notAllowed();",
  ],
  [
    "HFENCE.GVMA forgets nothing",
    "views",
    "hart/routines.ts",
    'flush all".\n      hart.fence(undefined, true);',
    'flush all".',
  ],
  [
    "SFENCE.VMA forgets nothing",
    "views",
    "hart/routines.ts",
    "more than was asked is allowed.\n      hart.fence(address === 0n ? undefined : address, true);",
    "more than was asked is allowed.",
  ],
];

/** Of the accesses that a hypervisor makes as its guest. */
const lent: readonly Row[] = [
  [
    "SPVP is not asked",
    "accesses",
    "hart/routines.ts",
    "(state.hstatus & hypervisorStatus.SPVP) === 0 ? user : supervisor",
    "supervisor",
  ],
  [
    "HU is not asked",
    "accesses",
    "hart/routines.ts",
    "if (privilege === user && (state.hstatus & hypervisorStatus.HU) === 0) return illegalInstruction;",
    "",
  ],
  ["guests may make them", "accesses", "hart/routines.ts", "if (virtual) return virtualInstruction;", ""],
  [
    "they see the hypervisor's own memory",
    "accesses",
    "hart/memory.ts",
    "if (this.#lent !== undefined) return this.#lent;",
    "",
  ],
  [
    "the mode that was lent is kept",
    "accesses",
    "hart/memory.ts",
    "    } finally {\n      this.#lent = undefined;",
    "    } finally {",
  ],
  ["HLVX needs what can be read", "accesses", "hart/memory.ts", 'this.#peeks ? "peek" : access', "access"],
  [
    "HLVX.HU is HLV.HU",
    "accesses",
    "instructions/hypervisor.ts",
    '"hlvx.hu": [0x64304073, loaded(16, false, true)]',
    '"hlvx.hu": [0x64304073, loaded(16, false)]',
  ],
  [
    "HLV.WU extends the sign",
    "accesses",
    "instructions/hypervisor.ts",
    '"hlv.wu": [0x68104073, loaded(32, false)]',
    '"hlv.wu": [0x68104073, loaded(32, true)]',
  ],
  [
    "HLV.B doesn't",
    "accesses",
    "instructions/hypervisor.ts",
    '"hlv.b": [0x60004073, loaded(8, true)]',
    '"hlv.b": [0x60004073, loaded(8, false)]',
  ],
  [
    "HSV.H stores a word",
    "accesses",
    "instructions/hypervisor.ts",
    'call("storeGuest", rs1, rs2, constant(2))',
    'call("storeGuest", rs1, rs2, constant(4))',
  ],
  [
    "their faults are not told as a guest's",
    "accesses",
    "hart/routines.ts",
    "return { ...answer, guest: answer.guest ?? { address: 0n } };",
    "return answer;",
  ],
];

/** The long form plants all of them; every fourth is the sample. */
const planted = [...shared, ...lent].filter((_, i) => long || i % 4 === 0);

const load = async (mistake: Mistake): Promise<Checks> =>
  ((await mutated("hypervisor-checks.ts", mistake)) as { readonly checks: Checks }).checks;

describe("mistakes planted in the hypervisor extension's source", { timeout: 600_000 }, () => {
  test("none is found where none is", async () => {
    const nothing = {
      file: "hart/routines.ts",
      right: "if (virtual) return virtualInstruction;",
      wrong: "if (virtual) return virtualInstruction;",
    };
    const checks = await load(nothing);
    expect([checks.engines(20), checks.views(100), checks.accesses(most.accesses)]).toEqual([true, true, true]);
  });

  test.each(planted)("%s: found by %s", async (_, finder, file, right, wrong) => {
    const checks = await load({ file, right, wrong });
    expect(checks[finder](most[finder])).toBe(false);
  });
});
