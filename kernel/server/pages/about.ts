import { userInfo } from "node:os";
import { sendJson, sendNothing } from "../http/exchange.js";
import type { Route } from "../http/router.js";

export interface AboutOptions {
  readonly version: string;
  readonly started: Date;
  /** Milliseconds since the epoch: the last request or message. */
  readonly lastActivity: () => number;
  /** Running kernels and clients' connections to them. */
  readonly kernels: () => { readonly kernels: number; readonly connections: number };
  readonly shutdown: () => void;
}

/** The user by the name in the system. */
function identity(): object {
  let username = "user";
  try {
    ({ username } = userInfo());
  } catch {
    // An account without an entry in the system's list, as in some containers.
  }
  const initials = username.slice(0, 2).toUpperCase();
  return { username, name: username, display_name: username, initials, avatar_url: null, color: null };
}

/** What the interface asks of the server itself. */
export function aboutRoutes({ version, started, lastActivity, kernels, shutdown }: AboutOptions): readonly Route[] {
  const answer = (pattern: string, value: () => unknown): Route => ({
    method: "GET",
    pattern,
    handle: (exchange) => {
      sendJson(exchange, value());
    },
  });
  return [
    { ...answer("/api", () => ({ version })), public: true },
    answer("/api/status", () => ({
      started: started.toISOString(),
      last_activity: new Date(lastActivity()).toISOString(),
      ...kernels(),
    })),
    answer("/api/me", () => ({ identity: identity(), permissions: {} })),
    // Nothing converts notebooks here; `virtlab run --html` makes pages.
    answer("/api/nbconvert", () => ({})),
    answer("/lab/api/translations", () => ({
      data: { en: { displayName: "English", nativeName: "English" } },
      message: "",
    })),
    answer("/lab/api/translations/:locale", () => ({ data: {}, message: "" })),
    {
      method: "POST",
      pattern: "/api/shutdown",
      handle: (exchange) => {
        exchange.response.once("finish", shutdown);
        sendNothing(exchange);
      },
    },
    {
      method: "POST",
      pattern: "/api/events",
      handle: sendNothing,
    },
  ];
}
