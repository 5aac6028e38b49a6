import { decodeBase64, encodeBase64, UsageError } from "../../core/index.js";
import type { Width } from "../instructions/index.js";
import type { Device, Line } from "./device.js";
import { partOf, withPart } from "./registers.js";

/** Interrupt sources are numbered from 1; 0 is none. As many as QEMU's virt has. */
export const plicSources = 95;
/** Priorities are 0 (never) to 7. */
const priorityMask = 7;

const place = {
  pending: 0x1000,
  enable: 0x2000,
  enableStride: 0x80,
  context: 0x200000,
  contextStride: 0x1000,
} as const;

export interface PlicState {
  readonly priorities: string;
  readonly levels: string;
  readonly pending: string;
  readonly claimed: string;
  readonly enables: readonly string[];
  readonly thresholds: readonly number[];
}

/** One context: a hart in a mode that takes external interrupts. */
interface Context {
  readonly line: Line;
  readonly enabled: Uint8Array;
  threshold: number;
}

/**
 * The platform-level interrupt controller: leads devices' lines to harts, by priority.
 * Source: RISC-V Platform-Level Interrupt Controller Specification 1.0.0. All gateways are for levels.
 */
export class Plic implements Device<PlicState> {
  readonly name = "plic";
  readonly size = 0x600000;
  readonly #priorities = new Uint8Array(plicSources + 1);
  /** By source: the line's level, whether its request is pending, whether one is with a hart. */
  readonly #levels = new Uint8Array(plicSources + 1);
  readonly #pending = new Uint8Array(plicSources + 1);
  readonly #claimed = new Uint8Array(plicSources + 1);
  readonly #contexts: readonly Context[];

  /** @param lines of each context, in their order: hart 0's M and S, hart 1's, … */
  constructor(lines: readonly Line[]) {
    this.#contexts = lines.map((line) => ({ line, enabled: new Uint8Array(plicSources + 1), threshold: 0 }));
  }

  /** The line of a source. */
  source(id: number): Line {
    return (level) => {
      this.#levels[id] = level ? 1 : 0;
      this.#forward(id);
    };
  }

