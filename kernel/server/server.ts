import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { UsageError } from "../../sim/core/index.js";
import { filesRoute } from "./contents/files.js";
import { openRoot } from "./contents/root.js";
import { contentsRoutes } from "./contents/routes.js";
import { openTrash } from "./contents/trash.js";
import { openTrust } from "./contents/trust.js";
import { exchange, redirect, sendJson, type Exchange } from "./http/exchange.js";
import { asHttpError, HttpError } from "./http/http-error.js";
import { createRouter, type Route } from "./http/router.js";
import { createKernels, type Kernels, type KernelsOptions } from "./kernels/kernels.js";
import { kernelsRoutes } from "./kernels/routes.js";
import { createSessions, type StartFor } from "./kernels/sessions.js";
import { createSockets } from "./kernels/socket.js";
import { aboutRoutes } from "./pages/about.js";
import { configRoutes } from "./pages/config.js";
import { interfaceRoutes } from "./pages/interface.js";
import { settingsRoutes } from "./pages/settings.js";
import { openStateFiles } from "./pages/state-files.js";
import { workspaceRoutes } from "./pages/workspaces.js";
import { createGate } from "./security/gate.js";
import { setSecurityHeaders } from "./security/headers.js";
import { createIdentity, newToken } from "./security/identity.js";
import { loginRoutes } from "./security/login.js";

export interface ServerOptions extends Omit<KernelsOptions, "log"> {
  /** The folder whose files are served. */
  readonly folder: string;
  /** The built interface. */
  readonly interfaceFolder: string;
  /** Where settings, layouts and the list of trusted notebooks are kept. */
  readonly stateFolder: string;
  /** The user's trash, by freedesktop.org's specification; what is deleted is gone where there is none. */
  readonly trashFolder?: string;
  readonly version: string;
  /** The logo as SVG. */
  readonly icon: string;
  /** The address to listen to; 127.0.0.1 reaches this machine alone. */
  readonly ip: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Whether a taken port is given up for the next free one. */
  readonly otherPorts: boolean;
  /** Names beside addresses and the machine's own under which it is opened. */
  readonly hostNames?: readonly string[];
  /** A fresh one where absent. */
  readonly token?: string;
  /**
   * Bytes that may wait for a client to read them: 128 MiB, twice what a seat hands over at once. One that falls further behind is sent away with the code 1013;
   * its seat keeps what comes until it is back, as for any client that is away. The kernel isn't held up for it, nor are
   * its other clients.
   */
  readonly longestQueue?: number;
  readonly log: (line: string) => void;
}

export interface NotebookServer {
  readonly port: number;
  readonly token: string;
  /** Resolves when a client has asked the server to end. */
  readonly asked: Promise<void>;
  /** Ends the kernels and every connection. */
  close(): Promise<void>;
}

/** What a kernel's environment says of the notebook that it is started for (as jupyter-server does). */
function startFor(kernels: Kernels, root: ReturnType<typeof openRoot>): StartFor {
  return async (path, kernelName) => {
    const { file } = await root.locate(path);
    const folder = path === "" ? root.folder : join(file, "..");
    return kernels.start(kernelName, folder, path === "" ? {} : { JPY_SESSION_NAME: file });
  };
}

/** Answers a request that failed; a browser that has no cookie yet is shown the door. */
function refuse(request: IncomingMessage, response: ServerResponse, error: unknown, log: (line: string) => void): void {
  const { status, message, headers } = asHttpError(error);
  if (status === 500 && !(error instanceof HttpError)) {
    const how = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log(`${request.method ?? ""} ${request.url ?? ""}: ${how}`);
  }
  if (response.headersSent) {
    // Too late for an answer: a cut connection tells the client that what it has is not the whole.
    response.destroy();
    return;
  }
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  sendJson({ response }, { message, reason: null }, status);
}

const isNavigation = ({ method, headers }: IncomingMessage): boolean =>
  method === "GET" && (headers.accept ?? "").includes("text/html");

function parseUrl(request: IncomingMessage): URL {
  try {
    // What counts is the path; the host is checked on its own.
    return new URL(`http://server${request.url?.startsWith("/") === true ? request.url : "/"}`);
  } catch {
    throw new HttpError(400, "the address is impossible");
  }
}

