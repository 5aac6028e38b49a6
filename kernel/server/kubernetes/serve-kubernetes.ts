import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { UsageError } from "../../../sim/core/index.js";
import { selfSigned } from "./certificate.js";

/** What is served: a simulated API server, which answers at once and tells streams what happens. */
interface KubernetesApi {
  handle(request: {
    readonly method: string;
    readonly path: string;
    readonly query: string;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly body: Uint8Array;
  }): KubernetesAnswer;
}

type KubernetesAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
} & ({ body(): Uint8Array; readonly stream?: undefined } | { stream(sink: Sink): () => void });

interface Sink {
  event(event: { text(): string }): void;
  end(): void;
}

interface ServeKubernetesOptions {
  /** A port of this computer; 0, the default, takes a free one. */
  readonly port?: number;
  /** A bearer token that clients send; without one they come as `system:anonymous`. */
  readonly token?: string;
  /** Called behind each request, before its answer is sent: lets the simulation react. */
  readonly advance?: () => void;
}

export interface ServedKubernetes {
  readonly port: number;
  /** A configuration for kubectl and client libraries: what `KUBECONFIG` names. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** More than a request may bring is not read; the API server refuses less than that by itself. */
const largest = 4 * 1024 * 1024;

function readBody(message: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    message.on("data", (part: Buffer) => {
      size += part.length;
      if (size <= largest) parts.push(part);
    });
    message.on("end", () => {
      resolve(Buffer.concat(parts));
    });
    message.on("error", reject);
  });
}

/** Headers as the API takes them: one value for each name. */
function headersOf(message: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}

async function answer(
  api: KubernetesApi,
  options: ServeKubernetesOptions,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(message);
  const [path = "/", query = ""] = (message.url ?? "/").split("?", 2);
  const answered = api.handle({ method: message.method ?? "GET", path, query, headers: headersOf(message), body });
  options.advance?.();
  if (answered.stream === undefined) {
    response.writeHead(answered.status, answered.headers);
    response.end(message.method === "HEAD" ? undefined : answered.body());
    return;
  }
  response.writeHead(answered.status, answered.headers);
  response.flushHeaders();
  const stop = answered.stream({
    event: (event) => response.write(event.text()),
    end: () => response.end(),
  });
  response.on("close", stop);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const message =
        error.code === "EADDRINUSE" ? `port ${port} is in use` : `port ${port} can't be opened: ${error.message}`;
      reject(new UsageError(message, "Take another port, or 0 for a free one."));
    });
    server.listen(port, "127.0.0.1", () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function kubeconfigFor(port: number, certificate: string, token: string | undefined): string {
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    "certificate-authority-data": Buffer.from(certificate).toString("base64"),
  };
  // JSON is YAML.
  return JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "virtlab",
      clusters: [{ name: "virtlab", cluster }],
      users: [{ name: "virtlab", user: token === undefined ? {} : { token } }],
      contexts: [{ name: "virtlab", context: { cluster: "virtlab", user: "virtlab" } }],
    },
    undefined,
    2,
  );
}

/**
 * Opens a port on the loopback address at which stock clients find a simulated cluster's API: kubectl, client libraries. Over
 * TLS, since they keep their tokens to themselves without it.
 * @throws UsageError for a port that can't be had
 */
export async function serveKubernetes(
  api: KubernetesApi,
  options: ServeKubernetesOptions = {},
): Promise<ServedKubernetes> {
  const { key, certificate } = selfSigned();
  const server = createServer({ key, cert: certificate }, (message, response) => {
    answer(api, options, message, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  const port = await listen(server, options.port ?? 0);
  server.unref();
  return {
    port,
    kubeconfig: kubeconfigFor(port, certificate, options.token),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}
