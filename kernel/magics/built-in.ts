import { capture } from "./capture.js";
import type { Magic } from "./magic.js";
import { html, markdown, md, svg } from "./markup.js";
import { bench, time } from "./timing.js";
import { typecheck } from "./typecheck.js";

/** The kernel's own magics. */
export const builtIn: readonly Magic[] = [typecheck, time, bench, capture, html, markdown, md, svg];
