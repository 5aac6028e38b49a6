/**
 * How many standard errors either way hold the true mean with that confidence: the two-sided quantile of Student's t.
 * By bisection of the distribution's finite series for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and
 * 26.7.4). Above 1,000 degrees it stays what it is there, which is 0.1 % on the wide side.
 */
export function studentQuantile(confidence: number, degrees: number): number {
  const nu = Math.min(degrees, 1000);
  let low = 0;
  let high = 1;
  while (withinT(high, nu) < confidence) high *= 2;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (withinT(middle, nu) < confidence) low = middle;
    else high = middle;
  }
  return high;
}

/** The probability that Student's t with `nu` degrees of freedom lies between −t and t. */
function withinT(t: number, nu: number): number {
  const root = Math.sqrt(nu + t * t);
  const sine = t / root;
  const cosine = Math.sqrt(nu) / root;
  const odd = nu % 2 === 1;
  // 1 + (1/2)cos² + (1·3)/(2·4)cos⁴ + … for even degrees, cos + (2/3)cos³ + (2·4)/(3·5)cos⁵ + … for odd ones.
  let term = odd ? cosine : 1;
  let sum = nu === 1 ? 0 : term;
  for (let n = odd ? 3 : 2; n <= nu - 2; n += 2) {
    term *= ((n - 1) / n) * cosine * cosine;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (arctangent(t / Math.sqrt(nu)) + sine * sum) : sine * sum;
}

/** By halving the angle until the series converges fast: arctan x = 2 arctan(x / (1 + √(1 + x²))). */
function arctangent(x: number): number {
  let halved = x;
  for (let step = 0; step < 4; step++) halved /= 1 + Math.sqrt(1 + halved * halved);
  const z = halved * halved;
  let sum = 0;
  for (let n = 15; n >= 1; n -= 2) sum = 1 / n - z * sum;
  return 16 * halved * sum;
}
