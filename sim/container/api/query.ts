import { invalid } from "../engine/errors.js";
import { decoded } from "../registry/protocol.js";

/** The parameters behind a request's question mark, read as dockerd reads them. */
export class Query {
  readonly #pairs: readonly (readonly [string, string])[];

  constructor(text: string) {
    this.#pairs = text
      .split("&")
      .filter((pair) => pair !== "")
      .map((pair) => {
        const equals = pair.indexOf("=");
        return equals < 0
          ? ([decoded(pair), ""] as const)
          : ([decoded(pair.slice(0, equals)), decoded(pair.slice(equals + 1))] as const);
      });
  }

  has(name: string): boolean {
    return this.#pairs.some(([one]) => one === name);
  }

  /** The first value; "" where there is none. */
  text(name: string): string {
    return this.#pairs.find(([one]) => one === name)?.[1] ?? "";
  }

  all(name: string): string[] {
    return this.#pairs.filter(([one]) => one === name).map(([, value]) => value);
  }

  /** httputils.BoolValue: what isn't one of the words for no is yes. */
  flag(name: string, fallback = false): boolean {
    return this.has(name) ? !["", "0", "no", "false", "none"].includes(this.text(name).trim().toLowerCase()) : fallback;
  }

  /** A whole number, undefined where there is none. @throws EngineError 400 */
  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === "") return undefined;
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(value)) return value;
    throw invalid(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`, `Give ${name} as a whole number.`);
  }

  /** "1735689600.5", seconds since 1970, in nanoseconds. @throws EngineError 400 */
  time(name: string): number | undefined {
    const text = this.text(name);
    if (text === "") return undefined;
    const found = /^(-?\d+)(?:\.(\d{1,9}))?$/.exec(text);
    if (found === null)
      throw invalid(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`, "Give seconds since 1970.");
    const [, seconds = "0", fraction = ""] = found;
    return Number(seconds) * 1e9 + Number(fraction.padEnd(9, "0"));
  }

  /** `filters`: values by keys, as lists or as the keys of objects. @throws EngineError 400 */
  filters(): Readonly<Record<string, readonly string[]>> {
    const text = this.text("filters");
    if (text === "") return {};
    const wrong = invalid("invalid filter", 'Give JSON: {"label":["a=b"]}.');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw wrong;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong;
    const entries: [string, unknown][] = Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, values]): [string, string[]] => {
        const list: unknown[] = Array.isArray(values)
          ? values
          : typeof values === "object" && values !== null
            ? Object.keys(values)
            : [values];
        return [
          key,
          list.map((one) => {
            if (typeof one !== "string") throw wrong;
            return one;
          }),
        ];
      }),
    );
  }
}

/** @throws EngineError 400 for a filter that there isn't */
export function demandFilters(
  filters: Readonly<Record<string, readonly string[]>>,
  known: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  for (const name of Object.keys(filters))
    if (!known.includes(name)) throw invalid(`invalid filter '${name}'`, `There are: ${known.join(", ")}.`);
  return filters;
}
