import { nearest, UsageError, type TableView } from "../../core/index.js";

/** One figure that a run gave. */
export interface Counter {
  readonly name: string;
  readonly value: number;
  /** As printed behind the value; empty for a pure number. */
  readonly unit: string;
  /** What exactly was counted. */
  readonly meaning: string;
}

export const counter = (name: string, value: number, unit: string, meaning: string): Counter => ({
  name,
  value,
  unit,
  meaning,
});

/** @returns a quotient; 0 where nothing was counted */
export const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** @throws UsageError for a name that none has, with the nearest */
export function valueOf(counters: readonly Counter[], name: string): number {
  const found = counters.find((candidate) => candidate.name === name);
  if (found !== undefined) return found.value;
  const names = counters.map((candidate) => candidate.name);
  throw new UsageError(`nothing counts "${name}"`, `Did you mean "${nearest(name, names) ?? ""}"?`);
}

export function countersView(title: string, counters: readonly Counter[]): TableView {
  return {
    as: "table",
    title,
    columns: [{ key: "name", label: "counter" }, { key: "value" }, { key: "unit" }, { key: "meaning" }],
    rows: counters.map(({ name, value, unit, meaning }) => ({ name, value: rounded(value), unit, meaning })),
  };
}

/** To four digits where it is a fraction. */
export const rounded = (value: number): number => (Number.isInteger(value) ? value : Number(value.toPrecision(4)));
