import type { ServerResponse } from "node:http";

/**
 * Content security policies (w3.org/TR/CSP3). `page` lets notebooks run what their outputs carry (inline scripts,
 * `eval`, pictures from the web), since a cell runs with all the user's rights anyway; it keeps the page out of other
 * sites' frames and everything else on this server.
 */
const policies: Readonly<Record<"api" | "page" | "file" | "login", string>> = {
  /** An answer of the interface's programs, not for looking at. */
  api: "default-src 'none'; frame-ancestors 'self'",
  page: [
    "default-src 'self'",
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob: https:",
    "font-src 'self' data:",
    "media-src 'self' data: blob:",
    "worker-src 'self' blob:",
    "frame-src 'self' data: blob:",
    "object-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'self'",
  ].join("; "),
  /** A user's file: what it holds may run, but as a page of no origin, which gets at nothing here. */
  file: "sandbox allow-scripts allow-popups; frame-ancestors 'self'",
  login: "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
};

export type Policy = keyof typeof policies;

export function setPolicy(response: ServerResponse, policy: Policy): void {
  response.setHeader("content-security-policy", policies[policy]);
}

/** What every answer carries. */
export function setSecurityHeaders(response: ServerResponse): void {
  setPolicy(response, "api");
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("referrer-policy", "same-origin");
  // Other sites' pages can't draw these answers in as scripts, pictures or windows.
  response.setHeader("cross-origin-resource-policy", "same-origin");
  response.setHeader("cross-origin-opener-policy", "same-origin");
}
