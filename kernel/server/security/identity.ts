import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** How a request showed who it comes from. A token in it can't be forged by another site; a cookie is sent by the browser. */
export type Proof = "token" | "cookie" | "none";

/** What knows the token, and the cookies made from it. */
export interface Identity {
  readonly token: string;
  /** How a request proves that its sender knows the token. */
  prove(request: IncomingMessage, url: URL): Proof;
  isToken(word: string): boolean;
  /** The `Set-Cookie` values that let a browser in: the session's and the one with the XSRF token. */
  cookies(): readonly string[];
  /** The `Set-Cookie` values that shut it out again. */
  noCookies(): readonly string[];
  /** Whether a request with a session's cookie carries the XSRF token of that session. */
  hasXsrfToken(request: IncomingMessage, url: URL): boolean;
}

/** A fresh token: 192 bits of chance. */
export const newToken = (): string => randomBytes(24).toString("hex");

/** Compares in a time that doesn't tell how much was right, nor how long the secret is. */
function equal(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function cookiesOf(request: IncomingMessage): ReadonlyMap<string, string> {
  const pairs = (request.headers.cookie ?? "").split(";").map((pair): [string, string] => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at < 0 ? undefined : at).trim(), at < 0 ? "" : pair.slice(at + 1).trim()];
  });
  return new Map(pairs);
}

const xsrfCookie = "_xsrf";

/**
 * @param token what a person hands in once
 * @param port tells the cookies of two servers on one machine apart: browsers ignore the port
 */
export function createIdentity(token: string, port: () => number): Identity {
  // Cookies are worth nothing beyond this process's life.
  const secret = randomBytes(32);
  const sign = (purpose: string, text: string): string =>
    createHmac("sha256", secret).update(`${purpose}:${text}`).digest("hex");
  const sessionCookie = (): string => `virtlab-${port()}`;

  /** The session's name out of its cookie, where that is ours. */
  function session(request: IncomingMessage): string | undefined {
    const [name, signature] = (cookiesOf(request).get(sessionCookie()) ?? "").split(".");
    if (name === undefined || signature === undefined) return undefined;
    return equal(sign("session", name), signature) ? name : undefined;
  }

  function givenToken(request: IncomingMessage, url: URL): string | undefined {
    const [, word] = /^(?:token|bearer)\s+(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
    return word ?? url.searchParams.get("token") ?? undefined;
  }

  return {
    token,
    isToken: (word) => equal(word, token),
    prove(request, url) {
      const given = givenToken(request, url);
      if (given !== undefined && equal(given, token)) return "token";
      return session(request) === undefined ? "none" : "cookie";
    },
    cookies() {
      const name = randomBytes(16).toString("hex");
      // Lax: the link that was printed works from wherever it is clicked.
      return [
        `${sessionCookie()}=${name}.${sign("session", name)}; Path=/; HttpOnly; SameSite=Lax`,
        // The interface reads this one and sends it back in a header, which no other site's page can.
        `${xsrfCookie}=${sign("xsrf", name)}; Path=/; SameSite=Lax`,
      ];
    },
    noCookies: () => [sessionCookie(), xsrfCookie].map((name) => `${name}=; Path=/; Max-Age=0`),
    hasXsrfToken(request, url) {
      const name = session(request);
      const header = request.headers["x-xsrftoken"] ?? request.headers["x-csrftoken"] ?? url.searchParams.get("_xsrf");
      return name !== undefined && typeof header === "string" && equal(sign("xsrf", name), header);
    },
  };
}
