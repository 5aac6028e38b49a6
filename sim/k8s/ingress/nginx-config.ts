import type { Route, Upstream, VirtualServer } from "./routes.js";

/** Where the controller listens, and where its kubelet asks whether it is well (ingress-nginx, `--healthz-port`). */
export const httpPort = 80;
export const healthPort = 10_254;

/** ingress-nginx' `upstreaminfo`, as far as nginx here has its variables. */
const logFormat =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_host" [$upstream_addr]';

/**
 * nginx' configuration for these servers: the file that the controller writes (ingress-nginx, `rootfs/etc/nginx/template/nginx.tmpl`). The
 * first server takes the requests that no other one takes; what has no backend is answered by 404, what has one without endpoints by 503.
 */
export function nginxConfig(servers: readonly VirtualServer[]): string {
  const upstreams = new Map<string, Upstream>();
  for (const { routes } of servers) for (const { upstream } of routes) upstreams.set(upstream.name, upstream);
  return [
    "daemon off;",
    "worker_processes 2;",
    "pid /tmp/nginx.pid;",
    "error_log stderr;",
    "events { worker_connections 16384; }",
    "http {",
    `  log_format upstreaminfo '${logFormat}';`,
    "  access_log /dev/stdout upstreaminfo;",
    ...headers.map(([name, value]) => `  proxy_set_header ${name} ${value};`),
    ...[...upstreams.values()].filter(({ endpoints }) => endpoints.length > 0).flatMap(upstreamLines),
    `  server { listen ${healthPort}; access_log off; location = /healthz { return 200; } location / { return 404; } }`,
    ...servers.flatMap(serverLines),
    "}",
    "",
  ].join("\n");
}

/** What a pod is told of who asked. What the client itself says of that isn't passed on. */
const headers = [
  ["Host", "$http_host"],
  ["X-Real-IP", "$remote_addr"],
  ["X-Forwarded-For", "$remote_addr"],
  ["X-Forwarded-Host", "$http_host"],
  ["X-Forwarded-Port", String(httpPort)],
  ["X-Forwarded-Proto", "$scheme"],
  ["X-Scheme", "$scheme"],
] as const;

const upstreamLines = ({ name, endpoints }: Upstream): readonly string[] => [
  `  upstream ${name} {`,
  ...endpoints.map(({ address, port }) => `    server ${address}:${port};`),
  "  }",
];

function serverLines({ host, routes }: VirtualServer): readonly string[] {
  const exact = new Set(routes.filter(({ match }) => match === "exact").map(({ path }) => path));
  const seen = new Set<string>();
  const lines: string[] = [];
  const location = (modifier: "= " | "", path: string, line: string, whose: string): void => {
    if (seen.has(modifier + path)) return;
    seen.add(modifier + path);
    lines.push(`    location ${modifier}${quoted(path)} { ${line} } # ${whose}`);
  };
  for (const { match, path, upstream, ingress } of routes) {
    const line = answer(upstream);
    if (match === "exact") location("= ", path, line, ingress);
    else if (match === "letters" || path === "/") location("", path, line, ingress);
    else {
      location("", `${path}/`, line, ingress);
      if (!exact.has(path)) location("= ", path, line, ingress);
    }
  }
  location("", "/", "return 404;", "default backend");
  return ["  server {", `    listen ${httpPort};`, `    server_name ${serverName(host)};`, ...lines, "  }"];
}

const answer = ({ name, endpoints }: Route["upstream"]): string =>
  endpoints.length === 0 ? "return 503;" : `proxy_pass http://${name};`;

/** A wildcard stands for one label, where nginx' own would stand for several. */
const serverName = (host: string): string =>
  host === "" ? "_" : host.startsWith("*.") ? quoted(`~^[\\w-]+\\.${host.slice(2).replaceAll(".", "\\.")}$`) : host;

/** As one word, whatever is in it. */
const quoted = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
