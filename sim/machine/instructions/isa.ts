import { invariant, nearest, UsageError } from "../../core/index.js";
import { atomics } from "./atomic.js";
import { compressed } from "./compressed.js";
import { flawOf, type UserCsr } from "./flaws.js";
import { floatingPoint } from "./floating-point.js";
import { hypervisor } from "./hypervisor.js";
import { integer } from "./integer.js";
import { multiplication } from "./multiply.js";
import type { Row, ShortRow } from "./row.js";
import { system } from "./system.js";

/** A set of instructions, each with its one meaning: what every engine, the assembler and the classifier read. */
export class Isa {
  /** As in RISC-V's naming convention: `rv64imac_zicsr_zifencei`. */
  readonly name: string;
  readonly rows: readonly Row[];
  readonly shortRows: readonly ShortRow[];
  /** CSRs that user mode gets at against the rules: none but in a flawed ISA. */
  readonly userCsrs: readonly UserCsr[];
  readonly #byName: ReadonlyMap<string, Row>;

  constructor(name: string, rows: readonly Row[], shortRows: readonly ShortRow[], userCsrs: readonly UserCsr[] = []) {
    this.name = name;
    this.rows = rows;
    this.#byName = new Map(rows.map((row) => [row.name, row]));
    invariant(this.#byName.size === rows.length, `${name} has two rows of one name`);
    this.userCsrs = userCsrs;
    this.shortRows = shortRows.filter(({ means }) => this.#byName.has(means));
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /**
   * The row of that name.
   * @throws UsageError that names the nearest one there is
   */
  row(name: string): Row {
    const row = this.#byName.get(name);
    if (row !== undefined) return row;
    const near = nearest(name, [...this.#byName.keys()]);
    throw new UsageError(`${this.name} has no instruction "${name}"`, `The nearest one it has is "${near ?? ""}".`);
  }

  /**
   * A variant to experiment on: this ISA with rows added, or put in the place of those with the same name. Without rows,
   * `name` is a flaw's, and the variant's name has it behind this one's.
   * @throws UsageError for no rows and no flaw's name, naming the nearest
   */
  with(name: string, ...changed: readonly Row[]): Isa {
    if (changed.length > 0) return this.#with(name, changed, []);
    const flaw = flawOf(name);
    return this.#with(`${this.name} ${name}`, flaw.rows, flaw.userCsrs);
  }

  #with(name: string, changed: readonly Row[], userCsrs: readonly UserCsr[]): Isa {
    const names = new Set(changed.map((row) => row.name));
    const rows = [...this.rows.filter((row) => !names.has(row.name)), ...changed];
    return new Isa(name, rows, this.shortRows, [...this.userCsrs, ...userCsrs]);
  }
}

export const rv64: Isa = new Isa(
  "rv64imafdc_zicsr_zifencei",
  [...integer, ...multiplication, ...atomics, ...floatingPoint, ...system],
  compressed,
);

/** The same with the hypervisor extension (privileged ISA, "Extension for Hypervisor Support", version 1.0). */
export const rv64h: Isa = rv64.with("rv64imafdch_zicsr_zifencei", ...hypervisor);
