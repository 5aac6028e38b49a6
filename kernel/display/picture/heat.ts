import type { HeatView } from "../../../sim/core/index.js";

/**
 * Viridis (Smith and van der Walt 2015) at nine even steps: it grows lighter evenly, in grey as well, and reads the same
 * under each kind of colour blindness.
 */
export const viridis: readonly string[] = [
  "#440154",
  "#472D7B",
  "#3B528B",
  "#2C728E",
  "#21918C",
  "#28AE80",
  "#5EC962",
  "#ADDC30",
  "#FDE725",
];

/** What the two pictures of a heat map share. */
export interface HeatScale {
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  /** The values that the colours stand for, in the order of the colours; null where there is no value. */
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  /** A value's place between the lowest (0) and the highest (1); null where it isn't drawn. */
  readonly place: (value: number | null | undefined) => number | null;
}

export function heatScale(view: HeatView): HeatScale {
  const log = view.value.scale === "log";
  let low = Infinity;
  let high = -Infinity;
  let across = 0;
  for (const row of view.values) {
    across = Math.max(across, row.length);
    for (const value of row) {
      if (value === null || !Number.isFinite(value) || (log && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  const named = (names: readonly (string | number)[] | undefined, count: number): string[] =>
    Array.from({ length: count }, (_, i) => String(names?.[i] ?? i));
  const bend = (value: number): number => (log ? Math.log(value) : value);
  return {
    columns: named(view.columns, across),
    rows: named(view.rows, view.values.length),
    low,
    high,
    log,
    place: (value) => {
      if (value === null || value === undefined || !Number.isFinite(value) || (log && value <= 0)) return null;
      return high > low ? (bend(value) - bend(low)) / (bend(high) - bend(low)) : 0.5;
    },
  };
}

/** The colour at a place from 0 to 1, blended linearly between the steps. */
export function heatColour(place: number): string {
  const at = Math.min(1, Math.max(0, place)) * (viridis.length - 1);
  const from = viridis[Math.floor(at)] ?? "";
  const to = viridis[Math.ceil(at)] ?? "";
  const mixed = [1, 3, 5].map((i) => {
    const [a, b] = [parseInt(from.slice(i, i + 2), 16), parseInt(to.slice(i, i + 2), 16)];
    return Math.round(a + (b - a) * (at % 1))
      .toString(16)
      .padStart(2, "0");
  });
  return `#${mixed.join("")}`;
}

/** The grid with at most `most` cells across and down: blocks of cells stand for the mean of their values. */
export function coarse(view: HeatView, most: number): HeatView {
  const across = view.values.reduce((widest, row) => Math.max(widest, row.length), 0);
  const [wide, tall] = [Math.ceil(across / most), Math.ceil(view.values.length / most)];
  if (wide <= 1 && tall <= 1) return view;
  const { columns, rows } = heatScale(view);
  const values: (number | null)[][] = [];
  for (let r = 0; r < rows.length; r += tall) {
    const band = view.values.slice(r, r + tall);
    const blocks = Array.from({ length: Math.ceil(across / wide) }, (_, c) => {
      const known = band.flatMap((row) => row.slice(c * wide, (c + 1) * wide)).filter((value) => value !== null);
      return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
    });
    values.push(blocks);
  }
  return {
    ...view,
    values,
    columns: columns.filter((_, c) => c % wide === 0),
    rows: rows.filter((_, r) => r % tall === 0),
    caption: `${view.caption} Each cell is the mean of ${wide} × ${tall}.`.trim(),
  };
}
