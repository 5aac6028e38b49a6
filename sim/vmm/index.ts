/**
 * vmm: virtual machine monitors, and when there can be one.
 *
 * popek-goldberg/  instructions classified by experiment; the paper's theorems, its machine, its isomorphism
 */
import { bare, type Guest } from "./guest.js";
import { guests } from "./guests/index.js";
import { trapAndEmulate } from "./trap-and-emulate.js";
import type { Technique } from "./technique.js";
import { Vmm, type VmmOptions } from "./vmm.js";

export const techniques: readonly Technique[] = [trapAndEmulate];
export { guests, bare, type Guest };
export function create(technique: Technique, options?: Partial<VmmOptions>): Vmm {
  return new Vmm(technique, options);
}
export * from "./popek-goldberg/index.js";
