import { init } from "z3-solver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createDecoder,
  encode,
  evaluate,
  rv64,
  type Effect,
  type HartState,
  type Isa,
  type Row,
} from "../../../../sim/machine/index.js";
import { classify, smt, theorems } from "../../../../sim/vmm/index.js";
import { smtRegisters } from "../../../../sim/vmm/popek-goldberg/smt.js";
import { key } from "./key.js";

let z3: Awaited<ReturnType<typeof init>>;

beforeAll(async () => {
  z3 = await init();
});

afterAll(() => {
  // Else its threads keep the process.
  (z3.em as Threads).PThread.terminateAllThreads();
});

/** What its module of WebAssembly has. */
interface Threads {
  readonly PThread: { terminateAllThreads(): void };
}

/**
 * What the solver answers to each question. Not by `eval_smtlib2_string`, which hands its thread a text on a stack that the main
 * thread goes on using.
 */
async function ask(questions: readonly string[]): Promise<readonly string[]> {
  const { Z3 } = z3;
  const context = Z3.mk_context(Z3.mk_config());
  const answers: string[] = [];
  const words = new Map<number, string>([
    [-1, "unsat"],
    [1, "sat"],
  ]);
  for (const question of questions) {
    const solver = Z3.mk_simple_solver(context);
    Z3.solver_inc_ref(context, solver);
    Z3.solver_from_string(context, solver, question);
    const answer = await Z3.solver_check(context, solver);
    answers.push(words.get(answer) ?? "unknown");
    Z3.solver_dec_ref(context, solver);
  }
  Z3.del_context(context);
  return answers;
}

const answersFor = (isa: Isa, names: readonly string[]): Promise<readonly string[]> =>
  ask(names.map((name) => smt(isa, name)));

/** The innocuous instructions of the key that are no accesses to CSRs. */
const innocuous = Object.keys(key).filter((name) => key[name] === "innocuous" && rv64.has(name));

describe("a solver", { timeout: 120_000 }, () => {
  test("proves every innocuous instruction so, for all states", async () => {
    expect(innocuous).toHaveLength(149);
    const answers = await answersFor(rv64, innocuous);
    expect(innocuous.filter((_, index) => answers[index] !== "unsat")).toEqual([]);
    const proved = classify(rv64, { samples: 4 }).proved(innocuous);
    expect(proved.table({ containing: "amoadd.d" }).rows[0]?.["certainty"]).toBe("proved by a solver");
    // The CSRs' instructions are still of a sample.
    expect(theorems(proved).first.proved).toBe(false);
  });

  test("finds states for those that are sensitive, and for mistakes that are planted", async () => {
    const flawed = rv64.with("probe-in-real-mode").with("return-to-user-without-trap");
    expect(await answersFor(flawed, ["probe", "jrst1"])).toEqual(["sat", "sat"]);
    const mistaken = rv64.with(
      "mutant",
      { ...rv64.row("ld"), meaning: flawed.row("probe").meaning },
      { ...rv64.row("add"), meaning: flawed.row("jrst1").meaning },
    );
    expect(await answersFor(mistaken, ["ld", "add", "sub"])).toEqual(["sat", "sat", "unsat"]);
  });

  test("is asked of the arithmetic that the evaluator does", async () => {
    const rows = rv64.rows.filter(isArithmetic);
    expect(rows.length).toBeGreaterThan(35);
    const answers = await ask(rows.map(otherResult));
    expect(rows.filter((_, index) => answers[index] !== "unsat").map(({ name }) => name)).toEqual([]);
    // That a wrong result would show.
    const [add, sub] = [rv64.row("add"), rv64.row("sub")];
    expect(await ask([otherResult({ ...sub, name: "add" })])).toEqual(["sat"]);
    expect(await ask([otherResult(add)])).toEqual(["unsat"]);
  });
});

test("what the hart does beyond the meaning is not asked for", () => {
  expect(() => smt(rv64, "sret")).toThrow(/returnFromSupervisor/);
  expect(() => smt(rv64, "ad")).toThrow(/no instruction "ad"/);
  expect(() => classify(rv64, { samples: 4 }).proved(["sret"])).toThrow(/was seen to be sensitive/);
});

/** Whether it sets a register to what it computes of its operands, and nothing else. */
const isArithmetic = ({ meaning, extension }: Row): boolean =>
  (extension === "I" || extension === "M") &&
  meaning.length === 1 &&
  meaning.every(({ kind }: Effect) => kind === "set");

const most = 2n ** 63n;
const operands: readonly (readonly [bigint, bigint])[] = [
  [0n, 0n],
  [-most, -1n],
  [-7n, 2n],
  [7n, 0n],
  [0x1234_5678_9abc_def0n, -0x0fed_cba9_8765_4321n],
  [-1n, 2n ** 31n],
  [most - 1n, 63n],
];

const hex = (value: bigint): string => `#x${BigInt.asUintN(64, value).toString(16).padStart(16, "0")}`;

/** Asks for operands of which a row's name gives another result by `smt` than its meaning by the evaluator. */
function otherResult(row: Row): string {
  const imm = row.format.fields.imm === undefined ? 0 : row.format.name === "U" ? 0x12345 * 4096 : 21;
  const known = (name: string, sort: string, value: string): string => `(define-fun ${name} () ${sort} ${value})`;
  const registers = "(Array (_ BitVec 5) (_ BitVec 64))";
  const numbers = { rd: "#b00011", rs1: "#b00001", rs2: "#b00010" };
  const values = { pc: 0x1000n, length: 4n, imm: BigInt(imm) };
  const cases = operands.map(([a, b]) => {
    const x = `(store (store ((as const ${registers}) ${hex(0n)}) rs1 ${hex(a)}) rs2 ${hex(b)})`;
    return `(let ((x ${x})) (distinct (select ${smtRegisters(rv64, row.name)} rd) ${hex(evaluated(row, imm, a, b))}))`;
  });
  return [
    ...Object.entries(numbers).map(([name, value]) => known(name, "(_ BitVec 5)", value)),
    ...Object.entries(values).map(([name, value]) => known(name, "(_ BitVec 64)", hex(value))),
    `(assert (or ${cases.join(" ")}))`,
  ].join("\n");
}

/** What the evaluator leaves in x3 for x1 and x2. */
function evaluated(row: Row, imm: number, a: bigint, b: bigint): bigint {
  const x = new BigInt64Array(32);
  x.set([0n, a, b]);
  const none = (): never => {
    throw new Error("it computes, and nothing else");
  };
  const hart: HartState = {
    x,
    pc: 0x1000n,
    f: new BigInt64Array(32),
    roundingMode: 0,
    raise: none,
    load: none,
    store: none,
    loadToStore: none,
    call: none,
  };
  const instruction = createDecoder(rv64)(encode(rv64.row("add"), { rd: 3 }));
  if (instruction === undefined) throw new Error("there is no add");
  evaluate(hart, { ...instruction, row, fields: { ...instruction.fields, rd: 3, rs1: 1, rs2: 2, imm } });
  return x[3] ?? 0n;
}
