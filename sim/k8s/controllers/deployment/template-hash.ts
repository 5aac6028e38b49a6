import { equal, isArray, isObject, omit, type Json } from "../../objects/value.js";
import type { Kinds } from "../../client/types.js";

export const hashLabel = "pod-template-hash";

type Template = Kinds["replicasets"]["spec"]["template"];

/** Digits and consonants that make no words and aren't mistaken for each other (apimachinery, `SafeEncodeString`). */
const safe = "bcdfghjklmnpqrstvwxz2456789";

/** The same for templates that are equal, whatever the order of their keys. */
function canonical(value: Json | undefined): string {
  if (isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const entries = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${entries.join(",")}}`;
}

/**
 * A name for a template: FNV-1a of 32 bits (kubernetes, `ComputeHash`). Simplification: Kubernetes hashes Go's dump of the structure, we
 * hash JSON, so the names differ from a real cluster's.
 * @param collisions how often the name was found to belong to another template
 */
export function templateHash(template: Template, collisions: number | undefined): string {
  let hash = 0x811c9dc5;
  const text = canonical(template) + (collisions === undefined ? "" : String(collisions));
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return String(hash >>> 0).replace(/\d/g, (digit) => safe.charAt(digit.charCodeAt(0) % safe.length));
}

function withoutHash(template: Template): Template {
  const { metadata = {} } = template;
  const { labels = {} } = metadata;
  return {
    ...template,
    metadata: { ...metadata, labels: omit(labels, hashLabel) as Readonly<Record<string, string>> },
  };
}

/**
 * Whether two templates ask for the same pods. The hashes are not compared: a newer version that fills another default would change
 * them and roll out every Deployment anew.
 */
export const sameTemplate = (a: Template, b: Template): boolean => equal(withoutHash(a), withoutHash(b));
