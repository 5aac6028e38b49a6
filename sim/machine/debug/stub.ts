import { encodeUtf8 } from "../../core/index.js";
import { bytesOf, hexOf, littleHex, littleNumber, number64 } from "./hexadecimal.js";
import { monitor } from "./monitor.js";
import { ascii, packet, PacketReader, textOf } from "./packet.js";
import { generalRegisters, readRegister, targetDescription, writeRegister } from "./registers.js";
import type { Access, DebugStop, DebugTarget } from "./target.js";

/** Bytes of a packet, agreed on with the debugger. */
const packetSize = 0x4000;
/** Instructions between two looks at what the debugger sends. */
const slice = 200_000;

/** Signals by which gdb names stops (gdb, include/gdb/signals.def). */
const signal = { int: 2, ill: 4, trap: 5, bus: 10, segv: 11 } as const;
/** Exceptions (privileged ISA, mcause) as such signals. */
const exceptionSignals: Readonly<Record<number, number>> = {
  0: signal.bus,
  1: signal.segv,
  2: signal.ill,
  3: signal.trap,
  4: signal.bus,
  5: signal.segv,
  6: signal.bus,
  7: signal.segv,
  12: signal.segv,
  13: signal.segv,
  15: signal.segv,
};

const watchNames: Readonly<Record<Access, string>> = { write: "watch", read: "rwatch", both: "awatch" };
const wrong = "E01";

/**
 * The debugger's end of GDB's remote protocol for one connection: bytes in, bytes out, and no time of its own. While the target
 * runs, `running` is true and whoever owns the connection calls `advance` between reads.
 *
 * Source: Debugging with GDB, appendix "GDB Remote Serial Protocol". Threads are harts, numbered from 1. All harts run when one
 * does. Not answered, which gdb takes for "absent": file transfers, tracepoints, processes to attach to, non-stop mode.
 */
export class GdbStub {
  readonly #target: DebugTarget;
  readonly #reader = new PacketReader();
  #acknowledging = true;
  #last: Uint8Array = new Uint8Array();
  /** The harts that `g` and others mean, and that `c` and `s` mean. */
  #general = 0;
  #continued = 0;
  #stop: DebugStop = { kind: "step", hart: 0 };
  #interrupted = false;
  #running = false;
  #closed = false;
  #description: string | undefined;
  /** What was set, to be taken away when the debugger goes. */
  readonly #breakpoints = new Map<bigint, number>();
  readonly #watchpoints = new Map<string, () => void>();

  constructor(target: DebugTarget) {
    this.#target = target;
  }

  /** Whether the target runs, so that `advance` has something to do. */
  get running(): boolean {
    return this.#running;
  }

  /** Whether the debugger has left: nothing more is answered. */
  get closed(): boolean {
    return this.#closed;
  }

