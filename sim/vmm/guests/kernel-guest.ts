import { invariant } from "../../core/index.js";
import { assemble, type Isa } from "../../machine/index.js";
import type { Guest, Port, Result } from "../guest.js";

export interface KernelGuest extends Guest {
  readonly source: string;
}

/** Code of a kernel, and what stands in its place where a VMM is asked instead. */
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
  for (const [from, to] of edits) {
    invariant(text.includes(from), `the kernel has no\n${from}`);
    text = text.replace(from, () => to);
  }
  const kernel = edits.slice(1);
  return {
    source: text,
    removed: kernel.flatMap(([from]) => linesOf(from)),
    added: kernel.flatMap(([, to]) => linesOf(to)),
    get options() {
      return optionsOf(text);
    },
  };
}
