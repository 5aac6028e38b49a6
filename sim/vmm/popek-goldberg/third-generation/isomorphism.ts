import {
  invariant,
  Rng,
  UsageError,
  withDefaults,
  type GraphView,
  type GroupView,
  type TableView,
  type Viewable,
} from "../../../core/index.js";
import type { ThirdGeneration } from "./instructions.js";
import { boot, decode, encode, Hardware, operands, type Context, type Psw } from "./machine.js";
import { VirtualMachine, type MonitorKind } from "./monitor.js";

export interface IsomorphismOptions {
  /** How many random states. */
  readonly samples: number;
  readonly seed: number;
  /** How the guest is run: "trap-and-emulate" (theorem 1) or "hybrid" (theorem 3). */
  readonly monitor: MonitorKind;
}

/** A state of a machine: its storage, what its processor holds, and whether that runs. */
export interface GuestState {
  readonly storage: readonly number[];
  readonly context: Context;
  readonly running: boolean;
}

/** A state of the host: its storage and its processor, and what the monitor has on record of its guest. */
export interface HostState {
  readonly storage: readonly number[];
  readonly context: Context;
  readonly record: { readonly psw: Psw; readonly running: boolean };
}

/** Words of the guest's machine and of the host's, and where the guest's part begins. */
const guestWords = 32;
const hostWords = 80;
const base = 24;
/** What the host's own storage holds, so that a guest's store there would show. */
const guard = 0xbeef;

/** The guest's part of a host, empty. */
function createHost(isa: ThirdGeneration, monitor: MonitorKind): { hardware: Hardware; virtual: VirtualMachine } {
  const hardware = new Hardware(isa, hostWords);
  hardware.storage.fill(guard);
  return { hardware, virtual: new VirtualMachine(hardware, base, guestWords, monitor) };
}

/**
 * The map from states of the guest's machine to states of the host: storage goes to the guest's part of it, P and the
 * accumulator stay what they are, M becomes user, R is moved to that part and cut to it; the monitor records M and R.
 */
function phi({ storage, context, running }: GuestState): HostState {
  const whole = Array.from({ length: hostWords }, () => guard);
  storage.forEach((word, address) => {
    whole[base + address] = word;
  });
  const { psw, a } = context;
  const part: Psw = { mode: "user", p: psw.p, l: base + psw.l, b: Math.max(0, Math.min(psw.b, guestWords - psw.l)) };
  return { storage: whole, context: { psw: part, a }, record: { psw, running } };
}

/** e: one step of the guest's machine on its own: an instruction, or a trap. */
function step(isa: ThirdGeneration, { storage, context, running }: GuestState): GuestState {
  if (!running) return { storage, context, running };
  const machine = new Hardware(isa, guestWords);
  storage.forEach((word, address) => machine.write(address, word));
  const stop = boot(machine, context, 1);
  return { storage: machine.storage, context: stop.context, running: stop.kind !== "halted" };
}

/** e': the same step on the host, as the monitor takes it. */
function hostStep(isa: ThirdGeneration, { storage, record, context }: HostState, monitor: MonitorKind): HostState {
  if (!record.running) return { storage, record, context };
  const { hardware, virtual } = createHost(isa, monitor);
  storage.forEach((word, address) => hardware.write(address, word));
  const stop = boot(virtual, { psw: record.psw, a: context.a }, 1);
  return {
    storage: hardware.storage,
    context: { psw: virtual.allocate(stop.context.psw), a: stop.context.a },
    record: { psw: stop.context.psw, running: stop.kind !== "halted" },
  };
}

/** One square: a state, what e makes of it, and their images. */
export interface Square {
  readonly instruction: string;
  readonly guest: GuestState;
  readonly after: GuestState;
  /** φ(e(S)) and e'(φ(S)). */
  readonly image: HostState;
  readonly hosted: HostState;
  readonly commutes: boolean;
}

