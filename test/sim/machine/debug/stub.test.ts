import { beforeEach, describe, expect, test } from "vitest";
import { asm, GdbStub, machine, machineTarget, type Machine } from "../../../../sim/machine/index.js";
import { ask, contents, framed } from "./client.js";

const program = asm`
_start: la   sp, stack
        li   s0, 0
loop:   addi s0, s0, 1
        la   a0, value
        sd   s0, (a0)
        ld   a1, 8(a0)
        li   t0, 5
        bne  s0, t0, loop
end:    j    end
        .data
        .balign 8
value:  .dword 0, 0x1122334455667788
        .space 64
stack:
`;
const bytes = new Uint8Array(4096);
for (const { address, bytes: content } of program.segments) bytes.set(content, Number(address - 0x80000000n));
const at = (name: string): bigint => program.symbols.get(name)!.value;
const hex = (name: string): string => at(name).toString(16);
const little = (value: bigint): string => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt.asUintN(64, value));
  return buffer.toString("hex");
};

let guest: Machine;
let stub: GdbStub;
beforeEach(() => {
  guest = machine({ program: bytes, memory: 2 ** 20, harts: 2 });
  stub = new GdbStub(machineTarget(guest));
});

describe("packets", () => {
  test("are acknowledged until the debugger wants that no longer", () => {
    expect(Buffer.from(stub.receive(framed("qC"))).toString()).toMatch(/^\+\$QC1#/);
    expect(Buffer.from(stub.receive(framed("QStartNoAckMode"))).toString()).toBe("+$OK#9a");
    expect(Buffer.from(stub.receive(framed("qC"))).toString()).toMatch(/^\$QC1#/);
  });

  test("with a wrong checksum are refused, and answers sent again when they arrived so", () => {
    expect(Buffer.from(stub.receive(Buffer.from("$qC#00"))).toString()).toBe("-");
    const answer = stub.receive(framed("qC")).slice(1);
    expect(stub.receive(Buffer.from("-"))).toEqual(answer);
    expect(stub.receive(Buffer.from("+"))).toHaveLength(0);
  });

  test("may come in pieces, and several at once", () => {
    const sent = Buffer.concat([framed("qC"), framed("qAttached")]);
    const received = [...sent].map((byte) => Buffer.from(stub.receive(Uint8Array.of(byte))));
    expect(contents(Buffer.concat(received))).toEqual(["QC1", "1"]);
    expect(contents(stub.receive(sent))).toEqual(["QC1", "1"]);
  });

  test("shorten runs of the same byte", () => {
    const sent = Buffer.from(stub.receive(framed("g"))).toString();
    expect(sent).toMatch(/0\*/);
    expect(sent.length).toBeLessThan(250);
    expect(contents(Buffer.from(sent))[0]).toHaveLength(33 * 16);
  });

  test.each([0, 1, 2, 3, 5, 6, 7, 8, 9, 96, 97, 98, 99, 200])("carry a run of %i more whole", (more) => {
    guest.write(at("value"), new Uint8Array(more + 1).fill(0x55));
    expect(ask(stub, `m${hex("value")},${(more + 1).toString(16)}`)).toBe("55".repeat(more + 1));
  });

  test("that are unknown are answered by nothing, as the protocol wants it", () => {
    expect(["qFoo", "vFoo", "!", "QFoo:1", "vMustReplyEmpty", "bx"].map((text) => ask(stub, text))).toEqual(
      Array(6).fill(""),
    );
  });

  test("that make no sense are errors, and the stub goes on", () => {
    const wrong = [
      "m",
      "mzz,4",
      "m80000000",
      "M80000000,4:00",
      "p9999",
      "P9999=00",
      "Z0,xyz,4",
      "T63",
      "Hg63",
      "X80000000,5:abc",
    ];
    expect(wrong.map((text) => ask(stub, text))).toEqual(Array(wrong.length).fill("E01"));
    expect(ask(stub, "qC")).toBe("QC1");
  });
});

describe("what is there", () => {
  test("registers, one and all", () => {
    expect(ask(stub, "p20")).toBe(little(0x80000000n));
    expect(ask(stub, `P8=${little(-2n)}`)).toBe("OK");
    expect(guest.harts[0]!.x(8)).toBe(-2n);
    const all = ask(stub, "g");
    expect(all.slice(8 * 16, 9 * 16)).toBe(little(-2n));
    expect(ask(stub, `G${little(5n).repeat(33)}`)).toBe("OK");
    expect([guest.harts[0]!.x(0), guest.harts[0]!.x(31), guest.harts[0]!.pc]).toEqual([0n, 5n, 5n]);
  });

  test("CSRs, floating-point registers and the mode", () => {
    const mscratch = (65 + 0x340).toString(16);
    expect(ask(stub, `P${mscratch}=${little(99n)}`)).toBe("OK");
    expect(ask(stub, `p${mscratch}`)).toBe(little(99n));
    expect(ask(stub, `P21=${little(7n)}`)).toBe("OK");
    expect(ask(stub, "p21")).toBe(little(7n));
    expect(ask(stub, `p${(65 + 4096).toString(16)}`)).toBe(little(3n));
  });

  test("memory, read and written in digits and in bytes", () => {
    expect(ask(stub, `m${(at("value") + 8n).toString(16)},8`)).toBe("8877665544332211");
    expect(ask(stub, `M${hex("value")},2:abcd`)).toBe("OK");
    expect(ask(stub, `X${hex("value")},4:}\x03}\x04}]x`)).toBe("OK");
    expect(ask(stub, `m${hex("value")},4`)).toBe("23247d78");
    expect(ask(stub, "m10,4")).toBe("E01");
    // As far as there is memory.
    expect(ask(stub, "m800ffffe,8")).toHaveLength(4);
  });

  test("a description that gdb asks for in pieces", () => {
    let description = "";
    for (let offset = 0; ;) {
      const piece = ask(stub, `qXfer:features:read:target.xml:${offset.toString(16)},400`);
      description += piece.slice(1);
      offset += piece.length - 1;
      if (piece.startsWith("l")) break;
      expect(piece.startsWith("m")).toBe(true);
    }
    expect(description).toContain("<architecture>riscv:rv64</architecture>");
    expect(description).toContain('<reg name="pc" bitsize="64" regnum="32"');
    expect(description).toContain('<reg name="fa0" bitsize="64" regnum="43"');
    expect(description).toContain(`<reg name="satp" bitsize="64" regnum="${65 + 0x180}"`);
    expect(description).not.toContain('name="hgatp"');
    expect(description.endsWith("</target>")).toBe(true);
  });

  test("harts as threads", () => {
    expect(ask(stub, "qfThreadInfo")).toBe("m1,2");
    expect(ask(stub, "qsThreadInfo")).toBe("l");
    expect(Buffer.from(ask(stub, "qThreadExtraInfo,2"), "hex").toString()).toBe("hart 1");
    expect(ask(stub, "Hg2")).toBe("OK");
    expect(ask(stub, `p${(65 + 0xf14).toString(16)}`)).toBe(little(1n));
  });
});

describe("running", () => {
  test("step by step, with a reply for each", () => {
    expect(ask(stub, "s")).toBe("T05thread:1;");
    expect(guest.harts[0]!.pc).toBe(0x80000004n);
    expect(ask(stub, "vCont;s:1;c")).toBe("T05thread:1;");
    expect(guest.harts[0]!.pc).toBe(0x80000008n);
    expect(ask(stub, "vCont;s:2;c")).toBe("T05thread:2;");
    expect(guest.harts[1]!.cycles).toBe(1);
  });

  test("to a breakpoint, past it and to it again", () => {
    guest = machine({ program: bytes, memory: 2 ** 20 });
    stub = new GdbStub(machineTarget(guest));
    expect(ask(stub, `Z0,${hex("loop")},4`)).toBe("OK");
    for (const count of [0n, 1n, 2n]) {
      expect(ask(stub, "vCont;c")).toBe("T05swbreak:;thread:1;");
      expect([guest.harts[0]!.pc, guest.harts[0]!.x(8)]).toEqual([at("loop"), count]);
    }
    expect(ask(stub, `z0,${hex("loop")},4`)).toBe("OK");
    expect(guest.harts[0]!.breakpoints.has(at("loop"))).toBe(false);
  });

  test.each([
    ["2", "watch"],
    ["4", "awatch"],
  ])("to a watchpoint of kind %s", (kind, name) => {
    expect(ask(stub, `Z${kind},${hex("value")},8`)).toBe("OK");
    expect(ask(stub, "c")).toMatch(new RegExp(`^T05(watch|${name}):${hex("value")};thread:1;$`));
    expect(guest.harts[0]!.x(8)).toBe(1n);
    expect(ask(stub, `z${kind},${hex("value")},8`)).toBe("OK");
    expect(guest.harts[0]!.watchpoints.size).toBe(0);
  });

  test("to where something is read", () => {
    const there = (at("value") + 8n).toString(16);
    expect(ask(stub, `Z3,${there},8`)).toBe("OK");
    expect(ask(stub, "c")).toBe(`T05rwatch:${there};thread:1;`);
    expect(guest.harts[0]!.x(11)).toBe(0x1122334455667788n);
  });

  test("until the debugger interrupts", () => {
    expect(stub.receive(framed("c")).length).toBe(1);
    expect(stub.running).toBe(true);
    expect(stub.advance()).toHaveLength(0);
    expect(contents(stub.receive(Uint8Array.of(3)))).toEqual(["T02thread:1;"]);
    expect(stub.running).toBe(false);
    expect(stub.advance()).toHaveLength(0);
    expect(ask(stub, "?")).toBe("T02thread:1;");
  });

  test("until the machine is switched off", () => {
    // The finisher's register, and what switches off with success.
    const off = asm`li t0, 0x100000; li t1, 0x5555; sw t1, (t0); end: j end`.segments[0]!.bytes;
    stub = new GdbStub(machineTarget(machine({ program: off, memory: 2 ** 20 })));
    expect(ask(stub, "c")).toBe("W00");
    expect(ask(stub, "?")).toBe("W00");
  });

  test("to an exception that nobody handles", () => {
    const bad = asm`nop; unimp`.segments[0]!.bytes;
    stub = new GdbStub(machineTarget(machine({ program: bad, memory: 2 ** 20 })));
    expect(ask(stub, "c")).toBe("T04thread:1;");
  });
});

describe("going back", () => {
  beforeEach(() => {
    guest = machine({ program: bytes, memory: 2 ** 20 });
    stub = new GdbStub(machineTarget(guest));
  });

  test("by an instruction", () => {
    for (let i = 0; i < 5; i++) ask(stub, "s");
    const before = ask(stub, "g");
    ask(stub, "s");
    expect(ask(stub, "g")).not.toBe(before);
    expect(ask(stub, "bs")).toBe("T05thread:1;");
    expect(ask(stub, "g")).toBe(before);
  });

  test("to the last breakpoint, and to the one before", () => {
    ask(stub, `Z0,${hex("end")},4`);
    ask(stub, "c");
    ask(stub, `Z0,${hex("loop")},4`);
    expect(ask(stub, "bc")).toBe("T05swbreak:;thread:1;");
    expect([guest.harts[0]!.pc, guest.harts[0]!.x(8)]).toEqual([at("loop"), 4n]);
    expect(ask(stub, "bc")).toBe("T05swbreak:;thread:1;");
    expect(guest.harts[0]!.x(8)).toBe(3n);
  });

  test("to what wrote a place", () => {
    ask(stub, `Z0,${hex("end")},4`);
    ask(stub, "c");
    ask(stub, `Z2,${hex("value")},8`);
    expect(ask(stub, "bc")).toBe(`T05watch:${hex("value")};thread:1;`);
    expect(guest.harts[0]!.x(8)).toBe(5n);
  });

  test("ends where the recording begins", () => {
    for (let i = 0; i < 5; i++) ask(stub, "s");
    expect(ask(stub, "bc")).toBe("T05replaylog:begin;thread:1;");
    expect(guest.instructions).toBe(0);
    expect(ask(stub, "bs")).toBe("T05replaylog:begin;thread:1;");
    expect(ask(stub, "qSupported")).toContain("ReverseStep+;ReverseContinue+");
  });
});

describe("leaving", () => {
  test.each(["D", "k", "vKill;1"])("by %s takes breakpoints away", (goodbye) => {
    ask(stub, `Z0,${hex("loop")},4`);
    ask(stub, `Z2,${hex("value")},8`);
    ask(stub, goodbye);
    expect(stub.closed).toBe(true);
    expect(guest.harts[0]!.breakpoints.has(at("loop"))).toBe(false);
    expect(guest.harts[0]!.watchpoints.size).toBe(0);
    expect(stub.receive(framed("g"))).toHaveLength(0);
  });
});

test("monitor asks the machine, and names the nearest command", () => {
  const monitor = (line: string): string =>
    Buffer.from(ask(stub, `qRcmd,${Buffer.from(line).toString("hex")}`), "hex").toString();
  expect(monitor("help")).toMatch(/^info .*\n.*\n.*\nreset .*\nhelp +this list\n$/);
  expect(monitor("info")).toMatch(/^0 instructions, 0 ns\n$/);
  expect(monitor("rest")).toContain('Did you mean "reset"?');
  ask(stub, "s");
  monitor("reset");
  expect(guest.harts[0]!.pc).toBe(0x80000000n);
});

test("memory is what the hart sees through its page table", () => {
  guest = machine({ program: bytes, memory: 2 ** 20 });
  stub = new GdbStub(machineTarget(guest));
  const [hart] = guest.harts;
  const table = 0x80010000;
  // A gigabyte from 0x40000000 on, and nothing else: it is RAM's.
  const entries = Buffer.alloc(16);
  entries.writeBigUInt64LE((0x80000000n >> 2n) | 0xcfn, 8);
  guest.write(table, entries);
  ask(stub, `P${(65 + 0x180).toString(16)}=${little((8n << 60n) | BigInt(table >>> 12))}`);
  const virtual = at("value") + 8n - 0x40000000n;
  // Machine mode sees physical addresses.
  expect(ask(stub, `m${virtual.toString(16)},8`)).toBe("E01");
  // To supervisor mode, by mret.
  for (const [csr, value] of [
    [0x300, 1n << 11n],
    [0x3b0, -1n],
    [0x3a0, 15n],
    [0x341, 0x40000000n],
  ] as const) {
    hart!.setCsr(csr, value);
  }
  guest.write(0x80000000, Buffer.from("73002030", "hex"));
  expect(ask(stub, "s")).toBe("T05thread:1;");
  expect([hart!.mode.privilege, hart!.pc]).toEqual([1, 0x40000000n]);
  expect(ask(stub, `m${virtual.toString(16)},8`)).toBe("8877665544332211");
  expect(ask(stub, `M${virtual.toString(16)},1:99`)).toBe("OK");
  expect(ask(stub, `m${virtual.toString(16)},1`)).toBe("99");
  expect(ask(stub, `m${hex("value")},8`)).toBe("E01");
});
