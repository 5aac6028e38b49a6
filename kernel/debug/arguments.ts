import { RequestError, type Fields } from "./protocol.js";

/** Takes the arguments of one request, checked. */
export class Arguments {
  readonly #command: string;
  readonly #fields: Fields;

  constructor(command: string, fields: unknown) {
    this.#command = command;
    this.#fields = isFields(fields) ? fields : {};
  }

  #refused(name: string, wanted: string): RequestError {
    return new RequestError(`${this.#command}: "${name}" is not ${wanted}`);
  }

  string(name: string): string {
    const value = this.optionalString(name);
    if (value === undefined) throw this.#refused(name, "a string");
    return value;
  }

  optionalString(name: string): string | undefined {
    const value = this.#fields[name];
    if (value !== undefined && typeof value !== "string") throw this.#refused(name, "a string");
    return value;
  }

  integer(name: string): number {
    const value = this.optionalInteger(name);
    if (value === undefined) throw this.#refused(name, "an integer");
    return value;
  }

  optionalInteger(name: string): number | undefined {
    const value = this.#fields[name] ?? undefined;
    if (value !== undefined && !Number.isInteger(value)) throw this.#refused(name, "an integer");
    return value as number | undefined;
  }

  strings(name: string): readonly string[] {
    const value = this.#fields[name] ?? [];
    if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) {
      throw this.#refused(name, "a list of strings");
    }
    return value;
  }

  /** An object's own arguments; empty where it is absent. */
  object(name: string): Arguments {
    return new Arguments(`${this.#command}: ${name}`, this.#fields[name]);
  }

  objects(name: string): readonly Arguments[] {
    const value = this.#fields[name] ?? [];
    if (!Array.isArray(value)) throw this.#refused(name, "a list");
    return value.map((each, index) => new Arguments(`${this.#command}: ${name}[${index}]`, each));
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#fields[name];
    return typeof value === "boolean" ? value : fallback;
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
