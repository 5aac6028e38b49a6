import { assemble } from "../../machine/index.js";
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
  readonly drives?: () => readonly Uint8Array[];
}): KernelGuest {
  const { name, about, source, results, drives } = parts;
  return {
    name,
    about,
    source,
    results,
    get options() {
      return { program: assemble(source), ...(drives === undefined ? {} : { drives: drives() }) };
    },
  };
}
