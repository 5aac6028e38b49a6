/** The ways to control congestion: `sysctl net.ipv4.tcp_available_congestion_control`. */
export type CongestionName = "reno" | "cubic";

/** What congestion control sees of a connection; windows in segments. */
export interface Window {
  congestionWindow: number;
  slowStartThreshold: number;
}

/** How a window of what may be under way follows acknowledgements and losses. Times in seconds. */
export interface CongestionControl {
  readonly name: CongestionName;
  /** Segments were acknowledged while the window was in use. */
  acknowledged(window: Window, segments: number, now: number, roundTrip: number): void;
  /** A loss was seen. @returns the new threshold */
  reduce(window: Window): number;
}

/** Slow start (RFC 5681, 3.1), up to the threshold. @returns segments that are left for what comes behind it */
function slowStart(window: Window, segments: number): number {
  const room = Math.max(0, window.slowStartThreshold - window.congestionWindow);
  const taken = Math.min(segments, room);
  window.congestionWindow += taken;
  return segments - taken;
}

/** RFC 5681: a segment more for each window that gets through, half the window for a loss. */
class Reno implements CongestionControl {
  readonly name = "reno";

  acknowledged(window: Window, segments: number): void {
    const left = slowStart(window, segments);
    if (left > 0) window.congestionWindow += left / window.congestionWindow;
  }

  reduce(window: Window): number {
    return Math.max(2, window.congestionWindow / 2);
  }
}

/** RFC 9438, 5: C in segments per second cubed, and the factor of a reduction. */
const cubicC = 0.4;
const cubicBeta = 0.7;
const alphaCubic = (3 * (1 - cubicBeta)) / (1 + cubicBeta);

/** The cube root by Newton's method: `Math.cbrt` needn't give the same bits everywhere. */
function cubeRoot(value: number): number {
  if (value <= 0) return 0;
  let root = Math.max(1, value);
  for (let step = 0; step < 100; step++) {
    const next = (2 * root + value / (root * root)) / 3;
    if (Math.abs(next - root) <= 1e-12 * root) return next;
    root = next;
  }
  return root;
}

/** CUBIC (RFC 9438): the window follows a cubic of the time since the last loss, and is at least what Reno's would be. */
class Cubic implements CongestionControl {
  readonly name = "cubic";
  /** The window before the last reduction, lowered where the flow gives way (fast convergence). */
  #most = 0;
  #begun: number | undefined;
  #k = 0;
  #origin = 0;
  /** What Reno would have. */
  #estimate = 0;

  acknowledged(window: Window, segments: number, now: number, roundTrip: number): void {
    const left = slowStart(window, segments);
    if (left === 0) return;
    const { congestionWindow: current } = window;
    if (this.#begun === undefined) {
      this.#begun = now;
      this.#estimate = current;
      this.#origin = Math.max(this.#most, current);
      this.#k = cubeRoot((this.#origin - current) / cubicC);
    }
    const at = (time: number): number => {
      const x = time - this.#k;
      return cubicC * x * x * x + this.#origin;
    };
    const elapsed = now - this.#begun;
    this.#estimate += ((this.#estimate >= this.#most ? 1 : alphaCubic) * left) / current;
    if (at(elapsed) < this.#estimate) {
      window.congestionWindow = Math.max(current, this.#estimate);
      return;
    }
    const target = Math.min(Math.max(at(elapsed + roundTrip), current), 1.5 * current);
    window.congestionWindow += ((target - current) / current) * left;
  }

  reduce(window: Window): number {
    const { congestionWindow: current } = window;
    this.#begun = undefined;
    this.#most = current < this.#most ? (current * (1 + cubicBeta)) / 2 : current;
    return Math.max(2, current * cubicBeta);
  }
}

export const congestionControl = (name: CongestionName): CongestionControl =>
  name === "reno" ? new Reno() : new Cubic();