function randomState(rng: Rng, isa: ThirdGeneration): GuestState {
  const word = (): number => {
    const { name } = rng.choice(isa.instructions);
    // Instructions mostly, with operands that lie in storage mostly; else any word, small ones for PSWs among them.
    if (rng.integer(3) > 0) return encode(isa, name, rng.integer(rng.integer(8) === 0 ? operands : guestWords));
    return rng.integer(rng.integer(2) === 0 ? guestWords : 2 ** 16);
  };
  const l = rng.integer(guestWords);
  // R may reach behind the end of storage; P is within R mostly.
  const b = rng.integer(guestWords + 8);
  const p = rng.integer(8) === 0 ? rng.integer(guestWords) : rng.integer(Math.max(1, Math.min(b, guestWords - l)));
  return {
    storage: Array.from({ length: guestWords }, word),
    context: {
      psw: { mode: rng.choice(["user", "supervisor"] as const), p, l, b },
      a: rng.integer(4) === 0 ? 0 : rng.integer(2 ** 16),
    },
    running: true,
  };
}

function instructionAt(isa: ThirdGeneration, { storage, context: { psw } }: GuestState): string {
  const word = psw.p < psw.b ? storage[psw.l + psw.p] : undefined;
  if (word === undefined) return "(no fetch)";
  const instruction = decode(isa, word);
  return instruction === undefined ? "(no instruction)" : `${instruction.name} ${word % operands}`;
}

const same = (left: HostState, right: HostState): boolean => JSON.stringify(left) === JSON.stringify(right);

/** The commuting squares that were drawn. Shows itself as one of them, and a table of all by instructions. */
export class Isomorphism implements Viewable {
  readonly isa: ThirdGeneration;
  readonly squares: readonly Square[];
  readonly options: IsomorphismOptions;

  constructor(isa: ThirdGeneration, squares: readonly Square[], options: IsomorphismOptions) {
    this.isa = isa;
    this.squares = squares;
    this.options = options;
  }

  /** Whether φ(e(S)) = e'(φ(S)) in every state that was tried. */
  get commutes(): boolean {
    return this.failures.length === 0;
  }

  get failures(): readonly Square[] {
    return this.squares.filter(({ commutes }) => !commutes);
  }

  /** The map φ: the host's state that stands for one of the guest's. */
  phi(state: GuestState): HostState {
    return phi(state);
  }

  /** e: what one step of the guest's machine makes of a state. */
  step(state: GuestState): GuestState {
    return step(this.isa, state);
  }

  /** e': what the host and its monitor make of a state that stands for the guest's. */
  hostStep(state: HostState): HostState {
    return hostStep(this.isa, state, this.options.monitor);
  }

  /** A square as it is drawn in the paper: the first that fails, or the first there is. */
  square(index?: number): GraphView {
    const chosen = index === undefined ? (this.failures[0] ?? this.squares[0]) : this.squares[index];
    if (chosen === undefined) {
      throw new UsageError(`there is no square ${index ?? 0}`, `There are ${this.squares.length}, from 0.`);
    }
    const { instruction, guest, after, image, hosted, commutes } = chosen;
    const nodes: GraphView["nodes"] = [
      { id: "S", label: `S: ${contextText(guest.context)}`, role: "guest" },
      {
        id: "e(S)",
        label: `e(S): ${contextText(after.context)}${changes(guest.storage, after.storage)}`,
        role: "guest",
      },
      { id: "φ(S)", label: `φ(S): ${hostText(phi(guest))}`, role: "host" },
      {
        id: "φ(e(S))",
        label: `φ(e(S)): ${hostText(image)}${changes(phi(guest).storage, image.storage)}`,
        role: "host",
      },
    ];
    const apart: GraphView["nodes"][number] = {
      id: "e'(φ(S))",
      label: `e'(φ(S)): ${hostText(hosted)}${changes(phi(guest).storage, hosted.storage)}`,
      role: "fault",
    };
    const end = commutes ? "φ(e(S))" : apart.id;
    return {
      as: "graph",
      title: commutes
        ? `Both ways around lead to one state: ${instruction}`
        : `The square does not close: ${instruction}`,
      caption: this.#caption(),
      nodes: commutes ? nodes : [...nodes, apart],
      edges: [
        { from: "S", to: "e(S)", label: `e: ${instruction}` },
        { from: "S", to: "φ(S)", label: "φ" },
        { from: "e(S)", to: "φ(e(S))", label: "φ" },
        { from: "φ(S)", to: end, label: "e'" },
      ],
    };
  }

