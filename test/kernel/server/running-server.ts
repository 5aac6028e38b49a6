import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { startServer, type Launch, type NotebookServer, type ServerOptions } from "../../../kernel/server/index.js";

/** An answer with its body read. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: () => Record<string, unknown>;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: string | Buffer | object;
}

/** A server on a folder of its own, with another folder beside it that it must not give out. */
export interface RunningServer extends NotebookServer {
  /** The served folder. */
  readonly folder: string;
  /** What lies beside it: `secret.txt` among it. */
  readonly outside: string;
  readonly log: readonly string[];
  /** Sends a request as it is: no header is added but Host. The path isn't normalized. */
  raw(path: string, ask?: Ask): Promise<Answer>;
  /** The same with the token. */
  ask(path: string, ask?: Ask): Promise<Answer>;
}

const noKernels: Launch = () => Promise.reject(new Error("this test has no kernels"));

/** Starts a server that ends with the test. */
export async function runServer(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const outside = realpathSync(mkdtempSync(join(tmpdir(), "virtlab-server-")));
  const folder = join(outside, "root");
  const interfaceFolder = join(outside, "interface");
  mkdirSync(folder);
  writeFileSync(join(outside, "secret.txt"), "a secret");
  mkdirSync(join(interfaceFolder, "static"), { recursive: true });
  mkdirSync(join(interfaceFolder, "schemas", "@lab", "a"), { recursive: true });
  mkdirSync(join(interfaceFolder, "themes"));
  writeFileSync(join(interfaceFolder, "manifest.json"), JSON.stringify({ scripts: ["main.js"], version: "7" }));
  writeFileSync(join(interfaceFolder, "static", "main.js"), "main();");
  writeFileSync(join(interfaceFolder, "schemas", "@lab", "a", "plugin.json"), JSON.stringify({ type: "object" }));
  writeFileSync(join(interfaceFolder, "schemas", "@lab", "a", "version"), "1.2.3");
  const log: string[] = [];
  const server = await startServer({
    folder,
    interfaceFolder,
    stateFolder: join(outside, "state"),
    version: "0",
    icon: "<svg></svg>",
    ip: "127.0.0.1",
    port: 0,
    otherPorts: false,
    ownSpecs: [],
    dataFolders: [],
    launch: noKernels,
    cullAfter: 0,
    log: (line) => log.push(line),
    ...options,
  });
  onTestFinished(async () => {
    await server.close();
    rmSync(outside, { recursive: true, force: true });
  });

  const raw = (path: string, { method = "GET", headers = {}, body }: Ask = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const isText = typeof body === "string" || Buffer.isBuffer(body);
      const data = body === undefined ? undefined : isText ? body : JSON.stringify(body);
      const request = httpRequest(
        {
          host: "127.0.0.1",
          port: server.port,
          path,
          method,
          agent: false,
          headers: {
            host: `127.0.0.1:${server.port}`,
            ...(data === undefined ? {} : { "content-length": Buffer.byteLength(data) }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json: () => JSON.parse(text) as Record<string, unknown>,
            });
          });
        },
      );
      request.on("error", reject);
      request.end(data);
    });
  return {
    ...server,
    folder,
    outside,
    log,
    raw,
    ask: (path, options = {}) =>
      raw(path, { ...options, headers: { authorization: `token ${server.token}`, ...options.headers } }),
  };
}

/** The cookies of an answer as a browser sends them back. */
export function cookiesFrom({ headers }: Answer): Readonly<Record<string, string>> {
  const pairs = (headers["set-cookie"] ?? []).map((cookie): [string, string] => {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    return [name, value];
  });
  return Object.fromEntries(pairs);
}

export const cookieHeader = (cookies: Readonly<Record<string, string>>): string =>
  Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join("; ");
