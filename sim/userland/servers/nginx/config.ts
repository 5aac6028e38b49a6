import type { Activity } from "../../../core/index.js";
import { getaddrinfo, type NetworkAddress, type Sys } from "../../../os/index.js";
import { at, ConfigError, readDirectives, type Directive } from "./directives.js";

export interface Location {
  readonly match: "prefix" | "exact" | "first" | "pattern";
  readonly path: string;
  readonly pattern: RegExp | undefined;
  readonly root: string;
  readonly alias: string | undefined;
  readonly index: readonly string[];
  readonly autoindex: boolean;
  readonly tryFiles: readonly string[];
  readonly answer: { readonly status: number; readonly text: string } | undefined;
  readonly proxy: Proxy | undefined;
  readonly accessLogs: readonly AccessLog[];
  readonly headers: readonly (readonly [string, string])[];
  readonly errorPages: ReadonlyMap<number, string>;
}

interface Proxy {
  /** Taken in turn. */
  readonly servers: readonly NetworkAddress[];
  readonly host: string;
  /** What comes in place of the location's path; undefined where the path goes on as it is. */
  readonly path: string | undefined;
  readonly headers: readonly (readonly [string, string])[];
}

interface AccessLog {
  readonly path: string;
  readonly format: string;
}

export interface Server {
  readonly listens: readonly NetworkAddress[];
  readonly names: readonly string[];
  readonly locations: readonly Location[];
}

export interface Config {
  readonly user: string | undefined;
  readonly workers: number | "auto";
  readonly pid: string;
  readonly errorLog: string;
  readonly daemon: boolean;
  readonly servers: readonly Server[];
  readonly types: ReadonlyMap<string, string>;
  readonly defaultType: string;
}

const everywhere = ["http", "server", "location"];

/** Directives, and the blocks they may stand in. Those of the last line are read and have no effect here. */
const contexts: Readonly<Record<string, readonly string[]>> = {
  ...{ user: ["main"], worker_processes: ["main"], pid: ["main"], daemon: ["main"], events: ["main"], http: ["main"] },
  ...{ error_log: ["main", ...everywhere], server: ["http", "upstream"], upstream: ["http"], types: everywhere },
  ...{ log_format: ["http"], default_type: everywhere, access_log: everywhere, root: everywhere, index: everywhere },
  ...{ listen: ["server"], server_name: ["server"], location: ["server", "location"], error_page: everywhere },
  ...{ return: ["server", "location"], try_files: ["server", "location"], alias: ["location"], autoindex: everywhere },
  ...{ proxy_pass: ["location"], proxy_set_header: everywhere, add_header: everywhere },
  ...{ worker_connections: ["events"], sendfile: everywhere, tcp_nopush: everywhere, keepalive_timeout: everywhere },
  ...{ gzip: everywhere, server_tokens: everywhere, client_max_body_size: everywhere, proxy_http_version: everywhere },
};

/** ngx_http_log_module's format where none is named. */
const combined =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';

function check(directives: readonly Directive[], context: string): void {
  for (const one of directives) {
    const allowed = contexts[one.name];
    if (allowed === undefined) throw new ConfigError(`unknown directive "${one.name}" ${at(one)}`);
    if (!allowed.includes(context)) throw new ConfigError(`"${one.name}" directive is not allowed here ${at(one)}`);
    const isBlock = ["events", "http", "location", "upstream", "types"].includes(one.name);
    if (one.block === undefined ? isBlock || (one.name === "server" && context === "http") : false)
      throw new ConfigError(`directive "${one.name}" has no opening "{" ${at(one)}`);
    if (one.block !== undefined && one.name !== "types") check(one.block, one.name);
    if (one.block === undefined && one.args.length === 0)
      throw new ConfigError(`invalid number of arguments in "${one.name}" directive ${at(one)}`);
  }
}

/** Values of the enclosing blocks, the innermost first. */
type Scope = readonly (readonly Directive[])[];

