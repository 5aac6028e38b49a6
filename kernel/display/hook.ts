import { mime, type MimeBundle } from "./bundle.js";
import { isPlain, toJson } from "./json.js";
import { inspectText } from "./text/inspect.js";

/** Deno's convention for objects that show themselves in a notebook. */
const display: unique symbol = Symbol.for("Jupyter.display");

interface Hooked {
  [display](): unknown;
}

export function hasHook(value: unknown): value is Hooked {
  return typeof value === "object" && value !== null && display in value && typeof value[display] === "function";
}

/**
 * The bundle that an object's own hook returns, made fit for the wire: bytes as base64, other values as JSON, a text
 * where it gave none. A hook that returns something else is told so in the text.
 * @throws whatever the hook throws
 */
export function fromHook(value: Hooked): MimeBundle {
  const given = value[display]();
  if (!isPlain(given)) {
    const hint =
      given instanceof Promise
        ? "a promise; return the bundle itself"
        : `${inspectText(given)}; return an object of MIME types`;
    return { [mime.text]: `${inspectText(value)}\n(its Jupyter.display hook returned ${hint})` };
  }
  const forms = Object.entries(given).map(([type, content]) => [
    type,
    content instanceof Uint8Array ? Buffer.from(content).toString("base64") : toJson(content),
  ]);
  return { [mime.text]: inspectText(value), ...(Object.fromEntries(forms) as MimeBundle) };
}
