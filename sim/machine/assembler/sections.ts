import { nearest } from "../../core/index.js";
import { Section, type SectionFlags } from "./model.js";
import { Mistake } from "./problem.js";
import type { Place } from "./statement.js";

const none: SectionFlags = { allocated: false, writable: false, executable: false, empty: false };
const constants: SectionFlags = { ...none, allocated: true };
const variables: SectionFlags = { ...constants, writable: true };
const code: SectionFlags = { ...constants, executable: true };

/** What sections of these names, and those whose names begin so, are unless it is said. */
const usual: readonly (readonly [name: string, flags: SectionFlags])[] = [
  [".text", code],
  [".init", code],
  [".fini", code],
  [".rodata", constants],
  [".srodata", constants],
  [".data", variables],
  [".sdata", variables],
  [".bss", { ...variables, empty: true }],
  [".sbss", { ...variables, empty: true }],
  [".debug", none],
  [".comment", none],
  [".note", none],
  [".riscv", none],
];

/** A source's sections, and which of them is written. */
export class Sections {
  readonly #byName = new Map<string, Section>();
  readonly #kept: { readonly current: Section; readonly previous: Section }[] = [];
  #current: Section;
  #previous: Section;

  constructor() {
    this.#current = this.#previous = this.named(".text");
    for (const name of [".data", ".bss"]) this.named(name);
  }

  get current(): Section {
    return this.#current;
  }

  get all(): readonly Section[] {
    return [...this.#byName.values()];
  }

  /** @param flags what a section of that name is where it is new */
  named(name: string, flags?: SectionFlags): Section {
    let section = this.#byName.get(name);
    if (section === undefined) {
      const usually = usual.find(([known]) => name === known || name.startsWith(`${known}.`))?.[1];
      section = new Section(name, flags ?? usually ?? constants);
      this.#byName.set(name, section);
    }
    return section;
  }

  enter(section: Section): void {
    this.#previous = this.#current;
    this.#current = section;
  }

  push(section: Section): void {
    this.#kept.push({ current: this.#current, previous: this.#previous });
    this.enter(section);
  }

  /** @returns whether there was something to go back to */
  pop(): boolean {
    const kept = this.#kept.pop();
    if (kept === undefined) return false;
    this.#current = kept.current;
    this.#previous = kept.previous;
    return true;
  }

  previous(): void {
    [this.#current, this.#previous] = [this.#previous, this.#current];
  }
}

/** Flags as letters: a allocated, w writable, x executable; `@nobits` where all is zero. */
export function sectionFlags(letters: string, type: string, place: Place): SectionFlags {
  const strange = /[^awxMSGTo?]/.exec(letters)?.[0];
  if (strange !== undefined)
    throw new Mistake(place, `there is no section flag "${strange}"`, 'Take "a", "w", "x" or several.');
  const types = ["progbits", "nobits", "note", "init_array", "fini_array", "preinit_array"];
  if (type !== "" && !types.includes(type)) {
    throw new Mistake(place, `there is no section type "${type}"`, `Did you mean "@${nearest(type, types) ?? ""}"?`);
  }
  return {
    allocated: letters.includes("a"),
    writable: letters.includes("w"),
    executable: letters.includes("x"),
    empty: type === "nobits",
  };
}
