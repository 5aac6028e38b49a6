/**
 * Quantities: `500m`, `2Gi`, `1e3` (apimachinery, `pkg/api/resource`). Exact: a value is a whole number of nano-units, the finest
 * that Kubernetes keeps; what is finer is rounded up, as there.
 */
const expression = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d{1,3})?$/;
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** In nano-units; undefined for text that is no quantity. */
export function parseQuantity(text: string | number): bigint | undefined {
  const [, sign, digits, suffix = ""] = expression.exec(String(text)) ?? [];
  if (digits === undefined) return undefined;
  const [whole = "", fraction = ""] = digits.split(".");
  let value = BigInt(`${whole}${fraction}` || "0");
  const power = binary.indexOf(suffix);
  const exponent =
    (power >= 0 ? 0 : /^[eE]./.test(suffix) ? Number(suffix.slice(1)) : (decimal[suffix] ?? 0)) - fraction.length + 9;
  if (exponent > 60) return undefined;
  if (power >= 0) value *= 1024n ** BigInt(power + 1);
  if (exponent >= 0) value *= 10n ** BigInt(exponent);
  else {
    const divisor = 10n ** BigInt(-exponent);
    value = (value + divisor - 1n) / divisor;
  }
  return sign === "-" ? -value : value;
}

const nano = 10n ** 9n;

/** As Kubernetes writes it: the largest suffix without a fraction, binary ones where `like` has one. */
export function formatQuantity(value: bigint, like = ""): string {
  if (value === 0n) return "0";
  if (/i$/.test(like) && value % nano === 0n) {
    let rest = value / nano;
    let power = -1;
    while (rest % 1024n === 0n && power < binary.length - 1) {
      rest /= 1024n;
      power++;
    }
    return `${rest}${binary[power] ?? ""}`;
  }
  const suffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
  let rest = value;
  let at = 0;
  while (rest % 1000n === 0n && at < suffixes.length - 1) {
    rest /= 1000n;
    at++;
  }
  return `${rest}${suffixes[at] ?? ""}`;
}

/** What Kubernetes says of text that is no quantity. */
export const notQuantity: string =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
