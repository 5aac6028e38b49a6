/** Labels that an axis has room for. */
const most = 12;

/** From the first multiple of `step` at or above `low` to the last at or below `high`. */
function multiples(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Round numbers (1, 2 or 5 times a power of ten) between two bounds, about `count` of them. */
export function ticks(low: number, high: number, count = 5): number[] {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((f) => f * power >= rough * 0.999) ?? 10;
  return multiples(low, high, factor * power);
}

/**
 * Where a logarithmic axis from `low` to `high` (both positive) has its ticks: at powers of the base, fewer of them over
 * many decades, with their multiples by 2 and 5 over few, and at round numbers within one.
 */
export function logTicks(low: number, high: number, base: 2 | 10): number[] {
  const log = base === 2 ? Math.log2 : Math.log10;
  const exponents = log(high) - log(low);
  if (base === 10 && exponents < 1) return ticks(low, high).filter((value) => value > 0);
  const powers = multiples(log(low), log(high), Math.ceil(exponents / most)).map((exponent) => base ** exponent);
  if (base === 2 || exponents >= 3) return powers;
  const from = 10 ** Math.floor(log(low));
  const decades = Array.from({ length: Math.ceil(exponents) + 2 }, (_, i) => from * 10 ** i);
  const fine = decades.flatMap((power) => [power, 2 * power, 5 * power]).map((value) => Number(value.toPrecision(12)));
  return fine.filter((value) => value >= low && value <= high);
}
