import { UsageError } from "../../core/index.js";
import type { Effect, Field, Isa, Term, Width } from "../../machine/index.js";
import { number, smtTerm, truth, word, type TermScope } from "./smt-term.js";

/** The parts of a state, as SMT-LIB terms: those of E and P, then those of M and R. */
interface SmtState {
  /** Registers by numbers of 5 bits. */
  readonly x: string;
  readonly f: string;
  readonly fflags: string;
  /** Where LR reserved, and whether it has. */
  readonly reserved: string;
  readonly reservation: string;
  /** Bytes by physical addresses. */
  readonly memory: string;
  readonly pc: string;
  /** Whether the mode is U. */
  readonly user: string;
}

const parts = ["x", "f", "fflags", "reserved", "reservation", "memory", "pc", "user"] as const;

const registerFields: ReadonlySet<Field> = new Set(["rd", "rs1", "rs2", "frd", "frs1", "frs2", "frs3"]);
const isFloat = (field: Field): boolean => field.startsWith("f");

/** An instruction's effects on one of the two states, as terms. */
class SmtExecution {
  state: SmtState;
  /** Under which conditions it completes: those that are none of the mode's or the location's doing are the same for both. */
  readonly completes: string[] = [];
  readonly declarations: Set<string> = new Set();
  readonly #base: string;
  readonly #user: string;
  #variables = new Map<string, string>();

  /** @param side tells the two states apart */
  constructor(side: 1 | 2) {
    this.#base = `base${side}`;
    this.#user = `user${side}`;
    this.state = {
      x: "x",
      f: "f",
      fflags: "fflags",
      reserved: "reserved",
      reservation: "reservation",
      // What lies at a physical address is what the program has where it sees that.
      memory: `(lambda ((p (_ BitVec 64))) (select e (bvsub p ${this.#base})))`,
      pc: "(bvadd pc length)",
      user: this.#user,
    };
  }

  perform(effects: readonly Effect[]): void {
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case "set": {
        const { field } = effect;
        const value = this.#term(effect.value);
        if (field === "frd") this.#change({ f: `(store ${this.state.f} frd ${value})` });
        else this.#change({ x: `(ite (= rd #b00000) ${this.state.x} (store ${this.state.x} rd ${value}))` });
        return;
      }
      case "load":
        this.#variables.set(effect.name, this.#load(effect.address, effect.width, effect.signed));
        return;
      case "store":
        this.#store(effect.address, effect.width, effect.value);
        return;
      case "exchange":
        this.#variables.set(effect.name, this.#load(effect.address, effect.width, true));
        this.#store(effect.address, effect.width, effect.value);
        return;
      case "float": {
        const name = `${effect.operation}${effect.width}`;
        const arguments_ = ["rounding", ...effect.operands.map((operand) => this.#term(operand))].join(" ");
        // Of what it computes, it matters alone that it does so from its operands.
        const sorts = `(_ BitVec 3)${" (_ BitVec 64)".repeat(effect.operands.length)}`;
        this.declarations.add(`(declare-fun ${name} (${sorts}) (_ BitVec 64))`);
        this.declarations.add(`(declare-fun ${name}Flags (${sorts}) (_ BitVec 5))`);
        this.completes.push("(bvult rounding #b101)");
        this.#variables.set(effect.name, `(${name} ${arguments_})`);
        this.#change({ fflags: `(bvor ${this.state.fflags} (${name}Flags ${arguments_}))` });
        return;
      }
      case "jump":
        this.#change({ pc: this.#term(effect.target) });
        return;
      case "when":
        this.#when(truth(this.#term(effect.condition)), effect.effects);
        return;
      case "call":
        this.#call(effect);
    }
  }

  #when(condition: string, effects: readonly Effect[]): void {
    const before = this.state;
    const variables = new Map(this.#variables);
    const conditions = this.completes.length;
    this.perform(effects);
    const inside = this.completes.splice(conditions);
    this.completes.push(...inside.map((completes) => `(=> ${condition} ${completes})`));
    const merged = parts.map((part) => [part, this.#either(condition, this.state[part], before[part])]);
    this.state = Object.fromEntries(merged) as Record<(typeof parts)[number], string>;
    for (const [name, value] of this.#variables)
      this.#variables.set(name, this.#either(condition, value, variables.get(name) ?? word(0n)));
  }

  #either(condition: string, yes: string, no: string): string {
    return yes === no ? yes : `(ite ${condition} ${yes} ${no})`;
  }

  #call({ routine, operands, name }: Effect & { readonly kind: "call" }): void {
    const [first = word(0n), second = word(0n)] = operands.map((operand) => this.#term(operand));
    const answer = (value: string): void => {
      if (name !== undefined) this.#variables.set(name, value);
    };
    switch (routine) {
      case "useFloats":
      case "fenceInstructions":
        return;
      case "reserve":
        this.completes.push(`(= (bvand ${first} (bvsub ${second} ${word(1n)})) ${word(0n)})`);
        this.#change({ reserved: "true", reservation: first });
        answer(word(0n));
        return;
      case "takeReservation":
        this.completes.push(`(= (bvand ${first} (bvsub ${second} ${word(1n)})) ${word(0n)})`);
        answer(number(`(and ${this.state.reserved} (= ${this.state.reservation} ${first}))`));
        this.#change({ reserved: "false" });
        return;
      case "probeAddress":
        this.declarations.add("(declare-fun accessible (Bool (_ BitVec 64) (_ BitVec 64)) Bool)");
        answer(number(`(accessible ${this.state.user} ${this.#base} ${first})`));
        return;
      case "returnToUser":
        this.#change({ user: "true" });
        answer(`(bvand ${first} ${word(-2n)})`);
        return;
      case "environmentCall":
      case "breakpoint":
        this.completes.push("false");
        answer(word(0n));
        return;
      case "writeCsr":
      case "setCsr":
      case "clearCsr":
      case "returnFromMachine":
      case "returnFromSupervisor":
      case "returnOrJump":
      case "waitForInterrupt":
      case "waitOrPass":
      case "fenceAddresses":
      case "fenceGuestAddresses":
      case "fenceGuestPages":
      case "loadGuest":
      case "storeGuest":
        throw new UsageError(
          `what ${routine} does is not in an instruction's meaning but in the hart`,
          "Ask for an instruction that calls nothing of the hart: add, ld, fadd.d. classify runs the others.",
        );
    }
  }

  #change(changed: Partial<SmtState>): void {
    this.state = { ...this.state, ...changed };
  }

  #load(address: Term, width: Width, signed: boolean): string {
    const at = this.#term(address);
    const { memory } = this.state;
    const bytes = Array.from({ length: width / 8 }, (_, index) => `(select ${memory} ${this.#place(at, index)})`);
    const value = bytes.length === 1 ? (bytes[0] ?? "") : `(concat ${bytes.reverse().join(" ")})`;
    return width === 64 ? value : `((_ ${signed ? "sign" : "zero"}_extend ${64 - width}) ${value})`;
  }

  #store(address: Term, width: Width, value: Term): void {
    const at = this.#term(address);
    const stored = this.#term(value);
    let { memory } = this.state;
    for (let index = 0; index < width / 8; index++)
      memory = `(store ${memory} ${this.#place(at, index)} ((_ extract ${8 * index + 7} ${8 * index}) ${stored}))`;
    this.#change({ memory });
  }

