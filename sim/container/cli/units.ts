/** Sizes and times as docker/go-units and Go's time package write and read them. */

const decimal = ["B", "kB", "MB", "GB", "TB", "PB", "EB"] as const;
const binary = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const;

/** Go's %.Ng: so many digits that count, without zeros at the end. */
function general(value: number, digits: number): string {
  if (value === 0) return "0";
  const text = value.toPrecision(digits);
  return text.includes("e") ? String(Math.round(Number(text))) : text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function scaled(size: number, base: number, names: readonly string[], digits: number): string {
  let value = size;
  let place = 0;
  while (value >= base && place < names.length - 1) {
    value /= base;
    place++;
  }
  return `${general(value, digits)}${names[place] ?? ""}`;
}

/** units.HumanSizeWithPrecision: "7.8MB". */
export const humanSize = (size: number, digits = 3): string => scaled(size, 1000, decimal, digits);

/** units.BytesSize: "10.97MiB". */
export const bytesSize = (size: number): string => scaled(size, 1024, binary, 4);

const factors: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40, p: 2 ** 50 };

/** units.RAMInBytes: "64m", "1.5g", "512"; undefined for what is no size. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text) ?? [];
  const factor = factors[unit.toLowerCase()];
  return digits === undefined || factor === undefined ? undefined : Math.floor(Number(digits) * factor);
}

const nanos: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** time.ParseDuration: "1m30s" in nanoseconds; undefined for what is none. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const [, sign, body] = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/.exec(text) ?? [];
  if (body === undefined) return undefined;
  let sum = 0;
  for (const [, number, unit = "s"] of body.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g))
    sum += Number(number) * (nanos[unit] ?? 0);
  return Math.round(sign === "-" ? -sum : sum);
}
