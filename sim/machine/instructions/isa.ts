import { invariant, nearest, UsageError } from "../../core/index.js";
import { atomics } from "./atomic.js";
import { compressed } from "./compressed.js";
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
  readonly #byName: ReadonlyMap<string, Row>;

  constructor(name: string, rows: readonly Row[], shortRows: readonly ShortRow[]) {
    this.name = name;
    this.rows = rows;
    this.#byName = new Map(rows.map((row) => [row.name, row]));
    invariant(this.#byName.size === rows.length, `${name} has two rows of one name`);
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

  /** This ISA with rows added, or put in the place of those with the same name: a variant to experiment on. */
  with(name: string, ...changed: readonly Row[]): Isa {
    const names = new Set(changed.map((row) => row.name));
    return new Isa(name, [...this.rows.filter((row) => !names.has(row.name)), ...changed], this.shortRows);
  }
}

export const rv64: Isa = new Isa(
  "rv64imafdc_zicsr_zifencei",
  [...integer, ...multiplication, ...atomics, ...floatingPoint, ...system],
  compressed,
);

/** The same with the hypervisor extension (privileged ISA, "Extension for Hypervisor Support", version 1.0). */
export const rv64h: Isa = rv64.with("rv64imafdch_zicsr_zifencei", ...hypervisor);