  /** The physical address of a byte. */
  #place(address: string, index: number): string {
    return `(bvadd ${address} ${word(BigInt(index))} ${this.#base})`;
  }

  readonly #scope: TermScope = {
    field: (field) => (registerFields.has(field) ? `((_ zero_extend 59) ${field})` : field),
    register: (field) =>
      isFloat(field)
        ? `(select ${this.state.f} ${field})`
        : `(ite (= ${field} #b00000) ${word(0n)} (select ${this.state.x} ${field}))`,
    variable: (name) => this.#variables.get(name) ?? word(0n),
  };

  #term(term: Term): string {
    return smtTerm(term, this.#scope);
  }
}

const header = [
  "(declare-const x (Array (_ BitVec 5) (_ BitVec 64)))",
  "(declare-const f (Array (_ BitVec 5) (_ BitVec 64)))",
  "(declare-const e (Array (_ BitVec 64) (_ BitVec 8)))",
  "(declare-const fflags (_ BitVec 5))",
  "(declare-const rounding (_ BitVec 3))",
  "(declare-const reserved Bool)",
  "(declare-const reservation (_ BitVec 64))",
  "(declare-const pc (_ BitVec 64))",
  "(declare-const length (_ BitVec 64))",
  ...["rd", "rs1", "rs2", "frd", "frs1", "frs2", "frs3"].map((field) => `(declare-const ${field} (_ BitVec 5))`),
  "(declare-const imm (_ BitVec 64))",
  ...[1, 2].flatMap((side) => [`(declare-const user${side} Bool)`, `(declare-const base${side} (_ BitVec 64))`]),
  "(declare-const place (_ BitVec 64))",
];

/** The registers behind an instruction, as a term: for a test of what `smt` takes the operators to mean. */
export function smtRegisters(isa: Isa, instruction: string): string {
  const execution = new SmtExecution(1);
  execution.perform(isa.row(instruction).meaning);
  return execution.state.x;
}

/**
 * The question whether an instruction is sensitive, as SMT-LIB 2 text for a solver: are there two states that agree in E and P, in any
 * two modes and at any two places of memory, from which it completes with other results or with the mode changed? `unsat` proves
 * it innocuous, for all operands. Its meaning is compiled as it stands; floating-point operations are functions of their
 * operands of which nothing more is known.
 *
 * Simplifications: translation is relocation by any number; accesses succeed, as the definitions leave memory traps aside; FS is Dirty.
 * @throws UsageError for an instruction that the ISA hasn't, or that asks the hart for more than its meaning says
 */
export function smt(isa: Isa, instruction: string): string {
  const { meaning } = isa.row(instruction);
  const [left, right] = [new SmtExecution(1), new SmtExecution(2)];
  for (const execution of [left, right]) execution.perform(meaning);
  const apart = (["x", "f", "fflags", "reserved", "reservation", "pc"] as const)
    .filter((part) => left.state[part] !== right.state[part])
    .map((part) => `(distinct ${left.state[part]} ${right.state[part]})`);
  const seen = ([execution, base]: readonly [SmtExecution, string]): string =>
    `(select ${execution.state.memory} (bvadd place ${base}))`;
  const wrong = [
    ...apart,
    `(distinct ${seen([left, "base1"])} ${seen([right, "base2"])})`,
    `(distinct user1 ${left.state.user})`,
    `(distinct user2 ${right.state.user})`,
  ];
  return [
    ...header,
    ...new Set([...left.declarations, ...right.declarations]),
    ...[...left.completes, ...right.completes].map((condition) => `(assert ${condition})`),
    `(assert (or ${wrong.join("\n  ")}))`,
    "(check-sat)",
    "",
  ].join("\n");
}
