import type { SequenceView } from "../core/index.js";
import type { ExitReason } from "./exit-reasons.js";

/** What a VMM that is a process asks its host for. */
export type HostCall = "run guest" | "access device";

/** What serving a call once takes of the host's processor. */
export interface HostWork {
  readonly instructions: number;
  readonly traps: number;
  /** Accesses to physical devices. */
  readonly devices: number;
}

/**
 * The operating system that a Type II monitor is a process of. Exits come to its kernel, which hands them to the monitor as the end of
 * its system call "run guest"; a virtual device is what the process does with files of the host's, by system calls again.
 */
export interface HostOs {
  readonly name: string;
  readonly calls: Readonly<Record<HostCall, HostWork>>;
}

/** Which calls an exit makes, if the monitor is a process. */
export function callsOf(reason: ExitReason): readonly HostCall[] {
  // Within the process, or its code in the guest's address space: the host has no part in it.
  if (reason === "callout") return [];
  return reason === "device access" ? ["run guest", "access device"] : ["run guest"];
}

interface Step {
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly reply?: boolean;
}

const guest = "guest";

function stepsOf(reason: ExitReason, hostOs: HostOs | null): readonly Step[] {
  const monitor = hostOs === null ? "VMM" : "VMM (a process)";
  const work = { from: monitor, to: monitor, label: reason };
  if (reason === "callout") {
    return [
      { from: guest, to: monitor, label: "a call" },
      work,
      { from: monitor, to: guest, label: "a return", reply: true },
    ];
  }
  if (hostOs === null) {
    return [
      { from: guest, to: monitor, label: "a trap" },
      work,
      { from: monitor, to: guest, label: "into the guest", reply: true },
    ];
  }
  const kernel = `${hostOs.name}'s kernel`;
  const device = [
    { from: monitor, to: kernel, label: "a system call: write" },
    { from: kernel, to: "device", label: "the driver" },
    { from: "device", to: kernel, label: "done", reply: true },
    { from: kernel, to: monitor, label: "the call returns", reply: true },
  ];
  return [
    { from: guest, to: kernel, label: "a trap" },
    { from: kernel, to: monitor, label: "run guest returns: another process's registers", reply: true },
    work,
    ...(reason === "device access" ? device : []),
    { from: monitor, to: kernel, label: "a system call: run guest" },
    { from: kernel, to: guest, label: "into the guest", reply: true },
  ];
}

/** What exits cost, and whose process the monitor is. */
interface Priced {
  readonly hostOs: HostOs | null;
  exit(reason: ExitReason): number;
}

/** The path of one exit, and what it costs: with a VMM that owns the machine (Type I), or one that is a process (Type II). */
export function exitPathView(reason: ExitReason, costs: Priced): SequenceView {
  const { hostOs } = costs;
  const messages = stepsOf(reason, hostOs);
  return {
    as: "sequence",
    title: `One exit under a Type ${hostOs === null ? "I" : "II"} monitor: ${reason}`,
    participants: [...new Set(messages.flatMap(({ from, to }) => [from, to]))],
    messages,
    caption: `${costs.exit(reason)} cycles of the host by the model`,
  };
}
