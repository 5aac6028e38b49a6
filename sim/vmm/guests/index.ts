/**
 * Guests: small kernels as source, each with the least firmware in front that starts it in supervisor mode.
 */

import { compute } from "./compute.js";
import type { KernelGuest } from "./kernel-guest.js";
import { timer } from "./timer.js";
import { tiny } from "./tiny.js";
import { trapping } from "./trapping.js";

/** By their names. */
export const guests: Readonly<Record<"tiny" | "timer" | "compute" | "trapping", KernelGuest>> = { tiny, timer, compute, trapping };
