import { createRequire } from "node:module";
import type ts from "typescript";

/**
 * TypeScript's values; its types are imported as such. By `require`, because of a CommonJS module that is imported Node
 * first reads the whole text for the names of its exports: of this one a third of the time until the first answer.
 */
export const compiler: typeof ts = createRequire(import.meta.url)("typescript") as typeof ts;
