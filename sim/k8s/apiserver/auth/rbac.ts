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

/** Rules that a user has in a namespace, with the words that say by what. */
export function rulesFor(
  view: RoleView,
  user: User,
  namespace: string,
): readonly { readonly rules: readonly Json[]; readonly reason: string }[] {
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

/** Role-based access control (kubernetes.io, "Using RBAC Authorization"). `system:masters` may do all, whatever the roles say. */
export function authorize(view: RoleView, user: User, attempt: Attempt): Decision {
  if (user.groups.includes("system:masters")) return { allowed: true, reason: "" };
  for (const { rules, reason } of rulesFor(view, user, attempt.namespace)) {
    if (rules.some((rule) => covers(rule, attempt))) return { allowed: true, reason };
  }
  return { allowed: false, reason: "" };
}

/** Why not, as the answer words it. */
export function refusal(user: User, { verb, group, resource, namespace, path }: Attempt): string {
  const who = `User ${JSON.stringify(user.name)} cannot`;
  if (resource === "") return `${who} ${verb} path ${JSON.stringify(path)}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
  return `${who} ${verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} ${where}`;
}
