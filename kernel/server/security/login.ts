import { optionalString, redirect, type Exchange } from "../http/exchange.js";
import { HttpError } from "../http/http-error.js";
import type { Route } from "../http/router.js";
import { setPolicy } from "./headers.js";
import { isSameOrigin } from "./hosts.js";
import type { Identity } from "./identity.js";

const form = (next: string, complaint: string): string => `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>virtlab: token</title>
<style>
  :root { color-scheme: light dark }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 32rem; margin: 15vh auto; padding: 0 1rem }
  input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem }
  button { font: inherit; margin-top: .75rem; padding: .5rem 1rem }
</style>
<h1>This notebook server asks for its token</h1>
<p>The terminal in which it was started shows an address with it; open that one, or paste the token here.</p>
<form method="post" action="/login?next=${encodeURIComponent(next)}">
  <label for="token">Token</label>
  <input id="token" name="token" type="password" autofocus autocomplete="off" required>
  <p role="alert">${complaint}</p>
  <button>Open</button>
</form>
</html>
`;

/** Where to go behind the door: a path of this server, never another site's ("//host" would be one). */
const nextPath = ({ url }: Exchange): string => {
  const next = url.searchParams.get("next") ?? "/";
  return /^\/(?![/\\])[^\\\u0000-\u001f]*$/.test(next) ? next : "/";
};

function showForm({ response, ...rest }: Exchange, status: number, complaint = ""): void {
  setPolicy(response, "login");
  response.writeHead(status, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" });
  response.end(form(nextPath({ response, ...rest }), complaint));
}

/** The door for a browser that has no cookie yet. */
export function loginRoutes(identity: Identity): readonly Route[] {
  return [
    {
      method: "GET",
      pattern: "/login",
      public: true,
      handle: (exchange) => {
        showForm(exchange, 200);
      },
    },
    {
      method: "POST",
      pattern: "/login",
      public: true,
      async handle(exchange) {
        const { origin, host } = exchange.request.headers;
        if (origin !== undefined && !isSameOrigin(origin, host)) {
          throw new HttpError(403, "a page of another origin asked for this");
        }
        const body = new URLSearchParams((await exchange.body(10_000)).toString());
        const token = optionalString(Object.fromEntries(body), "token") ?? "";
        if (!identity.isToken(token)) {
          showForm(exchange, 403, "That is not the token.");
          return;
        }
        exchange.response.setHeader("set-cookie", [...identity.cookies()]);
        redirect(exchange, nextPath(exchange));
      },
    },
    {
      method: "GET",
      pattern: "/logout",
      handle(exchange) {
        exchange.response.setHeader("set-cookie", [...identity.noCookies()]);
        redirect(exchange, "/login");
      },
    },
  ];
}
