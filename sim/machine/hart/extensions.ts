import type { Isa, UserCsr } from "../instructions/index.js";

/** misa, by the extensions whose rows the ISA has (privileged ISA, "Machine ISA"). */
export function extensionsOf(isa: Isa): {
  readonly extensions: bigint;
  readonly float: boolean;
  readonly hypervisor: boolean;
  readonly userCsrs: readonly UserCsr[];
} {
  const letters = new Set(["S", "U", ...isa.rows.map(({ extension }) => extension)]);
  if (isa.shortRows.length > 0) letters.add("C");
  const bits = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ").reduce(
    (sum, letter, bit) => (letters.has(letter) ? sum | (1n << BigInt(bit)) : sum),
    0n,
  );
  return {
    extensions: BigInt.asIntN(64, (2n << 62n) | bits),
    float: letters.has("F"),
    hypervisor: letters.has("H"),
    userCsrs: isa.userCsrs,
  };
}
