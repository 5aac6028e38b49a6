import fc from "fast-check";
import { expect, test } from "vitest";
import { notebook } from "./cells.js";

/** `process` and `Map` are names of the realm: cells take them for themselves. */
const names = ["a", "b", "process", "Map"] as const;
type Name = (typeof names)[number];

type Step =
  | { readonly kind: "declare"; readonly word: "let" | "const" | "var"; readonly name: Name; readonly value: number }
  | { readonly kind: "declareEmpty"; readonly word: "let" | "var"; readonly name: Name }
  | { readonly kind: "destructure"; readonly names: readonly [Name, Name]; readonly value: number }
  | { readonly kind: "accessors"; readonly name: Name; readonly arrow: boolean }
  | { readonly kind: "assign" | "call" | "shadow"; readonly name: Name; readonly value: number }
  | { readonly kind: "loop"; readonly name: Name; readonly rounds: number; readonly calls: boolean };

const name = fc.constantFrom(...names);
const value = fc.integer({ min: -9, max: 9 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("declare"), word: fc.constantFrom("let", "const", "var"), name, value }),
  fc.record({ kind: fc.constant("declareEmpty"), word: fc.constantFrom("let", "var"), name }),
  fc.record({ kind: fc.constant("destructure"), names: fc.tuple(name, name), value }),
  fc.record({ kind: fc.constant("accessors"), name, arrow: fc.boolean() }),
  fc.record({ kind: fc.constantFrom("assign", "call", "shadow"), name, value }),
  fc.record({ kind: fc.constant("loop"), name, rounds: fc.integer({ min: 0, max: 4 }), calls: fc.boolean() }),
);
const cell = fc.record({ awaits: fc.boolean(), steps: fc.array(step, { maxLength: 6 }) });

/** What a notebook does to its variables, said without JavaScript's scopes: one variable per name, for all cells. */
class Model {
  readonly values = new Map<Name, number | undefined>();
  readonly #constant = new Set<Name>();
  readonly #accessible = new Set<Name>();

  /** Carries out the steps that make sense here and writes them as a cell. */
  cell(steps: readonly Step[], awaits: boolean): string {
    const declared = new Set<string>();
    const mentioned = new Set<string>();
    const lines = awaits ? ["await Promise.resolve();"] : [];
    for (const each of steps) lines.push(...this.#step(each, declared, mentioned));
    return lines.join("\n");
  }

  #step(step: Step, declared: Set<string>, mentioned: Set<string>): readonly string[] {
    const claim = (...claimed: string[]): boolean => {
      // Nothing may use a name above its declaration: that is the type checker's to say.
      if (claimed.some((each) => declared.has(each) || mentioned.has(each)) || new Set(claimed).size < claimed.length)
        return false;
      claimed.forEach((each) => declared.add(each));
      return true;
    };
    const use = (used: Name): boolean => {
      mentioned.add(used).add(`add_${used}`);
      return this.#isVariable(used);
    };
    switch (step.kind) {
      case "declare":
        if (!claim(step.name)) return [];
        this.#set(step.name, step.value, step.word === "const");
        return [`${step.word} ${step.name}: number = ${step.value};`];
      case "declareEmpty":
        if (!claim(step.name)) return [];
        this.#set(step.name, undefined, false);
        return [`${step.word} ${step.name}: number | undefined;`];
      case "destructure": {
        const [one, other] = step.names;
        if (!claim(one, other)) return [];
        this.#set(one, step.value, true);
        this.#set(other, step.value + 1, true);
        return [
          `const { x: ${one}, rest: [${other} = ${step.value + 1}] } = { x: ${step.value}, rest: [] as number[] };`,
        ];
      }
      case "accessors":
        if (!this.#isVariable(step.name) || !claim(`add_${step.name}`)) return [];
        mentioned.add(step.name);
        this.#accessible.add(step.name);
        return [
          step.arrow
            ? `const add_${step.name} = (by: number) => { ${step.name} += by };`
            : `function add_${step.name}(by: number): void { ${step.name} += by }`,
        ];
      case "assign":
        if (!use(step.name)) return [];
        this.values.set(step.name, step.value);
        return [`${step.name} = ${step.value};`];
      case "call":
        if (!this.#accessible.has(step.name) || !use(step.name)) return [];
        this.#add(step.name, step.value);
        return [`add_${step.name}(${step.value});`];
      case "shadow":
        return [`{ let ${step.name} = ${step.value}; ${step.name}++; }`];
      case "loop": {
        if (!use(step.name)) return [];
        const calls = step.calls && this.#accessible.has(step.name);
        for (let i = 0; i < step.rounds; i++) {
          this.#add(step.name, i);
          if (calls) this.#add(step.name, 2);
        }
        const call = calls ? ` add_${step.name}(2);` : "";
        return [`for (let i = 0; i < ${step.rounds}; i++) { ${step.name} += i;${call} }`];
      }
    }
  }

  #set(name: Name, to: number | undefined, constant: boolean): void {
    this.values.set(name, to);
    if (constant) this.#constant.add(name);
    else this.#constant.delete(name);
  }

  #isVariable(name: Name): boolean {
    return this.values.has(name) && !this.#constant.has(name);
  }

  #add(name: Name, by: number): void {
    this.values.set(name, (this.values.get(name) ?? NaN) + by);
  }
}

test("random cells treat their names as one variable each, whatever else is called so", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(cell, { maxLength: 6 }), async (cells) => {
      const model = new Model();
      const book = notebook();
      for (const { awaits, steps } of cells) {
        const source = model.cell(steps, awaits);
        await book.run(source);
        const known = [...model.values.keys()];
        expect(await book.run(`[${known.join(", ")}]`), source).toEqual([...model.values.values()]);
      }
      expect(await book.run("[globalThis.process.pid, typeof globalThis.Map]")).toEqual([1, "function"]);
    }),
    { seed: 20_260, numRuns: 400 },
  );
});
