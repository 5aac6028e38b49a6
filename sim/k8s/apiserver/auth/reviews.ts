import {
  isObject,
  listAt,
  numberAt,
  objectAt,
  stringAt,
  type Draft,
  type Json,
  type JsonObject,
  type KubeObject,
} from "../../objects/value.js";
import { parseBody } from "../body.js";
import type { Call, Machinery } from "../handlers.js";
import { decodeAs } from "../decoding.js";
import { json, type ApiResponse, type User } from "../request.js";
import { badRequest, invalid } from "../status.js";
import { strings } from "../strategy.js";
import { structNamed } from "../../objects/structs.js";
import { formatTime } from "../../objects/time.js";
import { rulesFor, type Attempt, type Decision, type RoleView } from "./rbac.js";
import { audience, isFor, userOf, type Tokens } from "./tokens.js";

export interface Authority {
  readonly view: RoleView;
  readonly tokens: Tokens;
  /** What the server's own authorizer says. */
  readonly decide: (user: User, attempt: Attempt) => Decision;
}

const text = (value: Json | undefined, key: string): string => stringAt(value, key) ?? "";

function attemptOf(spec: JsonObject): Attempt {
  const resource = objectAt(spec, "resourceAttributes");
  const path = objectAt(spec, "nonResourceAttributes");
  const sub = text(resource, "subresource");
  const asked = spec["resourceAttributes"] !== undefined;
  return {
    verb: asked ? text(resource, "verb") : text(path, "verb"),
    group: text(resource, "group"),
    resource: asked ? `${text(resource, "resource")}${sub === "" ? "" : `/${sub}`}` : "",
    namespace: text(resource, "namespace"),
    name: text(resource, "name"),
    path: text(path, "path"),
  };
}

const userInfo = ({ name, uid, groups, extra }: User): JsonObject => ({
  username: name,
  ...(uid === undefined ? {} : { uid }),
  groups: [...groups],
  ...(extra === undefined
    ? {}
    : { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) }),
});

/** Reviews: questions about who may do what, and who somebody is. Nothing is kept of them. */
export function review(machinery: Machinery, call: Call, { view, tokens, decide }: Authority): ApiResponse {
  const { resource, writer, namespace } = call;
  const { user } = writer;
  const given = decodeAs(resource, parseBody(call.request, resource), writer);
  const spec = objectAt(given, "spec");
  const answer = (status: JsonObject): ApiResponse =>
    json(201, { ...given, metadata: objectAt(given, "metadata"), status });
  switch (resource.kind) {
    case "SelfSubjectAccessReview":
    case "SubjectAccessReview":
    case "LocalSubjectAccessReview": {
      if ((spec["resourceAttributes"] === undefined) === (spec["nonResourceAttributes"] === undefined)) {
        throw invalid(resource.group, resource.kind, "", [
          {
            reason: "FieldValueInvalid",
            field: "spec.resourceAttributes",
            message:
              'Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified',
          },
        ]);
      }
      const other: User = { name: text(spec, "user"), groups: strings(spec["groups"]) };
      if (
        resource.kind === "LocalSubjectAccessReview" &&
        stringAt(spec, "resourceAttributes", "namespace") !== namespace
      ) {
        throw badRequest("spec.resourceAttributes.namespace must match namespace");
      }
      const { allowed, reason } = decide(resource.kind === "SelfSubjectAccessReview" ? user : other, attemptOf(spec));
      return answer({ allowed, ...(reason === "" ? {} : { reason }) });
    }
    case "SelfSubjectRulesReview": {
      const all = user.groups.includes("system:masters")
        ? [
            { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
            { verbs: ["*"], nonResourceURLs: ["*"] },
          ]
        : rulesFor(view, user, text(spec, "namespace")).flatMap(({ rules }) => rules);
      const paths = (rule: Json): boolean => listAt(rule, "nonResourceURLs").length > 0;
      return answer({
        resourceRules: all.filter((rule) => !paths(rule)),
        nonResourceRules: all.filter(paths),
        incomplete: false,
      });
    }
    case "SelfSubjectReview":
      return answer({ userInfo: userInfo(user) });
    case "TokenReview": {
      const claims = tokens.verify(text(spec, "token"), machinery.registry.seconds);
      const audiences = strings(spec["audiences"]);
      const found =
        claims === undefined || !isFor(claims, audiences.length === 0 ? [audience] : audiences)
          ? undefined
          : userOf(claims, (...where) => view.find(...where));
      return answer(
        found === undefined
          ? { user: {}, error: "[invalid bearer token]" }
          : { authenticated: true, user: userInfo(found), audiences: audiences.length === 0 ? [audience] : audiences },
      );
    }
    default:
      throw badRequest(`${resource.kind} is no review`);
  }
}

const tokenRequest = {
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenRequest",
  struct: structNamed("authentication.TokenRequest"),
};

/** `serviceaccounts/NAME/token` */
export function requestToken(machinery: Machinery, call: Call, { view, tokens }: Authority): ApiResponse {
  const { registry } = machinery;
  const { resource, namespace, name } = call;
  const account = registry.get(resource, namespace, name);
  const given = parseBody(call.request, tokenRequest);
  const seconds = numberAt(given, "spec", "expirationSeconds") ?? 3600;
  const refuse = (message: string): Error =>
    invalid("authentication.k8s.io", "TokenRequest", "", [
      {
        reason: "FieldValueInvalid",
        field: "spec.expirationSeconds",
        message: `Invalid value: ${seconds}: ${message}`,
      },
    ]);
  if (seconds < 600) throw refuse("may not specify a duration less than 10 minutes");
  if (seconds > 2 ** 32) throw refuse("may not specify a duration larger than 2^32 seconds");
  const reference = objectAt(given, "spec", "boundObjectRef");
  const kind = text(reference, "kind");
  let bound: { kind: string; name: string; uid: string } | undefined;
  if (kind !== "") {
    const plural = { Pod: "pods", Secret: "secrets", Node: "nodes" }[kind];
    if (plural === undefined) throw badRequest(`cannot bind token for serviceaccount to object type ${kind}`);
    const object: KubeObject | undefined = view.find(plural, kind === "Node" ? "" : namespace, text(reference, "name"));
    if (object === undefined) throw badRequest(`${plural} "${text(reference, "name")}" not found`);
    bound = { kind, name: object.metadata.name ?? "", uid: object.metadata.uid ?? "" };
  }
  const audiences = strings(objectAt(given, "spec")["audiences"]);
  const now = registry.seconds;
  const token = tokens.sign({
    account,
    now,
    seconds,
    audiences: audiences.length === 0 ? [audience] : audiences,
    bound,
    id: registry.uid(),
  });
  const spec: Draft = { audiences: audiences.length === 0 ? [audience] : audiences, expirationSeconds: seconds };
  if (isObject(reference) && kind !== "") spec["boundObjectRef"] = reference;
  return json(201, {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name, namespace, creationTimestamp: registry.time },
    spec,
    status: { token, expirationTimestamp: formatTime(Math.floor(now) + seconds) },
  });
}
