import fc from "fast-check";
import type { FloatWidth } from "../../../sim/machine/index.js";

const special: Readonly<Record<FloatWidth, readonly bigint[]>> = {
  32: [
    0x0n,
    0x1n,
    0x7fffffn,
    0x800000n,
    0x3f800000n,
    0x3f800001n,
    0x4b800000n,
    0x4effffffn,
    0x4f000000n,
    0x4f800000n,
    0x5f000000n,
    0x5f800000n,
    0x7f7fffffn,
    0x7f800000n,
    0x7f800001n,
    0x7fc00000n,
    0x7fffffffn,
    0x3f000000n,
  ],
  64: [
    0x0n,
    0x1n,
    0xfffffffffffffn,
    0x10000000000000n,
    0x3ff0000000000000n,
    0x3ff0000000000001n,
    0x3fe0000000000000n,
    0x41dfffffffc00000n,
    0x41dfffffffe00000n,
    0x41e0000000000000n,
    0x41f0000000000000n,
    0x43e0000000000000n,
    0x43f0000000000000n,
    0x36a0000000000000n,
    0x380fffffffffffffn,
    0x47efffffffffffffn,
    0x7fefffffffffffffn,
    0x7ff0000000000000n,
    0x7ff0000000000001n,
    0x7ff8000000000000n,
    0x7fffffffffffffffn,
  ],
};

/** Numbers at the edges, numbers near each other in size, and any bits. */
export function floatOperand(width: FloatWidth): fc.Arbitrary<bigint> {
  const sign = 1n << BigInt(width - 1);
  const [fraction, middle] = width === 32 ? [23n, 127n] : [52n, 1023n];
  const near = fc
    .tuple(fc.bigInt(-4n, 4n), fc.bigInt(0n, (1n << fraction) - 1n), fc.constantFrom(0n, sign))
    .map(([exponent, rest, negative]) => negative | ((middle + exponent) << fraction) | rest);
  const edge = fc.tuple(fc.constantFrom(...special[width]), fc.constantFrom(0n, sign)).map(([bits, s]) => bits ^ s);
  return fc.oneof(edge, near, fc.bigInt(0n, 2n * sign - 1n));
}
