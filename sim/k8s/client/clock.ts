import type { World } from "../../core/index.js";
import { epoch, formatTime } from "../objects/time.js";

/** Now, in seconds since 1970, as objects' times count. */
export const seconds = (world: World): number => epoch + world.engine.now / 1e9;

/** Now, as objects note it: to the second. */
export const timeText = (world: World): string => formatTime(Math.floor(seconds(world)));

/** Now, to the microsecond, as leases note it. */
export function microTimeText(at: number): string {
  const whole = Math.floor(at);
  const micros = Math.min(999_999, Math.floor((at - whole) * 1e6));
  return formatTime(whole).replace("Z", `.${String(micros).padStart(6, "0")}Z`);
}
