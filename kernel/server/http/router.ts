import type { Exchange } from "./exchange.js";
import { HttpError } from "./http-error.js";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type Handler = (exchange: Exchange) => Promise<void> | void;

/**
 * A route: `/api/kernels/:id` takes one segment, `/api/contents/*path` the rest of the path, be it empty.
 * What is public is answered without a token.
 */
export interface Route {
  readonly method: Method;
  readonly pattern: string;
  readonly public?: true;
  readonly handle: Handler;
}

interface Match {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

interface Compiled {
  readonly route: Route;
  readonly expression: RegExp;
  readonly names: readonly string[];
}

function compile(route: Route): Compiled {
  const names: string[] = [];
  const source = route.pattern
    .split("/")
    .map((segment) => {
      const kind = segment.charAt(0);
      if (kind !== ":" && kind !== "*") return segment.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
      names.push(segment.slice(1));
      return kind === ":" ? "([^/]+)" : "(.*)";
    })
    .join("/");
  // The slash before the rest of a path may be missing with it.
  return { route, names, expression: new RegExp(`^${source.replace(/\/\(\.\*\)/, "(?:/(.*))?")}/?$`) };
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpError(400, "the address is wrongly encoded");
  }
};

/** Finds the first route for a method and a path; HEAD goes where GET goes. */
export interface Router {
  /** @throws HttpError 404 without a route for the path, 405 without one for the method, 400 for a bad encoding */
  match(method: string, path: string): Match;
}

export function createRouter(routes: readonly Route[]): Router {
  const table = routes.map(compile);
  return {
    match(method, path) {
      const wanted = method === "HEAD" ? "GET" : method;
      const allowed = new Set<string>();
      for (const { route, expression, names } of table) {
        const found = expression.exec(path);
        if (found === null) continue;
        allowed.add(route.method);
        if (route.method !== wanted) continue;
        const parameters = Object.fromEntries(names.map((name, i) => [name, decode(found[i + 1] ?? "")]));
        return { route, parameters };
      }
      if (allowed.size === 0) throw new HttpError(404, "there is nothing at this address");
      throw new HttpError(405, `${method} is not possible here`, { allow: [...allowed].join(", ") });
    },
  };
}
