import type { Axis, Value } from "../../../sim/core/index.js";

/** A number as a person reads it: whole numbers in full, others to `digits` significant digits. */
export function formatNumber(value: number, digits = 6): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  return String(Number(value.toPrecision(digits)));
}

/** A cell of a table as text. Empty for null and for what the row lacks. */
export function formatValue(value: Value | undefined): string {
  if (value === null || value === undefined) return "";
  return typeof value === "number" ? formatNumber(value) : String(value);
}

/** "latency (ms)", and "runs" for a pure number. */
export function withUnit(label: string, unit: string | undefined): string {
  return unit === undefined || unit === "" ? label : `${label} (${unit})`;
}

export const axisTitle = (axis: Axis): string => withUnit(axis.label, axis.unit);
