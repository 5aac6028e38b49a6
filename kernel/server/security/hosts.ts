import { isIP } from "node:net";
import { hostname } from "node:os";

/** The name in a `Host` header or an address, without brackets and port; undefined where it is none. */
function hostName(host: string | undefined): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/.exec(host ?? "") ?? [];
  return (bracketed ?? plain)?.toLowerCase();
}

export function isLoopback(name: string): boolean {
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  if (isIP(name) === 4) return name.startsWith("127.");
  return isIP(name) === 6 && /^(?:0*:)*:?0*1$/.test(name);
}

/**
 * Whether a request is meant for this server. A page of another site may give its own name our address ("DNS
 * rebinding") and would then count as of the same origin; its `Host` header still says the name. Where the server
 * listens to this machine alone only this machine's names pass; elsewhere addresses and the machine's own name do.
 */
export function isOurHost(host: string | undefined, listensTo: string, ownNames: readonly string[] = []): boolean {
  const name = hostName(host);
  if (name === undefined) return false;
  if (isLoopback(name)) return true;
  if (isLoopback(listensTo)) return false;
  const ours = [hostname(), listensTo, ...ownNames].map((each) => each.toLowerCase());
  return isIP(name) !== 0 || ours.includes(name) || ours.includes(name.replace(/\.local$/, ""));
}

/** Whether a page of `origin` is one that the server itself handed out under the name `host`. */
export function isSameOrigin(origin: string, host: string | undefined): boolean {
  try {
    const url = new URL(origin);
    return (url.protocol === "http:" || url.protocol === "https:") && url.host === (host ?? "").toLowerCase();
  } catch {
    // "null" too: a sandboxed page, such as a file of the user's own that we show.
    return false;
  }
}
