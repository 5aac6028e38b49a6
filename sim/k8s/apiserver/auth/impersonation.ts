import type { User } from "../request.js";
import { forbidden, internal } from "../status.js";
import { refusal, type Attempt, type Decision } from "./rbac.js";

const extraPrefix = "impersonate-extra-";

/**
 * Who a request is made as: by its `Impersonate-…` headers somebody else, where the one who asks may `impersonate` each part of that
 * (kubernetes, `pkg/endpoints/filters/impersonation.go`).
 * @throws ApiError 403 where that is not allowed, 500 where a group is asked for and no user
 */
export function impersonated(
  user: User,
  headers: Readonly<Record<string, string | undefined>>,
  decide: (user: User, attempt: Attempt) => Decision,
): User {
  const given = Object.keys(headers).filter((key) => key.startsWith("impersonate-"));
  if (given.length === 0) return user;
  const name = headers["impersonate-user"] ?? "";
  const uid = headers["impersonate-uid"] ?? "";
  const groups = listed(headers["impersonate-group"]);
  const extra = given
    .filter((key) => key.startsWith(extraPrefix))
    .map((key): [string, readonly string[]] => [decoded(key.slice(extraPrefix.length)), listed(headers[key])]);
  if (name === "") throw internal("requested impersonation without impersonating a user");
  const check = (resource: string, group: string, namespace: string, each: string): void => {
    const attempt: Attempt = { verb: "impersonate", group, resource, namespace, name: each, path: "" };
    if (!decide(user, attempt).allowed) throw forbidden({ group, plural: resource }, each, refusal(user, attempt));
  };
  const authentication = "authentication.k8s.io";
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name) ?? [];
  if (namespace !== undefined && account !== undefined) check("serviceaccounts", "", namespace, account);
  else check("users", "", "", name);
  for (const group of groups) check("groups", "", "", group);
  if (uid !== "") check("uids", authentication, "", uid);
  for (const [key, values] of extra) for (const value of values) check(`userextras/${key}`, authentication, "", value);
  const implied =
    groups.length === 0 && namespace !== undefined
      ? ["system:serviceaccounts", `system:serviceaccounts:${namespace}`]
      : groups;
  const known = name === "system:anonymous" ? "system:unauthenticated" : "system:authenticated";
  return {
    name,
    groups: [...new Set([...implied, known])],
    ...(uid === "" ? {} : { uid }),
    ...(extra.length === 0 ? {} : { extra: Object.fromEntries(extra) }),
  };
}

/** Percent-encoding undone; what is wrongly encoded stays as it came. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const listed = (header: string | undefined): readonly string[] =>
  (header ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