  /** How many squares were drawn for each instruction and mode, and how many close. */
  table(): TableView {
    const counted = new Map<string, { instruction: string; mode: string; squares: number; commute: number }>();
    for (const { instruction, guest, commutes } of this.squares) {
      const name = instruction.startsWith("(") ? instruction : (instruction.split(" ")[0] ?? "");
      const { mode } = guest.context.psw;
      const row = counted.get(`${name} ${mode}`) ?? { instruction: name, mode, squares: 0, commute: 0 };
      counted.set(`${name} ${mode}`, row);
      row.squares++;
      if (commutes) row.commute++;
    }
    return {
      as: "table",
      title: this.commutes ? "φ(e(S)) = e'(φ(S)) in every state tried" : "φ(e(S)) ≠ e'(φ(S)) in some states",
      columns: [
        { key: "instruction" },
        { key: "mode", label: "guest's mode" },
        { key: "squares", label: "states" },
        { key: "commute", label: "that commute" },
      ],
      rows: [...counted.keys()].sort().map((key) => {
        const row = counted.get(key);
        invariant(row !== undefined, "a row that was counted");
        return { ...row };
      }),
      caption: this.#caption(),
    };
  }

  view(): GroupView {
    return { as: "group", views: [this.square(), this.table()] };
  }

  #caption(): string {
    const { samples, seed, monitor } = this.options;
    return `${this.isa.name}, ${monitor}; ${samples} random states, seed ${seed}; the guest's ${guestWords} words lie at ${base} of ${hostWords}`;
  }
}

const pswText = ({ mode, p, l, b }: Psw): string => `M ${mode}, P ${p}, R (${l}, ${b})`;
const contextText = ({ psw, a }: Context): string => `${pswText(psw)}, a ${a}`;
const hostText = ({ context, record }: HostState): string =>
  `${contextText(context)}; on record: ${pswText(record.psw)}${record.running ? "" : ", halted"}`;

function changes(before: readonly number[], after: readonly number[]): string {
  const changed = after.flatMap((word, address) => (word === before[address] ? [] : [`E[${address}] ${word}`]));
  return changed.length === 0 ? "" : `, ${changed.join(", ")}`;
}

/**
 * The isomorphism that a monitor constructs, made explicit and checked: φ maps a guest's state to the host's, e is a step of the
 * guest's machine, e' what the host and its monitor do for it. φ(e(S)) = e'(φ(S)) is compared in whole, the host's storage outside of the
 * guest's part included, from random states S that reach traps, bounds and privileged instructions.
 * @throws UsageError for an option that isn't there
 */
export function isomorphism(isa: ThirdGeneration, given?: Partial<IsomorphismOptions>): Isomorphism {
  const options = withDefaults<IsomorphismOptions>("isomorphism", given, {
    samples: 2000,
    seed: 0,
    monitor: "trap-and-emulate",
  });
  if (!(Number.isSafeInteger(options.samples) && options.samples >= 1)) {
    throw new UsageError(`isomorphism cannot take ${options.samples} samples`, "Give a whole number from 1 on.");
  }
  if (!["trap-and-emulate", "hybrid"].includes(options.monitor)) {
    throw new UsageError(`there is no monitor "${options.monitor}"`, 'It is "trap-and-emulate" or "hybrid".');
  }
  const rng = new Rng(options.seed, "isomorphism");
  const squares = Array.from({ length: options.samples }, (): Square => {
    const guest = randomState(rng, isa);
    const after = step(isa, guest);
    const image = phi(after);
    const hosted = hostStep(isa, phi(guest), options.monitor);
    return { instruction: instructionAt(isa, guest), guest, after, image, hosted, commutes: same(image, hosted) };
  });
  return new Isomorphism(isa, squares, options);
}
