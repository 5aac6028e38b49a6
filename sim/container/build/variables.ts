import type { ExecutionConfig } from "../image/oci.js";
import type { InstructionOf } from "./instruction.js";
import { environmentOf } from "./settings.js";
import { expandWord, type Lookup } from "./words.js";

/** Arguments that a RUN sees without an ARG, and that don't count for the cache (reference, "Predefined ARGs"). */
const predefined = new Set(
  ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"].flatMap((name) => [name, name.toLowerCase()]),
);

/** What the builder says of platforms, where a stage asks for it by ARG (reference, "Automatic platform ARGs"). */
export const platformArguments = (architecture: string): ReadonlyMap<string, string> =>
  new Map(
    ["BUILD", "TARGET"].flatMap((side) => [
      [`${side}PLATFORM`, `linux/${architecture}`],
      [`${side}OS`, "linux"],
      [`${side}ARCH`, architecture],
      [`${side}VARIANT`, ""],
    ]),
  );

/** The build arguments of a scope: the file's beginning, or a stage. */
export class Variables {
  readonly #given: ReadonlyMap<string, string>;
  /** What an ARG without a value of its own takes over. */
  readonly #outer: ReadonlyMap<string, string>;
  readonly #values = new Map<string, string>();
  /** Names of those given that an ARG asked for. */
  readonly consumed: Set<string>;

  constructor(given: ReadonlyMap<string, string>, outer: ReadonlyMap<string, string>, consumed: Set<string>) {
    this.#given = given;
    this.#outer = outer;
    this.consumed = consumed;
  }

  /** Takes an ARG in. */
  declare({ names }: InstructionOf<"ARG">, config: ExecutionConfig, escape: string): void {
    for (const [name, fallback] of names) {
      const given = this.#given.get(name);
      if (given !== undefined) this.consumed.add(name);
      const value =
        given ?? (fallback === undefined ? this.#outer.get(name) : expandWord(fallback, escape, this.lookup(config)));
      if (value !== undefined) this.#values.set(name, value);
    }
  }

  get values(): ReadonlyMap<string, string> {
    return this.#values;
  }

  /** ENV hides ARG. */
  lookup({ Env }: ExecutionConfig): Lookup {
    const environment = environmentOf(Env);
    return (name) => environment.get(name) ?? this.#values.get(name);
  }

  /** What a RUN sees beside its environment. */
  seen({ Env }: ExecutionConfig): Map<string, string> {
    const environment = environmentOf(Env);
    return new Map([...this.#values].filter(([name]) => !environment.has(name)));
  }

  /** Of what was given, the proxies: for RUN alone. */
  get proxies(): readonly string[] {
    return [...this.#given].filter(([name]) => predefined.has(name)).map(([name, value]) => `${name}=${value}`);
  }

  /** Those given that nobody asked for. */
  static unused(given: ReadonlyMap<string, string>, consumed: ReadonlySet<string>): string[] {
    return [...given.keys()].filter((name) => !consumed.has(name) && !predefined.has(name)).sort();
  }
}
