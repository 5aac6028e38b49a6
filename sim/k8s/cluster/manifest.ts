import { nearest, UsageError } from "../../core/index.js";
import { builtin, groupVersion } from "../objects/kinds.js";
import { isObject, listAt, stringAt, type Json, type JsonObject } from "../objects/value.js";
import { parseYaml, YamlError } from "../objects/yaml.js";

/** What `apply` takes: YAML with one or more documents, objects, or a list of them. */
export type Manifest = string | JsonObject | readonly JsonObject[];

/** The objects of a manifest; a `List` is what it lists. @throws UsageError for what is no object of the API */
export function objectsOf(manifest: Manifest): readonly JsonObject[] {
  const documents = typeof manifest === "string" ? documentsOf(manifest) : [manifest].flat();
  const objects = documents.flatMap((document): readonly Json[] => {
    if (!isObject(document)) return [document];
    return document["kind"] === "List" ? listAt(document, "items") : [document];
  });
  if (objects.length === 0)
    throw new UsageError("the manifest holds no object", "Give YAML with apiVersion, kind and metadata, or objects.");
  return objects.map((object, place) => checked(object, objects.length === 1 ? "the manifest" : `object ${place + 1}`));
}

function documentsOf(text: string): readonly Json[] {
  try {
    return parseYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new UsageError(
      `the manifest is no YAML: ${error.message}`,
      "Mend that line; indentation is of spaces alone.",
    );
  }
}

function checked(object: Json, where: string): JsonObject {
  if (!isObject(object))
    throw new UsageError(`${where} is no object but ${JSON.stringify(object)}`, "Begin with apiVersion and kind.");
  const kind = stringAt(object, "kind") ?? "";
  const version = stringAt(object, "apiVersion") ?? "";
  if (kind === "" || version === "") {
    const known = builtin.find((each) => each.kind === kind);
    const hint =
      known === undefined
        ? "Say both, as `apiVersion: v1` and `kind: Pod`."
        : `Say \`apiVersion: ${groupVersion(known)}\`.`;
    throw new UsageError(`${where} says no ${kind === "" ? "kind" : "apiVersion"}`, hint);
  }
  const { name, generateName } = isObject(object["metadata"]) ? object["metadata"] : {};
  if (typeof name !== "string" && typeof generateName !== "string")
    throw new UsageError(`${where}, a ${kind}, has no name`, "Give it one in metadata.name.");
  return object;
}

/** @throws UsageError for a kind that nobody serves, with the nearest one */
export function unknownKind(word: string, known: readonly string[]): UsageError {
  const close = nearest(word, known);
  return new UsageError(
    `the cluster doesn't serve "${word}"`,
    close === undefined ? "Ask by kind, plural or short name: pods, deploy, nodes." : `Did you mean "${close}"?`,
  );
}
