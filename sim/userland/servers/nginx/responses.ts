import { encodeUtf8 } from "../../../core/index.js";
import { formatTime } from "../../commands/dates.js";

export const version = "nginx/1.27.2";

/** What its error pages say, where that isn't RFC 9110's phrase. */
const reasons: Readonly<Record<number, string>> = {
  301: "Moved Permanently",
  302: "Found",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Not Allowed",
  413: "Request Entity Too Large",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Temporarily Unavailable",
  504: "Gateway Time-out",
};

export interface Response {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
  /** The servers behind it that were asked, as `$upstream_addr` has them. */
  readonly upstream?: string;
}

/** RFC 9110's IMF-fixdate. @param nanos since 1970 */
export const httpDate = (nanos: number): string => formatTime("%a, %d %b %Y %H:%M:%S GMT", nanos);

/** The page that it makes itself for an error or a redirection. */
export function madePage(status: number, headers: Record<string, string> = {}): Response {
  const title = `${status} ${reasons[status] ?? ""}`.trimEnd();
  const lines = [
    "<html>",
    `<head><title>${title}</title></head>`,
    "<body>",
    `<center><h1>${title}</h1></center>`,
    `<hr><center>${version}</center>`,
    "</body>",
    "</html>",
    "",
  ];
  return { status, headers: { "Content-Type": "text/html", ...headers }, body: encodeUtf8(lines.join("\r\n")) };
}

/** What `$name` and `${name}` in a text stand for. */
export function expand(text: string, values: (name: string) => string): string {
  return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced: string | undefined, plain: string | undefined) =>
    values(braced ?? plain ?? ""),
  );
}
