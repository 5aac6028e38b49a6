import type { LanesView, SequenceView, TableView, Role } from "../core/index.js";
import { disassemble, type Machine } from "../machine/index.js";
import type { ExitReason } from "./exit-reasons.js";
import type { Exit, Exits } from "./exits.js";

const modes: Readonly<Record<number, string>> = { 0: "user", 1: "supervisor", 3: "machine" };

/** What the views need of a virtual machine. */
interface Shown {
  readonly name: string;
  readonly machine: Machine;
  readonly exits: Exits;
}

/** How many exits of each kind, what they are, what they cost: answers where the VMM's time goes. */
export function exitsView({ name, machine, exits }: Shown): TableView {
  return {
    ...exits.view(),
    title: `Why ${name} came to its VMM`,
    caption: `${exits.total} exits in ${machine.instructions} guest instructions; ${exits.cycles} cycles of the host by the model`,
  };
}

/** The latest exits: where the guest was, in which virtual mode, at which instruction. */
export function exitLogView({ name, machine, exits }: Shown, most: number = 20): TableView {
  return {
    as: "table",
    title: `The latest exits of ${name}`,
    columns: [
      { key: "number", label: "exit" },
      { key: "at", label: "guest instructions" },
      { key: "mode", label: "virtual mode" },
      { key: "pc" },
      { key: "instruction" },
      { key: "reason" },
    ],
    rows: exits.log(most).map((exit) => ({
      number: exit.number,
      at: exit.at,
      mode: modes[exit.privilege] ?? "",
      pc: hex(exit.pc),
      instruction: instructionOf(exit, machine),
      reason: exit.reason,
    })),
    caption: `${exits.total} exits so far`,
  };
}

/** Who acts at each of the latest exits: the guest, the dispatcher, and the part of the VMM that does the rest. */
export function exitSequenceView({ name, machine, exits }: Shown, most: number = 12): SequenceView {
  const log = exits.log(most);
  return {
    as: "sequence",
    title: `What the VMM does when ${name} traps`,
    caption: `exits ${log[0]?.number ?? 0} to ${log.at(-1)?.number ?? 0} of ${exits.total}`,
    participants: ["guest", "dispatcher", "allocator", "interpreter"],
    messages: log.flatMap((exit) => {
      const part = exit.reason === "shadow fill" || exit.reason === "nested fill" ? "allocator" : "interpreter";
      const what = instructionOf(exit, machine);
      return [
        { from: "guest", to: "dispatcher", label: what === "" ? `trap at ${hex(exit.pc)}` : what },
        { from: "dispatcher", to: part, label: exit.reason },
        { from: part, to: "guest", label: answers[exit.reason], reply: true },
      ];
    }),
  };
}

const answers: Readonly<Record<ExitReason, string>> = {
  "CSR access": "the virtual register's value; the next instruction",
  "counter read": "the guest's own count",
  "return from trap": "the virtual mode and pc that the trap came from",
  "address fence": "the next instruction",
  "wait for interrupt": "idle",
  "system call": "the guest's trap handler",
  "supervisor call": "the guest's firmware",
  "page fault": "the guest's trap handler",
  exception: "the guest's trap handler",
  interrupt: "the guest's trap handler",
  "device access": "what the device answers",
  "shadow fill": "the same instruction again",
  "nested fill": "the same instruction again",
  trace: "the next instruction",
  interpretation: "the next instruction",
  translation: "the rewritten code",
  callout: "the next instruction",
  hypercall: "the answer",
  "nested exit": "the guest's trap handler, a hypervisor's",
};

const roles: Readonly<Partial<Record<ExitReason, Role>>> = {
  "shadow fill": "memory",
  "nested fill": "memory",
  trace: "memory",
  "device access": "disk",
  "page fault": "fault",
  exception: "fault",
};

/** When machines of one VMM had the processor by the model: the guest's own instructions, and the VMM at work on its exits. */
export function exitLanesView(machines: readonly Shown[], most: number = 200): LanesView {
  return {
    as: "lanes",
    title: "What the processor does: a guest's instructions, or the VMM's work for it",
    caption: `the latest ${most} exits of each, by the model's cycles since the machine began`,
    x: { label: "host time of that machine", unit: "cycles" },
    lanes: machines.flatMap(({ name, exits }) => {
      const log = exits.log(most);
      const work = log.map((exit) => {
        const to = exit.cycles + exits.costs.exit(exit.reason);
        return { from: exit.cycles, to, label: exit.reason, role: roles[exit.reason] ?? ("trap" as const) };
      });
      const between = work.slice(1).flatMap(({ from }, index) => {
        const start = work[index]?.to ?? from;
        return from > start ? [{ from: start, to: from, label: "guest", role: "guest" as const }] : [];
      });
      return [
        { name, spans: between },
        { name: `VMM for ${name}`, spans: work },
      ];
    }),
  };
}

function instructionOf({ instruction, pc }: Exit, machine: Machine): string {
  if (instruction === 0) return "";
  const bytes = new Uint8Array(Uint32Array.of(instruction).buffer);
  const [line] = disassemble(bytes, pc, { isa: machine.hart(0).isa });
  return line?.text.replace("\t", " ") ?? "";
}

const hex = (address: bigint): string => `0x${BigInt.asUintN(64, address).toString(16)}`;
