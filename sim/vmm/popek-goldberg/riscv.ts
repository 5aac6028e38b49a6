import { Rng, UsageError, withDefaults } from "../../core/index.js";
import { encode, type Instruction, type Isa, type Row } from "../../machine/index.js";
import { Examination, Run, type Dependence, type PgMode, type Verdict } from "./definitions.js";
import { RiscvModel, satps } from "./riscv-model.js";
import type { RiscvState } from "./riscv-state.js";
import { RiscvStates, soundConfiguration, type RiscvConfiguration } from "./riscv-states.js";

export interface RiscvOptions extends RiscvConfiguration {
  /** From how many base states each instruction is run; each gives up to eight runs. Default 40. */
  readonly samples: number;
  readonly seed: number;
}

export const riscvDefaults: RiscvOptions = { ...soundConfiguration, samples: 40, seed: 0 };

/** The numbers by which fields are drawn. */
type Draw = (field: string) => number;

/** One instruction as it is classified: CSR instructions once for each CSR, apart as they only read it or write it, too. */
interface Subject {
  readonly name: string;
  readonly group: string;
  readonly rows: readonly Row[];
  /** What fields have to be. */
  readonly fixed: Readonly<Record<string, number>>;
  /** Of CSR instructions: whether the operand has to be other than x0, or 0. */
  readonly writes?: boolean;
}

const csrRows = (isa: Isa): readonly Row[] => isa.rows.filter(({ format }) => format.fields.csr !== undefined);
const modeNames = ["unprivileged", "supervisor", "hypervisor", "machine"] as const;

function subjectsOf(isa: Isa, model: RiscvModel): readonly Subject[] {
  const accesses = csrRows(isa);
  const plain = isa.rows
    .filter((row) => !accesses.includes(row))
    .map((row): Subject => ({ name: row.name, group: row.extension, rows: [row], fixed: {} }));
  // Those that write whatever the operand is can't be used to read alone.
  const readers = accesses.filter(({ name }) => !/^csrrwi?$/.test(name));
  const csrs = model.csrs.flatMap(({ name, number }): Subject[] => {
    const group = `${modeNames[(number >> 8) & 3] ?? ""} CSRs`;
    const fixed = { csr: number };
    return [
      { name: `csrr ${name}`, group, rows: readers, fixed: { ...fixed, rs1: 0, imm: 0 } },
      { name: `csrw ${name}`, group, rows: accesses, fixed, writes: true },
    ];
  });
  return [...plain, ...csrs];
}

/** Registers that operands are drawn from: few, so that they are often the same. */
const registerNumbers = [0, 1, 5, 10, 11, 31] as const;

class Experiment {
  readonly #rng: Rng;
  readonly #model: RiscvModel;
  readonly #states: RiscvStates;

  constructor(model: RiscvModel, rng: Rng, configuration: RiscvConfiguration) {
    this.#rng = rng;
    this.#model = model;
    this.#states = new RiscvStates(
      rng,
      configuration,
      model.isa.rows.some(({ extension }) => extension === "H"),
    );
  }

  /** Runs the instruction from one state and those beside it that differ in the mode or in a part of R. */
  sample(subject: Subject, examination: Examination<RiscvState, Instruction>): void {
    const rng = this.#rng;
    const row = rng.choice(subject.rows);
    const fields = this.#fields(row, subject);
    const instruction = this.#model.decode(encode(row, fields));
    const state = this.#directed(this.#states.state(), row, fields);
    const run = (from: RiscvState, mode: PgMode): Run<RiscvState, Instruction> =>
      new Run(this.#model, instruction, { ...from, mode }, mode);
    const runs = { user: run(state, "user"), supervisor: run(state, "supervisor") };
    examination.compareModes(runs.user, runs.supervisor);
    const twins: [Dependence, RiscvState][] = [
      ["configuration", { ...state, configuration: this.#states.configuration() }],
      ["time", { ...state, time: this.#states.time() }],
    ];
    if (state.satp !== satps.off) twins.push(["location", { ...state, satp: satps.tables[1] }]);
    for (const [on, twin] of twins) {
      for (const mode of ["user", "supervisor"] as const) examination.compareResources(on, runs[mode], run(twin, mode));
    }
  }

  #fields(row: Row, { fixed, writes = false }: Subject): Record<string, number> {
    const rng = this.#rng;
    const register: Draw = () => rng.choice(registerNumbers);
    const fields: Record<string, number> = {};
    for (const [name, { signed, pieces, base }] of Object.entries(row.format.fields)) {
      const known = fixed[name];
      if (known !== undefined) fields[name] = known;
      else if (name === "imm") {
        const width = Math.max(...pieces.map(({ count, to }) => count + to));
        const step = 2 ** Math.min(...pieces.map(({ to }) => to));
        const drawn = rng.integer(2 ** width / step) * step;
        fields[name] = (signed && drawn >= 2 ** (width - 1) ? drawn - 2 ** width : drawn) + base;
      } else if (name === "rm") fields[name] = rng.integer(8);
      else fields[name] = register(name);
    }
    const operand = row.format.fields.rs1 === undefined ? "imm" : "rs1";
    if (writes && fields[operand] === 0 && !row.name.startsWith("csrrw")) fields[operand] = 1 + rng.integer(31);
    return fields;
  }

  /** Lets the first operand point into the window, and be reserved, in most states. */
  #directed(state: RiscvState, row: Row, fields: Readonly<Record<string, number>>): RiscvState {
    const rng = this.#rng;
    const base = fields["rs1"];
    if (base === undefined || base === 0 || fields["csr"] !== undefined || rng.integer(4) === 0) return state;
    const address = this.#states.address(state.satp);
    const offset = row.format.fields.imm === undefined ? 0 : (fields["imm"] ?? 0);
    state.registers[base] = BigInt.asIntN(64, address - BigInt(offset));
    return rng.integer(4) === 0 ? state : { ...state, reservation: address };
  }
}

/**
 * Classifies every instruction of an ISA by running it. What states have in common, firmware's choices, is `options`; they differ in
 * registers, memory's place, supervisor's and machine's CSRs, counters and mode. Nothing is proved: a sample may miss.
 * @throws UsageError for an option that isn't there, or makes no sense
 */
export function examineRiscv(isa: Isa, given?: Partial<RiscvOptions>): readonly Verdict[] {
  const options = withDefaults("classify", given, riscvDefaults);
  check(options);
  const model = new RiscvModel(isa);
  return subjectsOf(isa, model).map((subject) => {
    const rng = new Rng(options.seed, "classify", subject.name);
    const experiment = new Experiment(model, rng, options);
    const examination = new Examination<RiscvState, Instruction>();
    for (let sample = 0; sample < options.samples; sample++) experiment.sample(subject, examination);
    return examination.verdict(subject.name, subject.group, "sample");
  });
}

function check({ counters, floats, samples }: RiscvOptions): void {
  const among = (option: string, value: string, valid: readonly string[]): void => {
    if (!valid.includes(value))
      throw new UsageError(
        `classify: ${option} cannot be "${value}"`,
        `It is ${valid.map((v) => `"${v}"`).join(", ")}.`,
      );
  };
  among("counters", counters, ["trap", "allow"]);
  among("floats", floats, ["off", "dirty", "tracked"]);
  if (Number.isSafeInteger(samples) && samples >= 1) return;
  throw new UsageError(`classify cannot take ${samples} samples`, "Give a whole number from 1 on.");
}