/** Starts the server. @throws UsageError where it can't listen or there is no folder */
export async function startServer(options: ServerOptions): Promise<NotebookServer> {
  const { log, stateFolder } = options;
  const started = new Date();
  let active = started.getTime();
  let port = options.port;
  const identity = createIdentity(options.token ?? newToken(), () => port);
  const gate = createGate(identity, options.ip, options.hostNames ?? []);
  const root = openFolder(options.folder);
  const trash = options.trashFolder === undefined ? undefined : openTrash(options.trashFolder);
  const kernels = createKernels(options);
  const start = startFor(kernels, root);
  const sessions = createSessions(kernels, start);
  const sockets = createSockets(kernels, options.longestQueue ?? 128 * 1024 * 1024);
  let endAsked = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    endAsked = resolve;
  });

  const routes: readonly Route[] = [
    ...loginRoutes(identity),
    ...aboutRoutes({
      version: options.version,
      started,
      lastActivity: () => Math.max(active, ...kernels.list().map((kernel) => kernel.lastActivity())),
      kernels: () => {
        const models = kernels.list().map((kernel) => kernel.model());
        return { kernels: models.length, connections: models.reduce((sum, { connections }) => sum + connections, 0) };
      },
      shutdown: () => {
        endAsked();
      },
    }),
    ...contentsRoutes({
      root,
      trust: openTrust(stateFolder),
      trash,
      onMoved: (from, to) => {
        sessions.moved(from, to);
      },
    }),
    filesRoute(root),
    ...kernelsRoutes(kernels, sessions, start),
    ...configRoutes(openStateFiles(join(stateFolder, "config"))),
    ...settingsRoutes(join(options.interfaceFolder, "schemas"), openStateFiles(join(stateFolder, "settings"))),
    ...workspaceRoutes(openStateFiles(join(stateFolder, "workspaces"))),
    ...interfaceRoutes({
      folder: options.interfaceFolder,
      root,
      icon: options.icon,
      hasTrash: trash !== undefined,
    }),
  ];
  const router = createRouter(routes);

  /** A browser that opens an address with the token gets its cookies, and goes on without the token in the address. */
  function letIn({ request, response, url }: Exchange): boolean {
    if (!isNavigation(request) || !url.searchParams.has("token")) return false;
    response.setHeader("set-cookie", [...identity.cookies()]);
    url.searchParams.delete("token");
    redirect({ response }, `${url.pathname}${url.search}`);
    return true;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    setSecurityHeaders(response);
    const url = parseUrl(request);
    const { route, parameters } = findRoute(request, url);
    if (!isNavigation(request) || route.public === true) gate.admit(request, url, route.public === true);
    else if (gate.admit(request, url, true) === "none") {
      redirect({ response }, `/login?next=${encodeURIComponent(`${url.pathname}${url.search}`)}`);
      return;
    }
    active = Date.now();
    const current = exchange(request, response, url, parameters);
    if (!letIn(current)) await route.handle(current);
  }

  /** A stranger learns nothing of which addresses there are. */
  function findRoute(request: IncomingMessage, url: URL): ReturnType<typeof router.match> {
    try {
      return router.match(request.method ?? "", url.pathname);
    } catch (error) {
      gate.admit(request, url, false);
      throw error;
    }
  }

  const server = createServer((request, response) => {
    // A client that hangs up in the middle is no failure of ours.
    response.on("error", () => undefined);
    answer(request, response).catch((error: unknown) => {
      if (request.errored !== null || response.destroyed) response.destroy();
      else refuse(request, response, error, log);
    });
  });
  server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on("error", () => undefined);
    try {
      const url = parseUrl(request);
      gate.admitSocket(request, url);
      active = Date.now();
      sockets.upgrade(request, url, stream, head);
    } catch (error) {
      const { status, message } = asHttpError(error);
      stream.end(
        `HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
      );
    }
  });
  server.on("clientError", (_error, stream) => {
    if (stream.writable) stream.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
  });

  port = await listen(server, options);
  return {
    port,
    token: identity.token,
    asked,
    async close() {
      sockets.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([closed, kernels.close()]);
    },
  };
}

function openFolder(folder: string): ReturnType<typeof openRoot> {
  try {
    return openRoot(folder);
  } catch {
    throw new UsageError(`there is no folder ${folder}`, "Give one that exists: virtlab start DIR.");
  }
}

/** How many ports behind a taken one are tried. */
const furtherPorts = 50;

async function listen(
  server: ReturnType<typeof createServer>,
  { ip, port, otherPorts }: ServerOptions,
): Promise<number> {
  for (let n = 0; ; n++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port === 0 ? 0 : port + n, ip, () => {
          server.off("error", reject);
          resolve();
        });
      });
      const bound = server.address();
      return typeof bound === "object" && bound !== null ? bound.port : port;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EADDRINUSE" && otherPorts && port !== 0 && n < furtherPorts) continue;
      const why = code === "EADDRINUSE" ? "is taken" : `can't be listened to (${String(code)})`;
      throw new UsageError(`${ip} port ${port} ${why}`, "Give another: --port 0 takes any that is free.");
    }
  }
}