  /** What to send for what was received. */
  receive(bytes: Uint8Array): Uint8Array {
    const out: Uint8Array[] = [];
    for (const incoming of this.#reader.read(bytes)) {
      if (this.#closed) break;
      switch (incoming.kind) {
        case "packet": {
          if (this.#acknowledging) out.push(ascii("+"));
          const reply = this.#answer(incoming.data);
          if (reply !== undefined) out.push(this.#send(reply));
          break;
        }
        case "damaged":
          if (this.#acknowledging) out.push(ascii("-"));
          break;
        case "repeat":
          out.push(this.#last);
          break;
        case "interrupt":
          if (this.#running) out.push(this.#send(this.#halt(undefined)));
          break;
        case "acknowledged":
          break;
      }
    }
    return joined(out);
  }

  /** Lets a running target run a while. @returns what to send; nothing while it runs on */
  advance(): Uint8Array {
    if (!this.#running) return new Uint8Array();
    const stop = this.#target.run(slice);
    return stop === undefined ? new Uint8Array() : this.#send(this.#halt(stop));
  }

  /** The connection is gone: breakpoints and watchpoints are taken away. */
  close(): void {
    this.#closed = true;
    this.#running = false;
    for (const address of this.#breakpoints.keys()) this.#target.breakpoint(address, false);
    for (const remove of this.#watchpoints.values()) remove();
    this.#breakpoints.clear();
    this.#watchpoints.clear();
  }

  #send(reply: string | Uint8Array): Uint8Array {
    this.#last = packet(typeof reply === "string" ? ascii(reply) : reply);
    return this.#last;
  }

  /** @returns undefined where the answer comes later, or never */
  #answer(data: Uint8Array): string | Uint8Array | undefined {
    const text = textOf(data);
    const rest = text.slice(1);
    switch (text.slice(0, 1)) {
      case "?":
        return this.#stopReply();
      case "g":
        return this.#readAll();
      case "G":
        return this.#writeAll(bytesOf(rest));
      case "p":
        return this.#read(rest);
      case "P":
        return this.#write(rest);
      case "m":
        return this.#readMemory(rest);
      case "M":
      case "X":
        return this.#writeMemory(data, text.startsWith("X"));
      case "c":
      case "C":
        return this.#resume(text.replace(/^C[^;]*;?/, "c").slice(1), "run");
      case "s":
      case "S":
        return this.#resume(text.replace(/^S[^;]*;?/, "s").slice(1), "step");
      case "b":
        return this.#back(rest);
      case "Z":
      case "z":
        return this.#point(text);
      case "H":
        return this.#choose(rest);
      case "T":
        return this.#hartOf(rest) === undefined ? wrong : "OK";
      case "D":
        this.close();
        return "OK";
      case "k":
        this.close();
        return undefined;
      case "v":
        return this.#verbose(text);
      case "q":
      case "Q":
        return this.#query(text);
      default:
        return "";
    }
  }

  /** The hart of a thread id (`p1.2`, `2`; 0 and -1 are any), or undefined where there is none. */
  #hartOf(id: string): number | undefined {
    const digits = id.replace(/^p[^.]*\.?/, "");
    if (digits === "" || digits === "0" || digits === "-1") return this.#general;
    const hart = Number.parseInt(digits, 16) - 1;
    return hart >= 0 && hart < this.#target.harts ? hart : undefined;
  }

  #choose(rest: string): string {
    const hart = this.#hartOf(rest.slice(1));
    if (hart === undefined) return wrong;
    if (rest.startsWith("g")) this.#general = hart;
    else this.#continued = hart;
    return "OK";
  }

  #readAll(): string {
    return Array.from({ length: generalRegisters }, (_, number) =>
      littleHex(this.#target.register(this.#general, number)),
    ).join("");
  }

  #writeAll(bytes: Uint8Array): string {
    for (let number = 0; number < generalRegisters && 8 * number + 8 <= bytes.length; number++) {
      this.#target.setRegister(this.#general, number, littleNumber(bytes.subarray(8 * number, 8 * number + 8)));
    }
    return "OK";
  }

  #read(digits: string): string {
    const value = readRegister(this.#target, this.#general, Number.parseInt(digits, 16));
    return value === undefined ? wrong : littleHex(value);
  }

  #write(rest: string): string {
    const [number = "", value = ""] = rest.split("=");
    const done = writeRegister(this.#target, this.#general, Number.parseInt(number, 16), littleNumber(bytesOf(value)));
    return done ? "OK" : wrong;
  }

  #readMemory(rest: string): string {
    const [address, length] = rest.split(",").map(number64);
    if (address === undefined || length === undefined || length < 0n) return wrong;
    const bytes = this.#target.read(this.#general, address, Math.min(Number(length), packetSize / 2 - 8));
    return bytes.length === 0 && length > 0n ? wrong : hexOf(bytes);
  }

  #writeMemory(data: Uint8Array, binary: boolean): string {
    const colon = data.indexOf(0x3a);
    const [address, length] = textOf(data.subarray(1, colon)).split(",").map(number64);
    const content = data.subarray(colon + 1);
    const bytes = binary ? content : bytesOf(textOf(content));
    if (colon < 0 || address === undefined || length !== BigInt(bytes.length)) return wrong;
    return this.#target.write(this.#general, address, bytes) ? "OK" : wrong;
  }

  /** `Z1,address,kind` sets, `z` takes away: 0 and 1 are breakpoints, 2 to 4 watchpoints of writes, reads and both. */
  #point(text: string): string {
    const on = text.startsWith("Z");
    const [kind = "", at = "", size = ""] = text.slice(1).split(";")[0]?.split(",") ?? [];
    const address = number64(at);
    if (address === undefined) return wrong;
    if (kind === "0" || kind === "1") {
      // One of each kind may stand at an address.
      const count = Math.max(0, (this.#breakpoints.get(address) ?? 0) + (on ? 1 : -1));
      if (count === 0) this.#breakpoints.delete(address);
      else this.#breakpoints.set(address, count);
      this.#target.breakpoint(address, count > 0);
      return "OK";
    }
    const access = ({ "2": "write", "3": "read", "4": "both" } as const)[kind];
    if (access === undefined) return "";
    const bytes = Number.parseInt(size, 16);
    const key = `${access} ${address} ${bytes}`;
    this.#watchpoints.get(key)?.();
    this.#watchpoints.delete(key);
    if (on) {
      this.#target.watchpoint(address, bytes, access, true);
      this.#watchpoints.set(key, () => {
        this.#target.watchpoint(address, bytes, access, false);
      });
    }
    return "OK";
  }

  #resume(address: string, how: "run" | "step"): string | undefined {
    const from = number64(address);
    if (from !== undefined) this.#target.setRegister(this.#continued, 32, from);
    if (how === "step") return this.#halt(this.#target.step(this.#continued));
    this.#running = true;
    return undefined;
  }

