/** Who runs a guest: our machine, and the peers; and the benches that read their figures from the same runs. */
import type { Bench, Contender, Goal } from "../runner/measure.js";
import { wasmNames, type Guest, type WasmKind } from "./guests.js";
import { lackOf as lackInLinux, runInLinux, type LinuxPeer } from "./native.js";
import { missing as noQemu, runInQemu } from "./qemu.js";
import { runInVirtlab, type Run } from "./run.js";
import { missing as noV86, runInV86 } from "./v86.js";
import { lackOf as lackInWasm, runInWasm } from "./wasm.js";

/** Those that run the same C compiled for Linux: this computer's processor, as a PC of 64 and of 32 bits, and QEMU for user programs. */
const linuxPeers = {
  native: { target: "x86_64" },
  "native, 32 bits": { target: "i386" },
  "qemu-i386": { target: "i386", emulator: "qemu-i386" },
  "qemu-riscv64": { target: "riscv64", emulator: "qemu-riscv64" },
} as const satisfies Readonly<Record<string, LinuxPeer>>;
type LinuxName = keyof typeof linuxPeers;
export const linuxNames: readonly LinuxName[] = Object.keys(linuxPeers) as LinuxName[];

/** QEMU as it is, and with exact instruction counts, which our machine always has. v86 is a PC of 32 bits in WebAssembly. */
export type Peer = "virtlab" | "QEMU" | "QEMU -icount" | "v86" | LinuxName | WasmKind;
type Runs = ReadonlyMap<Peer, Run>;

async function runByTurns(guest: Guest): Promise<Runs> {
  const runs = new Map<Peer, Run>([["virtlab", runInVirtlab(guest)]]);
  if (noQemu === undefined) {
    runs.set("QEMU", await runInQemu(guest, []));
    runs.set("QEMU -icount", await runInQemu(guest, ["-icount", "shift=0"]));
  }
  if (noV86 === undefined && guest.pc !== undefined && "program" in guest.pc) {
    runs.set("v86", await runInV86(guest.pc.program));
  }
  if (guest.linux !== undefined) {
    for (const name of linuxNames) {
      if (lackOf(name, guest) === undefined) runs.set(name, await runInLinux(linuxPeers[name], guest));
    }
  }
  for (const kind of wasmNames) {
    if (lackInWasm(kind, guest) === undefined) runs.set(kind, await runInWasm(kind, guest));
  }
  const answers = new Set([...runs.values()].map(({ answer }) => answer));
  if (answers.size === 1) return runs;
  throw new Error(`${guest.program} computes different things: ${[...answers].join(", ")}`);
}

export interface Figure {
  readonly unit: string;
  readonly better: "higher" | "lower";
  of(run: Run, ours: Run): number;
}

/** All executed as many instructions as ours. */
export const perUserSecond: Figure = {
  unit: "instr/s",
  better: "higher",
  of: ({ user }, { instructions = NaN }) => instructions / user,
};
export const wall: Figure = { unit: "s", better: "lower", of: (run) => run.wall };
/** With the system's share, which is large where memory is touched for the first time. */
export const processorTime: Figure = { unit: "s", better: "lower", of: ({ processor = NaN }) => processor };
export const userTime: Figure = { unit: "s", better: "lower", of: ({ user }) => user };

/** Why that one cannot run the guest. */
function lackOf(peer: Peer, guest: Guest): string | undefined {
  if (peer === "virtlab") return undefined;
  if (peer === "v86") return noV86 ?? (guest.pc !== undefined && "missing" in guest.pc ? guest.pc.missing : undefined);
  if (peer === "QEMU" || peer === "QEMU -icount") return noQemu;
  if (peer === "WebAssembly" || peer === "WebAssembly, checked") return lackInWasm(peer, guest);
  return lackInLinux(linuxPeers[peer], guest);
}

/** A bench for each of the figures, all of the same runs. */
export function benchesOf(
  name: string,
  guest: Guest,
  rows: readonly { readonly what: string; readonly figure: Figure; readonly who: readonly Peer[]; goal?: Goal }[],
): Bench[] {
  const rounds: Promise<Runs>[] = [];
  return rows.map(({ what, figure, who, goal }) => {
    const contender = (peer: Peer): Contender => {
      let round = 0;
      const lack = guest.missing ?? lackOf(peer, guest);
      return {
        name: peer,
        ...(lack === undefined ? {} : { missing: lack }),
        async run() {
          const runs = await (rounds[round++] ??= runByTurns(guest));
          const [run, ours] = [runs.get(peer), runs.get("virtlab")];
          return run === undefined || ours === undefined ? NaN : figure.of(run, ours);
        },
      };
    };
    const { unit, better } = figure;
    const contenders = [contender("virtlab"), ...who.map(contender)] as const;
    return { name: `${name}${what}`, unit, better, contenders, ...(goal === undefined ? {} : { goal }) };
  });
}
