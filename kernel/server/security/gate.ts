import type { IncomingMessage } from "node:http";
import { HttpError } from "../http/http-error.js";
import { isOurHost, isSameOrigin } from "./hosts.js";
import type { Identity, Proof } from "./identity.js";

/** What a request must show before any route sees it. */
export interface Gate {
  /**
   * @param isPublic whether the route is answered to everyone
   * @returns how the sender proved that it knows the token
   * @throws HttpError 403, whose reason names the check that failed
   */
  admit(request: IncomingMessage, url: URL, isPublic: boolean): Proof;
  /** The same for a WebSocket, which no browser's same-origin policy guards. @throws HttpError 403 */
  admitSocket(request: IncomingMessage, url: URL): void;
}

const harmless = new Set(["GET", "HEAD", "OPTIONS"]);

export function createGate(identity: Identity, listensTo: string, ownNames: readonly string[]): Gate {
  function checkHost({ headers }: IncomingMessage): void {
    if (isOurHost(headers.host, listensTo, ownNames)) return;
    throw new HttpError(
      403,
      "this server has another name; open it as http://localhost, or start it with --ip or --host-name",
    );
  }

  function checkOrigin({ headers }: IncomingMessage): void {
    const { origin, host } = headers;
    if (origin !== undefined && !isSameOrigin(origin, host)) {
      throw new HttpError(403, "a page of another origin asked for this");
    }
  }

  return {
    admit(request, url, isPublic) {
      checkHost(request);
      const proof = identity.prove(request, url);
      if (isPublic) return proof;
      if (proof === "none") throw new HttpError(403, "the token is missing or wrong");
      if (!harmless.has(request.method ?? "") && proof === "cookie") {
        // A request that carries the token itself was not made by another site's page: that doesn't know it.
        checkOrigin(request);
        if (!identity.hasXsrfToken(request, url)) throw new HttpError(403, "the XSRF token is missing or wrong");
      }
      return proof;
    },
    admitSocket(request, url) {
      checkHost(request);
      checkOrigin(request);
      if (identity.prove(request, url) === "none") throw new HttpError(403, "the token is missing or wrong");
    },
  };
}
