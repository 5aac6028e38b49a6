import { assemble, type Isa } from "../../machine/index.js";
import type { Guest } from "../guest.js";

export interface KernelGuest extends Guest {
  readonly source: string;
}

/** One of our kernels: a source that is assembled when a machine is made of it. */
export function kernelGuest(parts: {
  readonly name: string;
  readonly about: string;
  readonly source: string;
  readonly results: readonly string[];
  readonly isa?: Isa;
  readonly drives?: () => readonly Uint8Array[];
}): KernelGuest {
  const { name, about, source, results, isa, drives } = parts;
  return {
    name,
    about,
    source,
    results,
    ...(isa === undefined ? {} : { isa }),
    get options() {
      return {
        program: assemble(source, isa === undefined ? {} : { isa }),
        ...(drives === undefined ? {} : { drives: drives() }),
      };
    },
  };
}
