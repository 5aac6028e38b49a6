import { invariant } from "../../core/index.js";
import { assemble, type Isa } from "../../machine/index.js";
import type { Guest, Port, Result } from "../guest.js";

export interface KernelGuest extends Guest {
  readonly source: string;
}

/** Code of a kernel, wherever it occurs, and what stands in its place where a VMM is asked instead. */
export type Edit = readonly [from: string, to: string];

interface KernelParts {
  readonly name: string;
  readonly about: string;
  readonly source: string;
  readonly results: readonly Result[];
  readonly isa?: Isa;
  readonly drives?: () => readonly Uint8Array[];
  readonly machine?: Pick<Guest["options"], "memory" | "balloon">;
  /** The first edit is the firmware's, which a port doesn't have. */
  readonly port?: readonly Edit[];
}

/** One of our kernels: a source that is assembled when a machine is made of it. */
export function kernelGuest(parts: KernelParts): KernelGuest {
  const { name, about, source, results, isa, drives, machine, port } = parts;
  const optionsOf = (text: string): Guest["options"] => ({
    program: assemble(text, isa === undefined ? {} : { isa }),
    ...machine,
    ...(drives === undefined ? {} : { drives: drives() }),
  });
  return {
    name,
    about,
    source,
    results,
    ...(isa === undefined ? {} : { isa }),
    ...(port === undefined ? {} : { ported: portOf(source, port, optionsOf) }),
    get options() {
      return optionsOf(source);
    },
  };
}

const linesOf = (text: string): string[] => text.split("\n").filter((line) => line.trim() !== "");

function portOf(source: string, edits: readonly Edit[], optionsOf: (text: string) => Guest["options"]): Port {
  let text = source;
  const removed: string[] = [];
  const added: string[] = [];
  for (const [index, [from, to]] of edits.entries()) {
    const times = text.split(from).length - 1;
    invariant(times > 0, `the kernel has no\n${from}`);
    text = text.replaceAll(from, () => to);
    if (index === 0) continue;
    for (let time = 0; time < times; time++) {
      removed.push(...linesOf(from));
      added.push(...linesOf(to));
    }
  }
  return {
    source: text,
    removed,
    added,
    get options() {
      return optionsOf(text);
    },
  };
}
