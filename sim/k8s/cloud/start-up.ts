import { s, type Nanos, type Rng } from "../../core/index.js";

/**
 * Mean seconds from the request for a machine until the first login, each with Linux (M. Mao, M. Humphrey, "A Performance Study on the VM
 * Startup Time in the Cloud", IEEE CLOUD 2012, results by time). Newer clouds are faster: about 23 s for Google's in 2018
 * (R. Aboukhalil, "Move Fast and Break the Cloud").
 */
export const startUpMeans = { ec2: 96.9, rackspace: 44.2, gcp: 23 } as const;

/** Where start-up times come from: a cloud that was measured, or a mean of one's own. */
export type StartUp = keyof typeof startUpMeans | { readonly mean: Nanos };

/** The standard deviation of a start-up time's logarithm, about 20 % of the mean. Declared, not measured: the means are published without one. */
const sigma = 0.2;

/** Draws a start-up time: log-normal, so that none is negative and some are long. */
export function drawStartUp(rng: Rng, startUp: StartUp): Nanos {
  const mean = typeof startUp === "string" ? startUpMeans[startUp] : startUp.mean / 1e9;
  return s(Math.round(mean * rng.lognormal(-(sigma ** 2) / 2, sigma) * 1000) / 1000);
}
