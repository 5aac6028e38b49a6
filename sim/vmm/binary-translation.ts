import { CodeCache } from "./code-cache.js";
import type { Technique } from "./technique.js";
import { DeprivilegedCpu } from "./trap-and-emulate.js";

/** Of rewritten code, for each virtual hart. */
const codePages = 256;

/**
 * The guest's kernel is rewritten before it executes, so that no sensitive instruction is left in it: whether those trap doesn't
 * matter. User code executes directly.
 */
export const binaryTranslation: Technique = {
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
    return new DeprivilegedCpu(parts);
  },
};
