/** A number, or a part of `total` in per cent (apimachinery, `GetScaledValueFromIntOrPercent`). */
export function part(value: number | string | undefined, total: number, round: (value: number) => number): number {
  if (typeof value !== "string") return value ?? 0;
  return round((Number(value.replace("%", "")) * total) / 100);
}
