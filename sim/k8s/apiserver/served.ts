import { builtin, groupVersion, type Resource } from "../objects/kinds.js";

/** What is served: the built-in kinds and those that CustomResourceDefinitions add. */
export class Served {
  readonly #paths = new Map<string, Resource>();
  #extra: readonly Resource[] = [];
  readonly #fixed: readonly Resource[];

  constructor(more: readonly Resource[] = []) {
    this.#fixed = [...builtin, ...more];
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
    return this.#fixed.find(
      (each) => each.plural === plural && each.storage.version === each.version && each.storage.group === each.group,
    );
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
    for (const resource of this.all)
      this.#paths.set(`${resource.group}/${resource.version}/${resource.plural}`, resource);
  }
}
