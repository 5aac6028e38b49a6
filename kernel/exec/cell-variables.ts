import type { TransformedCell } from "../lang/index.js";

/**
 * A cell's variables are properties of the global object. One that its cell didn't come to give a value must not pass
 * for `undefined`, which would go into later cells' results: reading it says what to do.
 */

/** Makes room for what a cell declares, as properties that can be redefined; a script's own `var` can't. */
export function prepareVariables({ declares }: TransformedCell): void {
  for (const name of declares) {
    if (guarded.has(name) || !Object.hasOwn(globalThis, name)) setVariable(name, undefined);
  }
}

/** To be called when a cell failed or was cut: guards its variables that have no value. */
export function guardVariables({ declares, name: cell }: TransformedCell): void {
  for (const name of declares) {
    const found = Object.getOwnPropertyDescriptor(globalThis, name);
    // One of the realm's own may be an accessor, or fixed.
    if (found?.configurable !== true || found.writable !== true || found.value !== undefined) continue;
    guarded.add(name);
    Object.defineProperty(globalThis, name, {
      get: () => {
        throw new UnsetVariableError(name, cell);
      },
      set(value: unknown) {
        setVariable(name, value);
      },
      enumerable: true,
      configurable: true,
    });
  }
}

/** Empties and guards what a cell declares, its functions apart. */
export function dropVariables(cell: TransformedCell): void {
  for (const name of cell.declares) {
    const found = Object.getOwnPropertyDescriptor(globalThis, name);
    if (found?.writable === true && typeof found.value !== "function") Reflect.set(globalThis, name, undefined);
  }
  guardVariables(cell);
}

const guarded = new Set<string>();

function setVariable(name: string, value: unknown): void {
  guarded.delete(name);
  Object.defineProperty(globalThis, name, { value, writable: true, enumerable: true, configurable: true });
}

/** Shown as a student's mistake: by its words alone. */
class UnsetVariableError extends Error {
  override readonly name = "UsageError";
  readonly hint = "Run that cell again first.";

  constructor(name: string, cell: string) {
    super(`\`${name}\` has no value: the cell that declares it (${cell}) ended before it got there`);
  }
}
