import { mime, type MimeBundle } from "./bundle.js";
import { isPlain, toJson } from "./json.js";
import { inspectText } from "./text/inspect.js";

/** Deno's convention for objects that show themselves in a notebook. */
const display: unique symbol = Symbol.for("Jupyter.display");

interface Hooked {
  [display](): unknown;
}

export function hasHook(value: unknown): value is Hooked {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return display in value && typeof value[display] === "function";
}

/** What an object's own hook gives: a bundle, or the promise of one. @throws whatever the hook throws */
export const callHook = (value: Hooked): unknown => value[display]();

/**
 * The bundle that an object's own hook has given, made fit for the wire: bytes as base64, other values as JSON, a text
 * where it gave none. A hook that gives something else is told so in the text.
 */
export function fromHook(value: Hooked, given: unknown): MimeBundle {
  if (!isPlain(given)) {
    const hint =
      given instanceof Promise
        ? "a promise, and nothing waits here; return the bundle itself"
        : `${inspectText(given)}; return an object of MIME types`;
    return { [mime.text]: `${inspectText(value)}\n(its Jupyter.display hook returned ${hint})` };
  }
  const forms = Object.entries(given).map(([type, content]) => [
    type,
    content instanceof Uint8Array ? Buffer.from(content).toString("base64") : toJson(content),
  ]);
  return { [mime.text]: inspectText(value), ...(Object.fromEntries(forms) as MimeBundle) };
}