  load(offset: number, width: Width): bigint {
    // Registers of 32 bits: a wider access is two, a narrower one takes a part.
    if (width === 64) return this.load(offset, 32) | (this.load(offset + 4, 32) << 32n);
    const register = offset & ~3;
    const context = this.#claiming(register);
    return partOf(BigInt(context === undefined ? this.#content(register) : this.#claim(context)), offset & 3, width);
  }

  store(offset: number, width: Width, value: bigint): void {
    if (width === 64) {
      this.store(offset, 32, value & 0xffffffffn);
      this.store(offset + 4, 32, value >> 32n);
      return;
    }
    const register = offset & ~3;
    const whole = withPart(BigInt(this.#content(register)), offset & 3, width, value);
    this.#write(register, Number(BigInt.asUintN(32, whole)));
  }

  reset(): void {
    for (const bits of [this.#priorities, this.#pending, this.#claimed]) bits.fill(0);
    for (const context of this.#contexts) {
      context.enabled.fill(0);
      context.threshold = 0;
    }
    this.#levels.forEach((_, id) => {
      this.#forward(id);
    });
    this.#settle();
  }

  save(): PlicState {
    return {
      priorities: encodeBase64(this.#priorities),
      levels: encodeBase64(this.#levels),
      pending: encodeBase64(this.#pending),
      claimed: encodeBase64(this.#claimed),
      enables: this.#contexts.map(({ enabled }) => encodeBase64(enabled)),
      thresholds: this.#contexts.map(({ threshold }) => threshold),
    };
  }

  restore(state: PlicState): void {
    if (state.thresholds.length !== this.#contexts.length) {
      throw new UsageError(
        `the saved PLIC has ${state.thresholds.length} contexts, this one ${this.#contexts.length}`,
        "Restore into a machine with as many harts.",
      );
    }
    this.#priorities.set(decodeBase64(state.priorities));
    this.#levels.set(decodeBase64(state.levels));
    this.#pending.set(decodeBase64(state.pending));
    this.#claimed.set(decodeBase64(state.claimed));
    this.#contexts.forEach((context, index) => {
      context.enabled.set(decodeBase64(state.enables[index] ?? ""));
      context.threshold = state.thresholds[index] ?? 0;
    });
    this.#settle();
  }

  /** The context whose claim/complete register this is. */
  #claiming(register: number): Context | undefined {
    const within = register - place.context;
    return within >= 0 && within % place.contextStride === 4
      ? this.#contexts[Math.floor(within / place.contextStride)]
      : undefined;
  }

  /** What a register holds; reading it so changes nothing. */
  #content(register: number): number {
    if (register < place.pending) return this.#priorities[register >> 2] ?? 0;
    if (register < place.enable) return wordOf(this.#pending, (register - place.pending) >> 2);
    if (register < place.context) {
      const within = register - place.enable;
      const context = this.#contexts[Math.floor(within / place.enableStride)];
      return context === undefined ? 0 : wordOf(context.enabled, (within % place.enableStride) >> 2);
    }
    const within = register - place.context;
    const context = this.#contexts[Math.floor(within / place.contextStride)];
    return within % place.contextStride === 0 ? (context?.threshold ?? 0) : 0;
  }

  #write(register: number, value: number): void {
    const claiming = this.#claiming(register);
    if (claiming !== undefined) {
      this.#complete(claiming, value);
      return;
    }
    if (register < place.pending) {
      const id = register >> 2;
      if (id >= 1 && id <= plicSources) this.#priorities[id] = value & priorityMask;
    } else if (register >= place.enable && register < place.context) {
      const within = register - place.enable;
      const context = this.#contexts[Math.floor(within / place.enableStride)];
      const first = 32 * ((within % place.enableStride) >> 2);
      for (let bit = 0; bit < 32 && context !== undefined; bit++) {
        const id = first + bit;
        if (id >= 1 && id <= plicSources) context.enabled[id] = (value >>> bit) & 1;
      }
    } else if (register >= place.context && (register - place.context) % place.contextStride === 0) {
      const context = this.#contexts[Math.floor((register - place.context) / place.contextStride)];
      if (context !== undefined) context.threshold = value & priorityMask;
    }
    this.#settle();
  }

  /** A gateway forwards a request when its line is up and no earlier one is under way (chapter "Interrupt Gateways"). */
  #forward(id: number): void {
    if (this.#levels[id] === 0 || this.#pending[id] === 1 || this.#claimed[id] === 1) return;
    this.#pending[id] = 1;
    this.#settle();
  }

  /** The pending source that a context has enabled, with the highest priority, the lowest number among equals; 0 for none. */
  #best({ enabled }: Context, above: number): number {
    let best = 0;
    let most = above;
    for (let id = 1; id <= plicSources; id++) {
      const priority = this.#priorities[id] ?? 0;
      if (this.#pending[id] === 1 && enabled[id] === 1 && priority > most) {
        best = id;
        most = priority;
      }
    }
    return best;
  }

  /** The threshold keeps a context from being told, not from claiming (chapter "Interrupt Claim Process"). */
  #claim(context: Context): number {
    const id = this.#best(context, 0);
    if (id === 0) return 0;
    this.#pending[id] = 0;
    this.#claimed[id] = 1;
    this.#settle();
    return id;
  }

  /** A completion of what the context has not enabled is ignored (chapter "Interrupt Completion"). */
  #complete({ enabled }: Context, id: number): void {
    if (id > plicSources || enabled[id] !== 1) return;
    this.#claimed[id] = 0;
    this.#forward(id);
  }

  #settle(): void {
    for (const context of this.#contexts) context.line(this.#best(context, context.threshold) !== 0);
  }
}

/** 32 sources' bits as a register has them. */
function wordOf(bits: Uint8Array, index: number): number {
  let word = 0;
  for (let bit = 0; bit < 32; bit++) word |= (bits[32 * index + bit] ?? 0) << bit;
  return word >>> 0;
}
