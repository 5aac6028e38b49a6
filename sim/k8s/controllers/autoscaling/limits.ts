import type { Kinds } from "../../client/types.js";

type Behavior = NonNullable<Kinds["horizontalpodautoscalers"]["spec"]["behavior"]>;
type Rules = NonNullable<Behavior["scaleUp"]>;

/** A change of size that was made, `by` replicas more or less. */
export interface Change {
  /** In seconds since 1970. */
  readonly at: number;
  readonly by: number;
}

/** What is wanted, and when it was. */
export interface Recommendation {
  readonly at: number;
  readonly replicas: number;
}

/** autoscaling/v2, defaults of `behavior`. */
const defaults = {
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [
      { type: "Percent", value: 100, periodSeconds: 15 },
      { type: "Pods", value: 4, periodSeconds: 15 },
    ],
  },
  scaleDown: { selectPolicy: "Max", policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
};

/** The rules of both directions; `window` is `--horizontal-pod-autoscaler-downscale-stabilization` in seconds. */
export function rulesOf(
  behavior: Behavior | undefined,
  window: number,
): { readonly up: Required<Rules>; readonly down: Required<Rules> } {
  return {
    up: { ...defaults.scaleUp, ...behavior?.scaleUp },
    down: { ...defaults.scaleDown, stabilizationWindowSeconds: window, ...behavior?.scaleDown },
  };
}

/**
 * What of a recommendation remains when those of the window count too (KEP-853): to grow, all of them must have asked for it, to shrink as
 * well. So a load that comes and goes doesn't make pods come and go.
 */
export function stabilized(
  wanted: number,
  current: number,
  past: readonly Recommendation[],
  { up, down }: ReturnType<typeof rulesOf>,
  now: number,
): number {
  const within = (seconds: number): number[] =>
    past.filter(({ at }) => now - at < seconds).map(({ replicas }) => replicas);
  const lowest = Math.min(wanted, ...within(up.stabilizationWindowSeconds));
  const highest = Math.max(wanted, ...within(down.stabilizationWindowSeconds));
  return Math.min(highest, Math.max(lowest, current));
}

/** The farthest that the policies let the size go now. */
export function reach(
  current: number,
  rules: Required<Rules>,
  direction: 1 | -1,
  past: readonly Change[],
  now: number,
): number {
  if (rules.selectPolicy === "Disabled") return current;
  const limits = rules.policies.map(({ type, value, periodSeconds }) => {
    // What the period began with: what it has brought already counts.
    const moved = past
      .filter(({ at, by }) => now - at < periodSeconds && Math.sign(by) === direction)
      .reduce((sum, { by }) => sum + by, 0);
    const start = current - moved;
    if (type === "Pods") return start + direction * value;
    const scaled = start * (1 + (direction * value) / 100);
    return direction > 0 ? Math.ceil(scaled) : Math.floor(scaled);
  });
  const far = direction > 0 ? Math.max(...limits) : Math.min(...limits);
  const near = direction > 0 ? Math.min(...limits) : Math.max(...limits);
  const chosen = rules.selectPolicy === "Min" ? near : far;
  return direction > 0 ? Math.max(current, chosen) : Math.min(current, chosen);
}
