import { builtin, groupVersion, type Resource } from "../objects/kinds.js";

/** A collection that a path names: a resource, in a namespace unless that is "". */
export interface Root {
  readonly resource: Resource;
  readonly namespace: string;
}

/** What is served: the built-in kinds and those that CustomResourceDefinitions add. */
export class Served {
  readonly #paths = new Map<string, Resource>();
  readonly #named = new Map<string, Resource>();
  readonly #roots = new Map<string, Root>();
  #extra: readonly Resource[] = [];
  readonly #fixed: readonly Resource[];

  constructor(more: readonly Resource[] = []) {
    this.#fixed = [...builtin, ...more];
    for (const each of this.#fixed)
      if (each.storage.version === each.version && each.storage.group === each.group && !this.#named.has(each.plural))
        this.#named.set(each.plural, each);
    this.#index();
  }

  get all(): readonly Resource[] {
    return [...this.#fixed, ...this.#extra];
  }

  /** Replaces the kinds that definitions add. */
  define(resources: readonly Resource[]): void {
    this.#extra = resources;
    this.#index();
  }

  at(group: string, version: string, plural: string): Resource | undefined {
    return this.#paths.get(`${group}/${version}/${plural}`);
  }

  /** A built-in kind by its plural alone, the version that is kept. */
  named(plural: string): Resource | undefined {
    return this.#named.get(plural);
  }

  /** What is remembered of the path of a collection: `/api/v1/namespaces/default/pods`. All its objects share the namespace's text. */
  root(path: string): Root | undefined {
    return this.#roots.get(path);
  }

  remember(path: string, root: Root): void {
    // Paths come from outside.
    if (this.#roots.size >= 10_000) this.#roots.clear();
    this.#roots.set(path, root);
  }

  ofKind(apiVersion: string, kind: string): Resource | undefined {
    return this.all.find((each) => each.kind === kind && groupVersion(each) === apiVersion);
  }

  /** Groups in the order of discovery, each with its versions, the preferred one first. */
  groups(): readonly { readonly name: string; readonly versions: readonly string[] }[] {
    const groups = new Map<string, Set<string>>();
    for (const { group, version } of this.all) {
      if (group === "") continue;
      const versions = groups.get(group) ?? new Set();
      groups.set(group, versions.add(version));
    }
    return [...groups].map(([name, versions]) => ({ name, versions: [...versions] }));
  }

  #index(): void {
    this.#paths.clear();
    this.#roots.clear();
    for (const resource of this.all)
      this.#paths.set(`${resource.group}/${resource.version}/${resource.plural}`, resource);
  }
}