const allOf = (scope: Scope, name: string): readonly Directive[] => {
  for (const block of scope) {
    const found = block.filter((one) => one.name === name);
    if (found.length > 0) return found;
  }
  return [];
};

const valueOf = (scope: Scope, name: string): string | undefined => allOf(scope, name)[0]?.args[0];

/** One file with all that it includes, checked and with names looked up. @throws ConfigError */
export function* readConfig(sys: Sys, path: string, more: readonly Directive[]): Activity<Config> {
  const main = [...(yield* readDirectives(sys, path)), ...more];
  check(main, "main");
  if (!main.some(({ name }) => name === "events")) throw new ConfigError('no "events" section in configuration');
  const http = main.filter(({ name }) => name === "http").flatMap(({ block = [] }) => block);
  const formats = new Map([["combined", combined]]);
  for (const { args } of http.filter(({ name }) => name === "log_format"))
    formats.set(
      args[0] ?? "",
      args
        .slice(1)
        .filter((one) => !one.startsWith("escape="))
        .join(""),
    );
  const upstreams = new Map<string, readonly Directive[]>();
  for (const { args, block = [] } of http.filter(({ name }) => name === "upstream"))
    upstreams.set(args[0] ?? "", block);
  const types = new Map<string, string>([["html", "text/html"]]);
  for (const { block = [] } of http.filter(({ name }) => name === "types"))
    for (const { name, args } of block) for (const suffix of args) types.set(suffix, name);
  const servers: Server[] = [];
  const reader = new LocationReader(sys, formats, upstreams);
  for (const { block = [] } of http.filter(({ name }) => name === "server"))
    servers.push(yield* reader.server(block, http));
  const workers = valueOf([main], "worker_processes") ?? "1";
  if (workers !== "auto" && !/^[1-9]\d*$/.test(workers))
    throw new ConfigError(`invalid value "${workers}" in "worker_processes" directive`);
  return {
    user: valueOf([main], "user"),
    workers: workers === "auto" ? "auto" : Number(workers),
    pid: valueOf([main], "pid") ?? "/run/nginx.pid",
    errorLog: valueOf([main], "error_log") ?? "/var/log/nginx/error.log",
    daemon: valueOf([main], "daemon") !== "off",
    servers,
    types,
    defaultType: valueOf([http], "default_type") ?? "text/plain",
  };
}

class LocationReader {
  readonly #sys: Sys;
  readonly #formats: ReadonlyMap<string, string>;
  readonly #upstreams: ReadonlyMap<string, readonly Directive[]>;

  constructor(sys: Sys, formats: ReadonlyMap<string, string>, upstreams: ReadonlyMap<string, readonly Directive[]>) {
    this.#sys = sys;
    this.#formats = formats;
    this.#upstreams = upstreams;
  }

