import { decodeBase64, encodeUtf8, UsageError, type Engine } from "../../core/index.js";
import { textOf, type HttpRequest, type HttpResponse } from "../../net/index.js";
import { digestOf, hexOf } from "../image/digest.js";
import { failure, json, type Target } from "./protocol.js";

/** Who may do what, by tokens as Docker's registries give them (distribution's "Token Authentication Specification"). */
export interface AccessPolicy {
  /** Where tokens are got: "http://auth.docker.io/token". The registry itself answers at this path. */
  readonly realm: string;
  readonly service: string;
  /** Passwords by users' names. */
  readonly users: Readonly<Record<string, string>>;
  /** What somebody may do with a repository; the user is undefined for who gave no name. */
  readonly allows: (user: string | undefined, repository: string, action: "pull" | "push") => boolean;
}

/** Docker Hub's rule: everybody may pull, and a user push below its own name. */
export const namespacePolicy = (of: Omit<AccessPolicy, "allows">): AccessPolicy => ({
  ...of,
  allows: (user, repository, action) => action === "pull" || (user !== undefined && repository.startsWith(`${user}/`)),
});

/** What a token lets its bearer do. */
interface Grant {
  readonly user: string | undefined;
  readonly actions: ReadonlySet<string>;
  readonly until: number;
}

/** How long a token lasts, in seconds: Docker Hub's. */
const lifetime = 300;

export class Authorization {
  readonly #policy: AccessPolicy;
  readonly #engine: Engine;
  readonly #grants = new Map<string, Grant>();
  #issued = 0;

  constructor(policy: AccessPolicy, engine: Engine) {
    this.#policy = policy;
    this.#engine = engine;
  }

  /** Whether a path is that of the tokens. */
  serves(path: string): boolean {
    return this.#policy.realm.endsWith(path) && path !== "/" && !path.startsWith("/v2/");
  }

  /** `GET /token?service=…&scope=repository:NAME:pull,push`, with a name and password or without. */
  issue(request: HttpRequest, { query }: Target): HttpResponse {
    const basic = /^basic (.+)$/i.exec(request.headers["authorization"] ?? "")?.[1];
    const user = basic === undefined ? undefined : this.#user(basic);
    if (basic !== undefined && user === undefined)
      return failure("UNAUTHORIZED", { message: "incorrect username or password" });
    const [kind, repository = "", wanted = ""] = splitScope(query.get("scope") ?? "");
    const actions = wanted
      .split(",")
      .filter(
        (action) =>
          kind === "repository" &&
          (action === "pull" || action === "push") &&
          this.#policy.allows(user, repository, action),
      );
    const now = this.#engine.now;
    for (const [old, { until }] of this.#grants) if (until <= now) this.#grants.delete(old);
    const token = hexOf(digestOf(encodeUtf8(`${this.#policy.service} ${++this.#issued} ${now} ${repository}`)));
    this.#grants.set(token, {
      user,
      actions: new Set(actions.map((action) => `${repository}:${action}`)),
      until: now + lifetime * 1e9,
    });
    return json({ token, access_token: token, expires_in: lifetime });
  }

  /** The user behind a request that may do it; else the answer that says what is lacking. */
  check(
    request: HttpRequest,
    repository: string | undefined,
    action: "pull" | "push",
  ): { readonly user: string | undefined } | HttpResponse {
    const bearer = /^bearer (.+)$/i.exec(request.headers["authorization"] ?? "")?.[1];
    const grant = bearer === undefined ? undefined : this.#grants.get(bearer);
    const valid = grant !== undefined && grant.until > this.#engine.now;
    if (valid && (repository === undefined || grant.actions.has(`${repository}:${action}`))) return grant;
    if (valid) return failure("DENIED");
    const { realm, service } = this.#policy;
    const actions = action === "push" ? "pull,push" : "pull";
    const scope = repository === undefined ? "" : `,scope="repository:${repository}:${actions}"`;
    return failure("UNAUTHORIZED", {
      headers: { "www-authenticate": `Bearer realm="${realm}",service="${service}"${scope}` },
    });
  }

  #user(basic: string): string | undefined {
    let pair: string;
    try {
      pair = textOf(decodeBase64(basic));
    } catch (error) {
      if (error instanceof UsageError) return undefined;
      throw error;
    }
    const colon = pair.indexOf(":");
    const name = pair.slice(0, colon);
    const { users } = this.#policy;
    return colon > 0 && Object.hasOwn(users, name) && users[name] === pair.slice(colon + 1) ? name : undefined;
  }
}

/** "repository:host:5000/name:pull" in three: a name may have colons, its kind and actions have none. */
function splitScope(scope: string): string[] {
  const [first, last] = [scope.indexOf(":"), scope.lastIndexOf(":")];
  return first < 0 || first === last
    ? []
    : [scope.slice(0, first), scope.slice(first + 1, last), scope.slice(last + 1)];
}
