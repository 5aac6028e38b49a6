import { CORE_SCHEMA, defineScalarTag, dump, loadAll, mergeTag, NOT_RESOLVED, YAMLException } from "js-yaml";
import type { Json } from "./value.js";

/** Why a text is no YAML, and where. */
export class YamlError extends Error {
  override readonly name = "YamlError";
}

/**
 * Plain scalars as sigs.k8s.io/yaml reads them, which is go-yaml 2: YAML 1.1's octal `0400` and `yes`, `on`, `y`, and beside them
 * 1.2's `0o400`. Neither its times nor its numbers to the base of 60: both stay text.
 */
const truths = /^(?:true|True|TRUE|y|Y|yes|Yes|YES|on|On|ON)$/;
const falsehoods = /^(?:false|False|FALSE|n|N|no|No|NO|off|Off|OFF)$/;
const bool = defineScalarTag<boolean>("tag:yaml.org,2002:bool", {
  implicit: true,
  implicitFirstChars: Array.from("yYnNtTfFoO"),
  resolve: (source) => (truths.test(source) ? true : falsehoods.test(source) ? false : NOT_RESOLVED),
  identify: (value) => typeof value === "boolean",
});

/** With a base before them, or octal behind a mere 0; underscores count for nothing. */
const based = /^([+-]?)0(?:x([\da-f]+)|b([01]+)|o?([0-7]+))$/i;
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

function numberOf(source: string): number | typeof NOT_RESOLVED {
  const plain = source.replaceAll("_", "");
  const [, sign, hex, binary, octal] = based.exec(plain) ?? [];
  if (sign === undefined) return decimal.test(plain) ? Number(plain) : NOT_RESOLVED;
  const value =
    hex !== undefined ? parseInt(hex, 16) : binary !== undefined ? parseInt(binary, 2) : parseInt(octal ?? "", 8);
  return sign === "-" ? -value : value;
}

const number = (name: "int" | "float"): ReturnType<typeof defineScalarTag<number>> =>
  defineScalarTag<number>(`tag:yaml.org,2002:${name}`, {
    implicit: true,
    implicitFirstChars: Array.from("+-.0123456789"),
    resolve: numberOf,
    identify: (value) => typeof value === "number" && Number.isInteger(value) === (name === "int"),
  });

const schema = CORE_SCHEMA.withTags(bool, number("int"), number("float"), mergeTag);

/**
 * The documents of a YAML text as kubectl reads manifests, each as JSON; JSON is YAML. Empty documents are left out.
 * @throws YamlError
 */
export function parseYaml(text: string): readonly Json[] {
  try {
    const documents = loadAll(text, { schema }) as readonly (Json | undefined)[];
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
