/** A shell variable: unset where it has no value, and then there for its attributes alone. */
interface Variable {
  value: string | undefined;
  exported: boolean;
  readonly: boolean;
}

/** Shell variables, with those that functions made local (`local`) on top of the others. */
export class Variables {
  readonly #all: Map<string, Variable>;
  /** What `local` put away, function by function. */
  readonly #scopes: Map<string, Variable | undefined>[] = [];
  #environment: readonly string[] | undefined;

  constructor(all: ReadonlyMap<string, Variable> = new Map()) {
    this.#all = new Map([...all].map(([name, variable]) => [name, { ...variable }]));
  }

  static from(environment: readonly string[]): Variables {
    const variables = new Variables();
    for (const entry of environment) {
      const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(entry) ?? [];
      if (name !== undefined && value !== undefined)
        variables.#all.set(name, { value, exported: true, readonly: false });
    }
    return variables;
  }

  /** For a subshell; what is local there stays so. */
  copy(): Variables {
    return new Variables(this.#all);
  }

  get(name: string): string | undefined {
    return this.#all.get(name)?.value;
  }

  isReadonly(name: string): boolean {
    return this.#all.get(name)?.readonly === true;
  }

  /** Doesn't ask whether it is read-only. */
  set(name: string, value: string): void {
    const variable = this.#all.get(name);
    if (variable === undefined) {
      this.#all.set(name, { value, exported: false, readonly: false });
      return;
    }
    variable.value = value;
    if (variable.exported) this.#environment = undefined;
  }

  unset(name: string): void {
    if (this.#all.get(name)?.exported === true) this.#environment = undefined;
    this.#all.delete(name);
  }

  mark(name: string, attribute: "exported" | "readonly"): void {
    const variable = this.#all.get(name);
    if (variable === undefined) {
      this.#all.set(name, { value: undefined, exported: false, readonly: false, [attribute]: true });
    } else variable[attribute] = true;
    this.#environment = undefined;
  }

  names(attribute?: "exported" | "readonly"): string[] {
    return [...this.#all]
      .filter(([, variable]) => (attribute === undefined ? variable.value !== undefined : variable[attribute]))
      .map(([name]) => name)
      .sort();
  }

  /** What an executed program gets: NAME=value of all that are exported. */
  environment(): readonly string[] {
    this.#environment ??= [...this.#all]
      .filter(([, { exported, value }]) => exported && value !== undefined)
      .map(([name, { value }]) => `${name}=${value ?? ""}`);
    return this.#environment;
  }

  enterFunction(): void {
    this.#scopes.push(new Map());
  }

  leaveFunction(): void {
    for (const [name, before] of this.#scopes.pop() ?? []) {
      if (before === undefined) this.#all.delete(name);
      else this.#all.set(name, before);
    }
    this.#environment = undefined;
  }

  /** Makes a variable local to the function that runs; it keeps its value. @returns false outside of functions */
  localize(name: string): boolean {
    const scope = this.#scopes.at(-1);
    if (scope === undefined) return false;
    if (scope.has(name)) return true;
    const before = this.#all.get(name);
    scope.set(name, before);
    if (before !== undefined) this.#all.set(name, { ...before });
    return true;
  }

  /** Values for one command alone. @returns what puts the former ones back */
  assignFor(assignments: ReadonlyMap<string, string>): () => void {
    const before = new Map([...assignments.keys()].map((name) => [name, this.#all.get(name)]));
    for (const [name, value] of assignments)
      this.#all.set(name, { value, exported: true, readonly: before.get(name)?.readonly ?? false });
    this.#environment = undefined;
    return () => {
      for (const [name, variable] of before) {
        if (variable === undefined) this.#all.delete(name);
        else this.#all.set(name, variable);
      }
      this.#environment = undefined;
    };
  }
}
