import { dump, loadAll, YAMLException } from "js-yaml";
import type { Json } from "./value.js";

/** Why a text is no YAML, and where. */
export class YamlError extends Error {
  override readonly name = "YamlError";
}

/**
 * The documents of a YAML text (YAML 1.2, core schema), each as JSON; JSON is YAML. Empty documents are left out.
 * @throws YamlError
 */
export function parseYaml(text: string): readonly Json[] {
  try {
    const documents = loadAll(text) as readonly (Json | undefined)[];
    return documents.filter((each) => each !== undefined && each !== null);
  } catch (error) {
    if (error instanceof YAMLException) throw new YamlError(error.reason + placeOf(error));
    throw error;
  }
}

function placeOf({ mark }: YAMLException): string {
  return mark === undefined ? "" : ` (line ${mark.line + 1}, column ${mark.column + 1})`;
}

/** A value as YAML, as `kubectl get -o yaml` prints it. */
export const formatYaml = (value: Json): string => dump(value, { lineWidth: -1, noRefs: true });
