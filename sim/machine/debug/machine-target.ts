import { UsageError } from "../../core/index.js";
import type { Hart, Watchpoint } from "../hart/index.js";
import { pageSize } from "../layout.js";
import type { Machine } from "../machine.js";
import { pageWalk } from "../page-walk.js";
import type { MachineStop } from "../machine-stop.js";
import type { DebugStop, DebugTarget } from "./target.js";

/** What of a machine is used. */
export type DebuggedMachine = Pick<
  Machine,
  | "back"
  | "break"
  | "bus"
  | "console"
  | "harts"
  | "instructions"
  | "name"
  | "record"
  | "reset"
  | "run"
  | "time"
  | "type"
  | "unbreak"
  | "write"
>;

const pc = 32;
/** The most instructions that others execute before a hart's next one. */
const longestTurn = 10_000_000;

/** What a run's end means to a debugger; undefined where it only had enough instructions. */
function meaning(stop: MachineStop): DebugStop | undefined {
  switch (stop.kind) {
    case "breakpoint":
    case "watchpoint":
    case "exception":
      return stop;
    case "power-off":
      return { kind: "exited", code: 0 };
    case "failed":
      return { kind: "exited", code: stop.code };
    case "idle":
    case "interrupted":
      return { kind: "idle" };
    case "instructions":
    case "duration":
    case "until":
      return undefined;
  }
}

/**
 * A machine as gdb debugs it. Memory is what the hart sees, RAM alone: reading a device would change it. From now on the machine
 * is recorded, so that it can go back to here; what a debugger writes into registers begins the recording anew. With several harts,
 * a step back is one instruction of the machine, whichever hart's.
 */
export function machineTarget(machine: DebuggedMachine): DebugTarget {
  const { harts, bus } = machine;
  let began = 0;
  const record = (): void => {
    machine.record();
    began = machine.instructions;
  };
  record();
  const hartOf = (number: number): Hart => {
    const hart = harts[number];
    if (hart === undefined) throw new UsageError(`${machine.name} has no hart ${number}`, "Ask for one that it has.");
    return hart;
  };
  const watched = new Map<string, Watchpoint>();

  function* pieces(hart: number, address: bigint, length: number): Generator<readonly [at: number, bytes: number]> {
    for (let done = 0; done < length;) {
      const from = address + BigInt(done);
      const bytes = Math.min(length - done, pageSize - Number(BigInt.asUintN(12, from)));
      const at = pageWalk(hartOf(hart), bus, from).physical;
      if (at === undefined || bus.ramAt(at, bytes) === undefined) return;
      yield [at, bytes];
      done += bytes;
    }
  }

  function goBack(instructions: number): boolean {
    if (machine.instructions - instructions < began) {
      if (machine.instructions > began) machine.back(machine.instructions - began);
      return false;
    }
    machine.back(instructions);
    return true;
  }

  /** The last stop for a debugger from one count of instructions to before another; the machine is at the other then. */
  function lastStop(end: number): { readonly at: number; readonly stop: DebugStop } | undefined {
    let found: { readonly at: number; readonly stop: DebugStop } | undefined;
    while (machine.instructions < end) {
      const before = machine.instructions;
      const stop = meaning(machine.run({ instructions: end - before }));
      const stopped = stop?.kind === "breakpoint" || stop?.kind === "watchpoint";
      if (stopped && machine.instructions < end) found = { at: machine.instructions, stop };
      else if (!stopped && machine.instructions === before) break;
    }
    return found;
  }

  return {
    harts: harts.length,
    float: harts[0]?.features.float === true,
    register: (hart, number) => (number === pc ? hartOf(hart).pc : hartOf(hart).x(number)),
    setRegister: (hart, number, value) => {
      if (number === pc) hartOf(hart).pc = value;
      else hartOf(hart).setX(number, value);
      record();
    },
    floatRegister: (hart, number) => hartOf(hart).floats.registers[number] ?? 0n,
    setFloatRegister: (hart, number, value) => {
      hartOf(hart).floats.registers[number] = value;
      record();
    },
    csr: (hart, number) => hartOf(hart).csr(number),
    setCsr: (hart, number, value) => {
      const done = hartOf(hart).setCsr(number, value);
      record();
      return done;
    },
    privilege: (hart) => hartOf(hart).mode.privilege,
    read: (hart, address, length) => {
      const parts = [...pieces(hart, address, length)];
      const whole = new Uint8Array(parts.reduce((sum, [, bytes]) => sum + bytes, 0));
      let done = 0;
      for (const [at, bytes] of parts) {
        whole.set(bus.bytes(at, bytes) ?? [], done);
        done += bytes;
      }
      return whole;
    },
    write: (hart, address, content) => {
      const parts = [...pieces(hart, address, content.length)];
      if (parts.reduce((sum, [, bytes]) => sum + bytes, 0) < content.length) return false;
      let done = 0;
      for (const [at, bytes] of parts) {
        machine.write(at, content.subarray(done, done + bytes));
        done += bytes;
      }
      return true;
    },
    breakpoint: (address, on) => {
      if (on) machine.break(address);
      else machine.unbreak(address);
    },
    watchpoint: (address, bytes, access, on) => {
      const key = `${address} ${bytes} ${access}`;
      const watchpoint = watched.get(key) ?? { address, bytes, access };
      if (on) watched.set(key, watchpoint);
      else watched.delete(key);
      for (const hart of harts) hart.setWatchpoint(watchpoint, on);
    },
    step: (number) => {
      const hart = hartOf(number);
      const before = hart.cycles;
      for (let others = 0; hart.cycles === before && others < longestTurn; others++) {
        // The breakpoint that it stands at is passed by the next run.
        const stop = meaning(machine.run({ instructions: 1 }));
        const passing = stop?.kind === "breakpoint" && stop.hart === number && hart.cycles === before;
        if (stop !== undefined && !passing) return stop;
      }
      return { kind: "step", hart: number };
    },
    run: (instructions) => meaning(machine.run({ instructions })),
    reverse: {
      step: (hart) => (goBack(1) ? { kind: "step", hart } : { kind: "beginning" }),
      run: () => {
        let end = machine.instructions;
        for (let length = 10_000; ; length *= 4) {
          const more = goBack(Math.min(length, Math.max(1, end - began)));
          const from = machine.instructions;
          const found = lastStop(end);
          if (found !== undefined) {
            machine.back(machine.instructions - found.at);
            return found.stop;
          }
          if (!more || from === began) break;
          machine.back(machine.instructions - from);
          end = from;
        }
        if (machine.instructions > began) machine.back(machine.instructions - began);
        return { kind: "beginning" };
      },
    },
    commands: {
      info: {
        help: "instructions executed, and the machine's time",
        run: () => `${machine.instructions} instructions, ${machine.time} ns`,
      },
      console: { help: "what the guest has printed", run: () => machine.console.text },
      type: {
        help: "types a line into the guest's console",
        run: (words) => {
          machine.type(`${words.join(" ")}\n`);
          return "typed";
        },
      },
      reset: {
        help: "power off and on again",
        run: () => {
          machine.reset();
          record();
          return "reset: the registers that gdb shows are old until it stops again (stepi)";
        },
      },
    },
  };
}
