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

const superscripts: Readonly<Record<string, string>> = {
  "-": "⁻",
  0: "⁰",
  1: "¹",
  2: "²",
  3: "³",
  4: "⁴",
  5: "⁵",
  6: "⁶",
  7: "⁷",
  8: "⁸",
  9: "⁹",
};

/** A tick's label: 20,000 in full, 2×10⁶ beyond a million. */
export function tickLabel(value: number): string {
  const magnitude = Math.abs(value);
  if (value === 0 || (magnitude >= 1e-4 && magnitude < 1e6)) {
    const [whole = "", rest] = formatNumber(value).split(".");
    const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
    return rest === undefined ? grouped : `${grouped}.${rest}`;
  }
  const [mantissa = "", exponent = ""] = value.toExponential(5).split("e");
  const power = exponent.replace("+", "").replace(/./g, (c) => superscripts[c] ?? c);
  const factor = formatNumber(Number(mantissa));
  return factor === "1" ? `10${power}` : `${factor}×10${power}`;
}
