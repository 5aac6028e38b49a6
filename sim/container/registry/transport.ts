import { Share, UsageError, type Activity, type Engine, type Nanos } from "../../core/index.js";
import {
  ipv4,
  type Handler,
  type Headers,
  type HttpClient,
  type HttpRequest,
  type HttpResponse,
} from "../../net/index.js";
import { transferSizeHeader } from "./protocol.js";

/** A request that got no whole answer: why, and what had come of the body by then. */
export interface TransferFailure {
  readonly failed: string;
  readonly status?: number;
  readonly received: Uint8Array;
}

/** How a client's requests reach a registry. */
export interface Transport {
  /**
   * @param progress told how many bytes have gone over, of how many
   */
  request(
    request: HttpRequest,
    progress?: (current: number, total: number) => void,
  ): Activity<HttpResponse | TransferFailure>;
}

export interface UplinkOptions {
  /** Bits a second to this host and from it; all transfers share them. */
  readonly down: number;
  readonly up: number;
  /** From one end to the other. */
  readonly latency: Nanos;
}

/** How often a transfer tells its progress. */
const slices = 20;

/**
 * A host's way to registries: a rate that its transfers share at once, and a latency (a fluid model: no packets, no slow
 * start, connections kept open; over sim/net everything is there, with the blobs' real bytes). What a body counts is what
 * the registry declares for it, so that a pull takes as long as the real image's would.
 */
export class Uplink {
  readonly latency: Nanos;
  readonly engine: Engine;
  readonly down: Share;
  readonly up: Share;
  /** Bytes that went over it, as counted. */
  readonly carried = { down: 0, up: 0 };
  #cuts = 0;

  constructor(engine: Engine, { down, up, latency }: UplinkOptions) {
    if (!(latency >= 0)) throw new UsageError(`a latency of ${latency} ns`, "Give one from 0 on: ms(20).");
    this.engine = engine;
    this.latency = latency;
    this.down = new Share(engine, { name: "downlink", rate: down / 8 });
    this.up = new Share(engine, { name: "uplink", rate: up / 8 });
  }

  /** How often it was cut. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Cuts every transfer that is under way. */
  cut(): void {
    this.#cuts++;
  }

  /** A way over this link to a server. */
  to(handler: Handler, address: string = "10.0.0.2"): Transport {
    return { request: (request, progress) => this.#request(handler, address, request, progress) };
  }

  *#request(
    handler: Handler,
    address: string,
    request: HttpRequest,
    progress: ((current: number, total: number) => void) | undefined,
  ): Activity<HttpResponse | TransferFailure> {
    const { engine, latency } = this;
    const sent = Number(request.headers[transferSizeHeader] ?? request.body.length);
    const lost = yield* this.#carry("up", sent, sent > 0 ? progress : undefined);
    if (lost !== undefined) return { failed: "ECONNRESET", received: new Uint8Array(0) };
    yield* engine.delay(latency);
    const made = handler(request, { address: ipv4(address), port: 40_000 });
    const response = "next" in made ? yield* made : made;
    yield* engine.delay(latency);
    const length = request.method === "HEAD" ? 0 : response.body.length;
    const counted = length === 0 ? 0 : Number(response.headers[transferSizeHeader] ?? length);
    const came = yield* this.#carry("down", counted, sent > 0 ? undefined : progress);
    if (came === undefined) return length === 0 ? { ...response, body: new Uint8Array(0) } : response;
    const { status, body } = response;
    return { failed: "ECONNRESET", status, received: body.subarray(0, Math.floor((length * came) / counted)) };
  }

  /** @returns how much went over before the link was cut; undefined where all did */
  *#carry(
    way: "down" | "up",
    bytes: number,
    progress: ((current: number, total: number) => void) | undefined,
  ): Activity<number | undefined> {
    const before = this.#cuts;
    for (let done = 0; done < bytes;) {
      const part = Math.min(bytes - done, Math.max(1, Math.ceil(bytes / slices)));
      yield* this[way].use(part);
      if (this.#cuts !== before) return done;
      done += part;
      this.carried[way] += part;
      progress?.(done, bytes);
    }
    return undefined;
  }
}

/** A way over sim/net: `host` is a name that the client's resolver knows, or an address, with a port where it isn't 80. */
export function networkTransport(client: HttpClient, host: string): Transport {
  return {
    *request({ method, path, headers, body }, progress) {
      const response = yield* client.request(`http://${host}${path}`, { method, headers, body });
      if (typeof response === "string") return { failed: response, received: new Uint8Array(0) };
      const length = method === "GET" ? response.body.length : body.length;
      if (length > 0) progress?.(length, length);
      return response;
    },
  };
}

/** Straight into a registry, without time. */
export function directTransport(handler: Handler): Transport {
  return {
    *request(request) {
      const made = handler(request, { address: ipv4("127.0.0.1"), port: 40_000 });
      return "next" in made ? yield* made : made;
    },
  };
}

export const requestOf = (
  method: string,
  path: string,
  headers: Headers = {},
  body: Uint8Array = new Uint8Array(0),
): HttpRequest => ({ method, path, headers, body });
