import type { Resource, Subresource } from "../../objects/kinds.js";
import {
  isObject,
  listAt,
  objectAt,
  stringAt,
  type Json,
  type JsonObject,
  type KubeObject,
} from "../../objects/value.js";
import { strings } from "../strategy.js";
import { customStruct } from "./schema-struct.js";

/** The resources that one CustomResourceDefinition adds, one for each version that it serves. */
export function resourcesOf(definition: KubeObject): readonly Resource[] {
  const spec = objectAt(definition, "spec");
  const names = objectAt(spec, "names");
  const group = stringAt(spec, "group") ?? "";
  const kind = stringAt(names, "kind") ?? "";
  const plural = stringAt(names, "plural") ?? "";
  const versions = listAt(spec, "versions");
  const stored = versions.find((version) => objectAt(version)["storage"] === true);
  return versions.flatMap((each): Resource[] => {
    if (!isObject(each) || each["served"] !== true) return [];
    const version = stringAt(each, "name") ?? "";
    const schema: JsonObject = objectAt(each, "schema", "openAPIV3Schema");
    const subresources: Subresource[] = [];
    const scale: Json | undefined = objectAt(each, "subresources")["scale"];
    if (objectAt(each, "subresources")["status"] !== undefined) subresources.push("status");
    if (isObject(scale)) subresources.push("scale");
    return [
      {
        group,
        version,
        kind,
        plural,
        singular: stringAt(names, "singular") ?? kind.toLowerCase(),
        shortNames: strings(names["shortNames"]),
        categories: strings(names["categories"]),
        namespaced: spec["scope"] === "Namespaced",
        struct: customStruct(schema, `${group.split(".").reverse().join(".")}.${version}.${kind}`),
        subresources,
        virtual: false,
        storage: { group, version: stringAt(stored, "name") ?? version, plural },
        listKind: stringAt(names, "listKind") ?? `${kind}List`,
        custom: {
          schema,
          scale: isObject(scale)
            ? {
                spec: stringAt(scale, "specReplicasPath") ?? ".spec.replicas",
                status: stringAt(scale, "statusReplicasPath") ?? ".status.replicas",
                selector: stringAt(scale, "labelSelectorPath"),
              }
            : undefined,
          columns: listAt(each, "additionalPrinterColumns"),
        },
      },
    ];
  });
}