  *server(block: readonly Directive[], http: readonly Directive[]): Activity<Server> {
    const listens = block
      .filter(({ name }) => name === "listen")
      .map(listenOf)
      .filter((one) => one !== undefined);
    const locations: Location[] = [];
    for (const one of block.filter(({ name }) => name === "location"))
      locations.push(yield* this.#location(one, [one.block ?? [], block, http]));
    // What no location takes is the server's own.
    locations.push(yield* this.#location(undefined, [block, http]));
    return {
      listens: listens.length === 0 ? [{ address: "0.0.0.0", port: 80 }] : listens,
      names: allOf([block], "server_name").flatMap(({ args }) => args),
      locations,
    };
  }

  *#location(directive: Directive | undefined, scope: Scope): Activity<Location> {
    const [first = "", second] = directive?.args ?? [];
    const modifier = second === undefined ? "" : first;
    const path = second ?? first;
    const [own = []] = scope;
    const given = own.find(({ name }) => name === "return");
    const [code = "", ...rest] = given?.args ?? [];
    const bare = given !== undefined && rest.length === 0 && !/^\d+$/.test(code);
    const pass = own.find(({ name }) => name === "proxy_pass");
    const pages = new Map<number, string>();
    for (const { args } of allOf(scope, "error_page"))
      for (const status of args.slice(0, -1)) pages.set(Number(status), args.at(-1) ?? "");
    const pairs = (name: string): (readonly [string, string])[] =>
      allOf(scope, name).map(({ args }) => [args[0] ?? "", args[1] ?? ""]);
    const matches = { "=": "exact", "^~": "first", "~": "pattern", "~*": "pattern" } as const;
    if (modifier !== "" && !(modifier in matches))
      throw new ConfigError(`invalid location modifier "${modifier}" ${directive === undefined ? "" : at(directive)}`);
    return {
      match: modifier === "" ? "prefix" : matches[modifier as keyof typeof matches],
      path,
      pattern: modifier.startsWith("~") ? new RegExp(path, modifier === "~*" ? "i" : "") : undefined,
      root: valueOf(scope, "root") ?? "/etc/nginx/html",
      alias: valueOf([own], "alias"),
      index: allOf(scope, "index")[0]?.args ?? ["index.html"],
      autoindex: valueOf(scope, "autoindex") === "on",
      tryFiles: allOf([own], "try_files")[0]?.args ?? [],
      answer:
        given === undefined ? undefined : { status: bare ? 302 : Number(code), text: bare ? code : rest.join(" ") },
      proxy: pass === undefined ? undefined : yield* this.#proxy(pass, pairs("proxy_set_header")),
      accessLogs: this.#logs(scope),
      headers: pairs("add_header"),
      errorPages: pages,
    };
  }

  #logs(scope: Scope): AccessLog[] {
    const given = allOf(scope, "access_log");
    if (given.length === 0) return [{ path: "/var/log/nginx/access.log", format: combined }];
    return given.flatMap((one) => {
      const [path = "", name = "combined"] = one.args;
      if (path === "off") return [];
      const format = this.#formats.get(name);
      if (format === undefined) throw new ConfigError(`unknown log format "${name}" ${at(one)}`);
      return [{ path, format }];
    });
  }

  *#proxy(pass: Directive, headers: Proxy["headers"]): Activity<Proxy> {
    const [url = ""] = pass.args;
    const [, host = "", port, path] = /^http:\/\/([^/:]+)(?::(\d+))?(\/.*)?$/.exec(url) ?? [];
    if (host === "") throw new ConfigError(`invalid URL prefix ${at(pass)}`);
    const group = this.#upstreams.get(host);
    const names =
      group === undefined
        ? [{ name: `${host}:${port ?? "80"}`, from: pass }]
        : group.filter(({ name }) => name === "server").map((one) => ({ name: one.args[0] ?? "", from: one }));
    const servers: NetworkAddress[] = [];
    for (const { name, from } of names) {
      const [server = "", number = "80"] = name.split(":");
      const found = yield* getaddrinfo(this.#sys, server);
      if ("code" in found)
        throw new ConfigError(`host not found in upstream "${group === undefined ? server : name}" ${at(from)}`);
      for (const address of found) servers.push({ address, port: Number(number) });
    }
    return { servers, host: port === undefined ? host : `${host}:${port}`, path, headers };
  }
}

/** `listen 8080`, `listen 127.0.0.1:80 default_server`; undefined for IPv6, which the simulated Linux doesn't have. */
function listenOf(directive: Directive): NetworkAddress | undefined {
  const [given = ""] = directive.args;
  if (given.startsWith("[")) return undefined;
  const [, address = "0.0.0.0", port] = /^(?:([\d.]+|\*|localhost)(?=:|$))?:?(\d+)?$/.exec(given) ?? [];
  const number = Number(port ?? "80");
  if (!/^(?:[\d.]+|\*|localhost)?:?\d*$/.test(given) || number < 1 || number > 65535)
    throw new ConfigError(`invalid port in "${given}" of the "listen" directive ${at(directive)}`);
  const plain = /^\d+$/.test(given);
  if (plain) return { address: "0.0.0.0", port: Number(given) };
  return { address: address === "*" ? "0.0.0.0" : address === "localhost" ? "127.0.0.1" : address, port: number };
}
