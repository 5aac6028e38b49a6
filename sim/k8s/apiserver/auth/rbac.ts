import { isObject, listAt, stringAt, type Json, type KubeObject } from "../../objects/value.js";
import { strings } from "../strategy.js";
import type { User } from "../request.js";

/** What somebody wants to do (authorization/v1, `ResourceAttributes` and `NonResourceAttributes`). */
export interface Attempt {
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `pods/log`. Empty for a path. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
}

export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** Where roles and bindings are looked up. */
export interface RoleView {
  find(plural: string, namespace: string, name: string): KubeObject | undefined;
  list(plural: string, namespace: string): readonly KubeObject[];
  /** Another number after each change of a role or a binding. */
  version(): number;
}

const has = (all: readonly string[], one: string): boolean => all.includes("*") || all.includes(one);

function covers(rule: Json, attempt: Attempt): boolean {
  const list = (key: string): string[] => (isObject(rule) ? strings(rule[key]) : []);
  if (!has(list("verbs"), attempt.verb)) return false;
  if (attempt.resource === "") {
    return list("nonResourceURLs").some(
      (url) => url === attempt.path || (url.endsWith("*") && attempt.path.startsWith(url.slice(0, -1))),
    );
  }
  const [, sub] = attempt.resource.split("/");
  const resources = list("resources");
  const named = has(resources, attempt.resource) || (sub !== undefined && resources.includes(`*/${sub}`));
  const names = list("resourceNames");
  return has(list("apiGroups"), attempt.group) && named && (names.length === 0 || names.includes(attempt.name));
}

function isSubject(subject: Json, user: User, namespace: string): boolean {
  const name = stringAt(subject, "name") ?? "";
  switch (stringAt(subject, "kind")) {
    case "User":
      return name === user.name;
    case "Group":
      return user.groups.includes(name);
    case "ServiceAccount":
      return user.name === `system:serviceaccount:${stringAt(subject, "namespace") ?? namespace}:${name}`;
    case undefined:
    default:
      return false;
  }
}

/** A role's rules; of a role that gathers others by their labels, theirs. */
function rulesOf(view: RoleView, binding: KubeObject): readonly Json[] {
  const name = stringAt(binding, "roleRef", "name") ?? "";
  const inNamespace = stringAt(binding, "roleRef", "kind") === "Role";
  const role = inNamespace
    ? view.find("roles", binding.metadata.namespace ?? "", name)
    : view.find("clusterroles", "", name);
  return role === undefined ? [] : aggregate(view, role);
}

function aggregate(view: RoleView, role: KubeObject): readonly Json[] {
  const selectors = listAt(role, "aggregationRule", "clusterRoleSelectors");
  if (selectors.length === 0) return listAt(role, "rules");
  const gathered = view.list("clusterroles", "").filter((other) =>
    selectors.some((selector) => {
      const wanted = Object.entries(
        isObject(selector) && isObject(selector["matchLabels"]) ? selector["matchLabels"] : {},
      );
      return wanted.length > 0 && wanted.every(([key, value]) => other.metadata.labels?.[key] === value);
    }),
  );
  return gathered.filter((other) => other !== role).flatMap((other) => aggregate(view, other));
}

interface Granted {
  readonly rules: readonly Json[];
  readonly reason: string;
}

/** Rules that a user has in a namespace, with the words that say by what. */
export function rulesFor(view: RoleView, user: User, namespace: string): readonly Granted[] {
  const bindings = [
    ...view.list("clusterrolebindings", ""),
    ...(namespace === "" ? [] : view.list("rolebindings", namespace)),
  ];
  return bindings.flatMap((binding) => {
    const subject = listAt(binding, "subjects").find((each) => isSubject(each, user, binding.metadata.namespace ?? ""));
    if (subject === undefined) return [];
    const { name = "", namespace: within } = binding.metadata;
    const role = `${stringAt(binding, "roleRef", "kind") ?? ""} ${JSON.stringify(stringAt(binding, "roleRef", "name") ?? "")}`;
    const who = `${stringAt(subject, "kind") ?? ""} ${JSON.stringify(stringAt(subject, "name") ?? "")}`;
    const what =
      within === undefined
        ? `ClusterRoleBinding ${JSON.stringify(name)}`
        : `RoleBinding ${JSON.stringify(`${name}/${within}`)}`;
    return [{ rules: rulesOf(view, binding), reason: `RBAC: allowed by ${what} of ${role} to ${who}` }];
  });
}

/** What was decided of a user in a namespace. */
interface Memory {
  readonly granted: readonly Granted[];
  /** By what is wanted; undefined where rules name single objects, so that an answer holds for one of them alone. */
  readonly decided: Map<string, Decision> | undefined;
}

/**
 * Role-based access control (kubernetes.io, "Using RBAC Authorization"). `system:masters` may do all, whatever the roles say. Components
 * ask the same over and over: answers are remembered until a role or a binding changes.
 */
export class Authorizer {
  readonly #view: RoleView;
  readonly #users = new Map<string, Memory>();
  /** The same by the object that says who asks, and the namespace: components' clients give the same one each time. */
  #known = new WeakMap<User, Map<string, Memory>>();
  #version = -1;

  constructor(view: RoleView) {
    this.#view = view;
  }

  decide(user: User, attempt: Attempt): Decision {
    if (user.groups.includes("system:masters")) return { allowed: true, reason: "" };
    const { granted, decided } = this.#of(user, attempt.namespace);
    const key = `${attempt.verb} ${attempt.group} ${attempt.resource} ${attempt.path}`;
    const known = decided?.get(key);
    if (known !== undefined) return known;
    const found = granted.find(({ rules }) => rules.some((rule) => covers(rule, attempt)));
    const decision = found === undefined ? { allowed: false, reason: "" } : { allowed: true, reason: found.reason };
    decided?.set(key, decision);
    return decision;
  }

  #of(user: User, namespace: string): Memory {
    const version = this.#view.version();
    // Names come from outside: what is remembered of them must not grow for ever.
    if (version !== this.#version || this.#users.size > mostUsers) {
      this.#users.clear();
      this.#known = new WeakMap();
    }
    this.#version = version;
    let places = this.#known.get(user);
    const known = places?.get(namespace);
    if (known !== undefined) return known;
    const key = `${namespace}\0${user.name}\0${user.groups.join("\0")}`;
    let memory = this.#users.get(key);
    if (memory === undefined) {
      const granted = rulesFor(this.#view, user, namespace);
      const single = granted.some(({ rules }) => rules.some((rule) => listAt(rule, "resourceNames").length > 0));
      this.#users.set(key, (memory = { granted, decided: single ? undefined : new Map<string, Decision>() }));
    }
    if (places === undefined) this.#known.set(user, (places = new Map<string, Memory>()));
    places.set(namespace, memory);
    return memory;
  }
}

const mostUsers = 50_000;

/** Why not, as the answer words it. */
export function refusal(user: User, { verb, group, resource, namespace, path }: Attempt): string {
  const who = `User ${JSON.stringify(user.name)} cannot`;
  if (resource === "") return `${who} ${verb} path ${JSON.stringify(path)}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
  return `${who} ${verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} ${where}`;
}
