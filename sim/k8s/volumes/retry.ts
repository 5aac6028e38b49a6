import { s } from "../../core/index.js";
import type { Again } from "../client/control-loop.js";

/** CSI sidecars try again after a second, twice as long each time, up to five minutes (`--retry-interval-start`, `--retry-interval-max`). */
export function retry(failures: Map<string, number>, key: string): Again {
  const failed = (failures.get(key) ?? 0) + 1;
  failures.set(key, failed);
  // What is refused for good is asked for ever: no run needs to wait for it.
  return { after: s(Math.min(300, 2 ** (failed - 1))), background: failed > 3 };
}
