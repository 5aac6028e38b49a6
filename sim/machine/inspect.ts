import { formatBytes, type TableView, type TextView } from "../core/index.js";
import type { Hart } from "./hart/index.js";
import { registerNames } from "./instructions/index.js";
import type { MachineOptions } from "./options.js";
import type { PageWalk } from "./page-walk.js";

const modes = ["user", "supervisor", "", "machine"] as const;
const stages = { supervisor: "supervisor's", guest: "guest's (VS)", hypervisor: "hypervisor's (G)" } as const;

const hex64 = (value: bigint): string => `0x${BigInt.asUintN(64, value).toString(16).padStart(16, "0")}`;

/** What a machine shows of itself. */
interface Inspected {
  readonly name: string;
  readonly harts: readonly Hart[];
  readonly instructions: number;
  readonly time: number;
  readonly console: { readonly text: string };
}

/** What it is, and where it is. */
export function machineView(guest: Inspected, { memory, isa }: MachineOptions): TableView {
  const rows = [
    ["harts", `${guest.harts.length} of ${isa.name}`],
    ["memory", formatBytes(memory)],
    ["instructions", guest.instructions],
    ["time", `${guest.time / 1e9} s`],
    ["console", guest.console.text.split("\n").slice(-4).join("\n")],
  ] as const;
  return {
    as: "table",
    title: guest.name,
    columns: [{ key: "what", label: "" }, { key: "value" }],
    rows: rows.map(([what, value]) => ({ what, value })),
  };
}

/** Integer registers, as numbers in two notations. */
export function registersView(hart: Hart, name: string): TableView {
  const row = (register: string, use: string, value: bigint): Record<string, string> => ({
    register,
    use,
    hex: hex64(value),
    signed: String(BigInt.asIntN(64, value)),
  });
  return {
    as: "table",
    title: `Registers of ${name}, hart ${hart.id}`,
    columns: [{ key: "register" }, { key: "use", label: "name" }, { key: "hex" }, { key: "signed" }],
    rows: [row("pc", "", hart.pc), ...registerNames.map((use, register) => row(`x${register}`, use, hart.x(register)))],
    caption: `${hart.mode.virtual ? "virtual " : ""}${modes[hart.mode.privilege]} mode, ${hart.retired} instructions retired`,
  };
}

/** Which entries of page tables a hart reads for an address, in their order, and where they lead. */
export function pageWalkView({ address, steps, guestPhysical, physical }: PageWalk): TableView {
  const found = physical === undefined ? "no page" : `physical 0x${physical.toString(16)}`;
  const between = guestPhysical === undefined ? "" : `guest physical 0x${guestPhysical.toString(16)}, `;
  return {
    as: "table",
    title: `The way of 0x${address.toString(16)}`,
    columns: ["reference", "table", "level", "of", "at", "entry"].map((key) => ({ key })),
    rows: steps.map(({ stage, level, of, at, entry }, index) => ({
      reference: index + 1,
      table: stages[stage],
      level,
      of: `0x${of.toString(16)}`,
      at: `0x${at.toString(16)}`,
      entry: hex64(entry),
    })),
    caption: `${steps.length} memory references: ${between}${found}`,
  };
}

/** Sixteen bytes to a line: address, bytes, characters. */
export function memoryView(bytes: Uint8Array, address: number): TextView {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = [...bytes.subarray(at, at + 16)];
    const digits = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${(address + at).toString(16).padStart(8, "0")}  ${digits.padEnd(47)}  ${text}`);
  }
  return { as: "text", text: lines.join("\n") };
}

const causes: Readonly<Record<number, string>> = {
  0: "instruction address misaligned",
  1: "instruction access fault",
  2: "illegal instruction",
  3: "breakpoint",
  4: "load address misaligned",
  5: "load access fault",
  6: "store address misaligned",
  7: "store access fault",
  8: "environment call from user mode",
  9: "environment call from supervisor mode",
  10: "environment call from virtual supervisor mode",
  11: "environment call from machine mode",
  12: "instruction page fault",
  13: "load page fault",
  15: "store page fault",
  20: "instruction guest-page fault",
  21: "load guest-page fault",
  22: "virtual instruction",
  23: "store guest-page fault",
};

/** An exception by its number (privileged ISA, table of mcause's values). */
export function causeName(cause: number): string {
  return causes[cause] ?? `exception ${cause}`;
}
