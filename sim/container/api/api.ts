import { UsageError, type Activity, type Process, type TraceFields } from "../../core/index.js";
import { Errno } from "../../os/index.js";
import { EngineError } from "../engine/errors.js";
import type { ContainerEngine } from "../engine/engine.js";
import { NetworkError } from "../network/errors.js";
import { decoded } from "../registry/protocol.js";
import { RegistryError } from "../registry/session.js";
import { bodyOf } from "./body.js";
import { answerError, type ApiAnswer, type ApiRequest, type Handler } from "./exchange.js";
import { Query } from "./query.js";
import { routes } from "./routes.js";
import { newest, productVersion, versionOf } from "./versions.js";

interface Found {
  readonly handler: Handler;
  readonly names: readonly string[];
}

const table = routes.map(([method, path, handler, since = 0]) => ({
  method,
  handler,
  since,
  pattern: new RegExp(`^${path.replaceAll("{id}", "([^/]+)").replaceAll("{name}", "(.+)")}$`),
}));

function find(method: string, path: string, version: number): Found | undefined {
  for (const route of table) {
    if (route.method !== method || route.since > version) continue;
    const match = route.pattern.exec(path);
    if (match !== null) return { handler: route.handler, names: match.slice(1).map(decoded) };
  }
  return undefined;
}

/** What every answer says of who speaks. */
const common = {
  "api-version": newest,
  "docker-experimental": "false",
  ostype: "linux",
  server: `Docker/${productVersion} (linux)`,
} as const;

/** The status of what was refused. */
function statusOf(error: UsageError): number {
  if (error instanceof EngineError || error instanceof NetworkError) return error.status;
  if (error instanceof RegistryError) {
    if (error.code === "MANIFEST_UNKNOWN" || error.code === "NAME_UNKNOWN" || error.code === "DENIED") return 404;
    return error.code === "UNAUTHORIZED" ? 401 : 500;
  }
  return 400;
}

/** An answer that says what was refused; our own mistakes too, since a client can't be left without one. */
function refusal(error: unknown): ApiAnswer {
  if (error instanceof UsageError) {
    const status = statusOf(error);
    return status === 304 ? { status, headers: {}, body: new Uint8Array(0) } : answerError(status, error.message);
  }
  return answerError(500, error instanceof Error || error instanceof Errno ? error.message : String(error));
}

/**
 * Docker's Engine API over an engine, as requests and answers: any carrier's, here a socket's (kernel/server) and a cell's (lab/docker).
 * What a client can get wrong is answered as dockerd does, with its status. The world's trace has each request ("docker.request"), its answer
 * ("docker.answer") and the end of one that was told bit by bit ("docker.end"), under the host's name.
 */
export class DockerApi {
  readonly engine: ContainerEngine;

  constructor(engine: ContainerEngine) {
    this.engine = engine;
  }

  /**
   * Takes a request in. Its process ends with the answer, once virtual time has passed as far as that needs; cancelled, nobody waits for
   * it any more. It keeps no run of the world going.
   */
  handle(request: ApiRequest): Process<ApiAnswer> {
    const process = this.engine.kernel.engine.spawn(this.#answer(request), {
      name: `${request.method} ${request.target}`,
      background: true,
    });
    // Who asked hears of it.
    process.onSettled(() => undefined);
    return process;
  }

  *#answer(request: ApiRequest): Activity<ApiAnswer> {
    const { method, target } = request;
    this.#note("request", { method, target });
    let answer: ApiAnswer;
    try {
      answer = yield* this.#routed(request);
    } catch (error) {
      answer = refusal(error);
    }
    this.#note("answer", { method, target, status: answer.status });
    const headers = { ...common, ...answer.headers };
    if (answer.open === undefined) return { ...answer, headers };
    const { open } = answer;
    return {
      ...answer,
      headers,
      open: (sink) =>
        open({
          write: (bytes) => {
            sink.write(bytes);
          },
          end: () => {
            this.#note("end", { method, target });
            sink.end();
          },
        }),
    };
  }

  #note(what: "request" | "answer" | "end", fields: TraceFields): void {
    const { trace, namespaces } = this.engine.kernel;
    if (trace.kept) trace.emit(`docker.${what}`, namespaces.uts.hostname, fields);
  }

  *#routed(request: ApiRequest): Activity<ApiAnswer> {
    const mark = request.target.indexOf("?");
    const whole = mark < 0 ? request.target : request.target.slice(0, mark);
    const [, asked, path = ""] = /^(?:\/v(\d[^/]*))?(\/.*)$/.exec(whole) ?? [];
    const version = versionOf(asked);
    const found = find(request.method, path, version);
    if (found === undefined) return answerError(404, "page not found");
    const query = new Query(mark < 0 ? "" : request.target.slice(mark + 1));
    const { engine } = this;
    const answer = found.handler({ engine, request, query, names: found.names, version, body: () => bodyOf(request) });
    return "next" in answer ? yield* answer : answer;
  }
}
