import { decodeBase64, encodeBase64, encodeUtf8, type Rng } from "../../../core/index.js";
import { decodeUtf8 } from "../../objects/text.js";
import { listAt, numberAt, stringAt, type Json, type JsonObject, type KubeObject } from "../../objects/value.js";
import type { User } from "../request.js";
import { hmacSha256 } from "./sha256.js";

const issuer = "https://kubernetes.default.svc.cluster.local";

const encodePart = (bytes: Uint8Array): string =>
  encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const decodePart = (text: string): string => decodeUtf8(decodeBase64(text.replaceAll("-", "+").replaceAll("_", "/")));

/** What a bound token is for: an account, perhaps as a pod of a node has it. */
export interface TokenSubject {
  readonly account: KubeObject;
  /** Seconds since 1970. */
  readonly now: number;
  readonly seconds: number;
  readonly audiences: readonly string[];
  readonly bound: { readonly kind: string; readonly name: string; readonly uid: string } | undefined;
  readonly id: string;
}

/**
 * Tokens of service accounts: JSON Web Tokens with the claims of Kubernetes (kubernetes.io, "Managing Service Accounts"). Signed
 * with HS256 and a key of the seed, where Kubernetes has a key pair: nobody but the API server checks them here.
 */
export class Tokens {
  readonly #key: Uint8Array;

  constructor(rng: Rng) {
    this.#key = Uint8Array.from({ length: 32 }, () => rng.uint32() & 255);
  }

  sign({ account, now, seconds, audiences, bound, id }: TokenSubject): string {
    const { namespace = "", name = "", uid = "" } = account.metadata;
    const issued = Math.floor(now);
    const claims: JsonObject = {
      aud: [...audiences],
      exp: issued + seconds,
      iat: issued,
      iss: issuer,
      jti: id,
      "kubernetes.io": {
        namespace,
        ...(bound === undefined ? {} : { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }),
        serviceaccount: { name, uid },
      },
      nbf: issued,
      sub: `system:serviceaccount:${namespace}:${name}`,
    };
    const text = [{ alg: "HS256", typ: "JWT" }, claims]
      .map((part) => encodePart(encodeUtf8(JSON.stringify(part))))
      .join(".");
    return `${text}.${encodePart(hmacSha256(this.#key, encodeUtf8(text)))}`;
  }

  /** The claims of a token that was signed here and is in force; undefined for any other. */
  verify(token: string, now: number): JsonObject | undefined {
    const [head = "", body = "", signature = "", ...more] = token.split(".");
    if (more.length > 0 || signature !== encodePart(hmacSha256(this.#key, encodeUtf8(`${head}.${body}`))))
      return undefined;
    const claims = JSON.parse(decodePart(body)) as JsonObject;
    return (numberAt(claims, "exp") ?? 0) > now && (numberAt(claims, "nbf") ?? 0) <= now + 1 ? claims : undefined;
  }
}

export const audience: string = issuer;

/** Whose token has these claims, if the account and what the token is bound to are still the same. */
export function userOf(
  claims: JsonObject,
  find: (plural: string, namespace: string, name: string) => KubeObject | undefined,
): User | undefined {
  const own: Json = claims["kubernetes.io"] ?? {};
  const namespace = stringAt(own, "namespace") ?? "";
  const name = stringAt(own, "serviceaccount", "name") ?? "";
  const uid = stringAt(own, "serviceaccount", "uid") ?? "";
  if (find("serviceaccounts", namespace, name)?.metadata.uid !== uid) return undefined;
  const extra: Record<string, readonly string[]> = {
    "authentication.kubernetes.io/credential-id": [`JTI=${stringAt(claims, "jti") ?? ""}`],
  };
  const pod = stringAt(own, "pod", "name");
  if (pod !== undefined) {
    if (find("pods", namespace, pod)?.metadata.uid !== stringAt(own, "pod", "uid")) return undefined;
    extra["authentication.kubernetes.io/pod-name"] = [pod];
    extra["authentication.kubernetes.io/pod-uid"] = [stringAt(own, "pod", "uid") ?? ""];
  }
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
    extra,
  };
}

/** Whether claims name one of the audiences. */
export const isFor = (claims: JsonObject, audiences: readonly string[]): boolean =>
  listAt(claims, "aud").some((each) => typeof each === "string" && audiences.includes(each));