  /** bc, bs: back to the last breakpoint, or by one instruction. */
  #back(rest: string): string {
    const { reverse } = this.#target;
    if (reverse === undefined || (rest !== "c" && rest !== "s")) return "";
    return this.#halt(rest === "c" ? reverse.run() : reverse.step(this.#continued));
  }

  #verbose(text: string): string | undefined {
    if (text === "vCont?") return "vCont;c;C;s;S";
    if (text.startsWith("vCont;")) {
      // The first action that a thread matches is its own; one that steps makes the whole machine step.
      const step = text
        .slice(6)
        .split(";")
        .find((action) => /^[sS]/.test(action));
      const hart = step === undefined ? undefined : this.#hartOf(step.split(":")[1] ?? "");
      if (hart !== undefined) this.#continued = hart;
      return this.#resume("", step === undefined ? "run" : "step");
    }
    if (text.startsWith("vKill")) {
      this.close();
      return "OK";
    }
    return "";
  }

  #query(text: string): string | Uint8Array | undefined {
    if (text.startsWith("qSupported")) {
      const back = this.#target.reverse === undefined ? "" : ";ReverseStep+;ReverseContinue+";
      const offers = "QStartNoAckMode+;qXfer:features:read+;swbreak+;hwbreak+;vContSupported+";
      return `PacketSize=${packetSize.toString(16)};${offers}${back}`;
    }
    if (text.startsWith("qXfer:features:read:target.xml:")) return this.#describe(text);
    if (text.startsWith("qRcmd,")) return hexOf(encodeUtf8(monitor(this.#target, textOf(bytesOf(text.slice(6))))));
    if (text.startsWith("qThreadExtraInfo,")) {
      const hart = this.#hartOf(text.slice("qThreadExtraInfo,".length));
      return hart === undefined ? wrong : hexOf(ascii(`hart ${hart}`));
    }
    switch (text) {
      case "QStartNoAckMode":
        this.#acknowledging = false;
        return "OK";
      case "qAttached":
        return "1";
      case "qC":
        return `QC${(this.#general + 1).toString(16)}`;
      case "qfThreadInfo":
        return `m${Array.from({ length: this.#target.harts }, (_, hart) => (hart + 1).toString(16)).join(",")}`;
      case "qsThreadInfo":
        return "l";
      case "qSymbol::":
        return "OK";
      default:
        return "";
    }
  }

  /** A piece of the target's description: `…:offset,length`. */
  #describe(text: string): Uint8Array | string {
    const [offset = 0, length = 0] = text
      .slice(text.lastIndexOf(":") + 1)
      .split(",")
      .map((digits) => Number.parseInt(digits, 16));
    this.#description ??= targetDescription(this.#target);
    const piece = this.#description.slice(offset, offset + Math.min(length, packetSize / 2));
    return (offset + piece.length < this.#description.length ? "m" : "l") + piece;
  }

  /** The target has stopped. @param stop undefined for an interrupt by the debugger */
  #halt(stop: DebugStop | undefined): string {
    this.#running = false;
    this.#interrupted = stop === undefined || stop.kind === "idle";
    if (stop !== undefined) this.#stop = stop;
    if ("hart" in this.#stop) this.#general = this.#continued = this.#stop.hart;
    return this.#stopReply();
  }

  #stopReply(): string {
    const stop = this.#stop;
    if (stop.kind === "exited") return `W${(stop.code & 255).toString(16).padStart(2, "0")}`;
    const thread = `thread:${(this.#general + 1).toString(16)};`;
    const reply = (number: number, more = ""): string => `T${number.toString(16).padStart(2, "0")}${more}${thread}`;
    if (this.#interrupted) return reply(signal.int);
    switch (stop.kind) {
      case "breakpoint":
        return reply(signal.trap, "swbreak:;");
      case "watchpoint":
        return reply(signal.trap, `${watchNames[stop.access]}:${BigInt.asUintN(64, stop.address).toString(16)};`);
      case "exception":
        return reply(exceptionSignals[stop.cause] ?? signal.trap);
      case "beginning":
        return reply(signal.trap, "replaylog:begin;");
      case "step":
      case "idle":
        return reply(signal.trap);
    }
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
