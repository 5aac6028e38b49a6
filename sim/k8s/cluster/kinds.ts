import { builtin, groupVersion } from "../objects/kinds.js";
import { listAt, objectAt, stringAt, type Json, type JsonObject } from "../objects/value.js";
import { unknownKind } from "./manifest.js";

/** A kind as one asks for it. */
export interface KnownKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** `deployment.apps`, as messages name it. */
  readonly title: string;
  /** Of one object, or of all: of a namespace, or of all namespaces (""). */
  path(namespace: string, name?: string): string;
}

export interface Wanted {
  readonly kind: KnownKind;
  /** "" for all of the kind. */
  readonly name: string;
}

interface Row {
  readonly apiVersion: string;
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
}

const own: readonly Row[] = builtin
  .filter(({ virtual, storage, group, version }) => !virtual && storage.group === group && storage.version === version)
  .map((resource) => ({ ...resource, apiVersion: groupVersion(resource) }));

function known({ apiVersion, group, kind, plural, singular, namespaced }: Row): KnownKind {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return {
    apiVersion,
    kind,
    plural,
    namespaced,
    title: group === "" ? singular : `${singular}.${group}`,
    path: (namespace, name = "") =>
      `${root}${namespaced && namespace !== "" ? `/namespaces/${namespace}` : ""}/${plural}${name === "" ? "" : `/${name}`}`,
  };
}

/** Finds kinds by any of their names, custom ones included. */
export class Kinds {
  readonly #read: (path: string) => JsonObject;

  constructor(read: (path: string) => JsonObject) {
    this.#read = read;
  }

  /** @throws UsageError for what isn't served */
  of(apiVersion: string, kind: string): KnownKind {
    const version = (row: Row): boolean => row.apiVersion === apiVersion && row.kind === kind;
    // A version that is merely converted is served under its own path.
    const other = builtin.find((each) => groupVersion(each) === apiVersion && each.kind === kind && !each.virtual);
    const row = own.find(version) ?? (other === undefined ? this.#custom().find(version) : { ...other, apiVersion });
    if (row !== undefined) return known(row);
    throw unknownKind(
      `${kind} of ${apiVersion}`,
      [...own, ...this.#custom()].map((each) => `${each.kind} of ${each.apiVersion}`),
    );
  }

  /** `pods`, `pod/web`, `deploy web`, `deployments.apps/web`. @throws UsageError for what isn't served */
  wanted(what: string): Wanted {
    const [word = "", name = ""] = what.trim().split(/[\s/]+/, 2);
    const lower = word.toLowerCase();
    const [first = "", ...group] = lower.split(".");
    const named = (row: Row): boolean =>
      [row.plural, row.singular, row.kind.toLowerCase(), ...row.shortNames].includes(first) &&
      (group.length === 0 || row.group.startsWith(group.join(".")));
    const row = own.find(named) ?? this.#custom().find(named);
    if (row === undefined)
      throw unknownKind(
        word,
        [...own, ...this.#custom()].flatMap((each) => [each.plural, each.singular, ...each.shortNames]),
      );
    return { kind: known(row), name };
  }

  #custom(): readonly Row[] {
    const definitions = this.#read("/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
    return listAt(definitions, "items").flatMap((definition): Row[] => {
      const spec = objectAt(definition, "spec");
      const names = objectAt(spec, "names");
      const group = stringAt(spec, "group") ?? "";
      const versions = listAt(spec, "versions").filter((each: Json) => objectAt(each)["served"] === true);
      return versions.map((version) => ({
        apiVersion: `${group}/${stringAt(version, "name") ?? ""}`,
        group,
        kind: stringAt(names, "kind") ?? "",
        plural: stringAt(names, "plural") ?? "",
        singular: stringAt(names, "singular") ?? (stringAt(names, "kind") ?? "").toLowerCase(),
        shortNames: listAt(names, "shortNames").filter((each) => typeof each === "string"),
        namespaced: stringAt(spec, "scope") === "Namespaced",
      }));
    });
  }
}
