import { UsageError, withDefaults } from "../core/index.js";
import { CodeCache } from "./code-cache.js";
import { checkShadows, trace, type ShadowPolicy } from "./shadow-policy.js";
import type { Technique } from "./technique.js";
import { DeprivilegedCpu } from "./trap-and-emulate.js";

export interface BinaryTranslationOptions extends ShadowPolicy {
  /** Of rewritten code, for each virtual hart; the one used longest ago gives way where there are no more. */
  readonly codePages: number;
}

/**
 * The technique with a code cache of your size, and shadow tables of your choice:
 * `vmm.binaryTranslationWith({ codePages: 16, shadows: "traced" })`.
 * @throws UsageError for an option that there isn't, no whole number of pages, or no such policy
 */
export function binaryTranslationWith(given?: Partial<BinaryTranslationOptions>): Technique {
  const { codePages, shadows } = withDefaults<BinaryTranslationOptions>("binary translation", given, {
    codePages: 256,
    shadows: "lazy",
  });
  checkShadows(shadows);
  if (!Number.isInteger(codePages) || codePages < 1) {
    throw new UsageError(`a code cache can't have ${codePages} pages`, "Give a whole number from 1 on.");
  }
  return {
    name: "binary-translation",
    title: "Binary translation (Adams & Agesen 2006)",
    pages: () => codePages,
    createCpu(parts) {
      const { guest, host, allocator, ramBase, allotment, frames } = parts;
      allocator.code = new CodeCache({
        guest,
        host: host.machine,
        ramBase,
        allotment,
        frames,
        forget: () => {
          allocator.shadow.forget(undefined);
        },
      });
      if (shadows === "traced") trace(parts);
      return new DeprivilegedCpu(parts);
    },
  };
}

/**
 * The guest's kernel is rewritten before it executes, so that no sensitive instruction is left in it: whether those trap doesn't
 * matter. User code executes directly.
 */
export const binaryTranslation: Technique = binaryTranslationWith();
