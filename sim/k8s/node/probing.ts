import { any, type Activity, type Nanos } from "../../core/index.js";
import { HttpClient, type NetworkNamespace } from "../../net/index.js";
import { RuntimeFailure, type HttpProbe } from "../kubelet/runtime.js";

/** Whoever asks: a node, in its own network. */
interface Prober {
  readonly stack: NetworkNamespace;
}

/** Go's words for how a connection fails (package net and syscall). */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  ETIMEDOUT: "i/o timeout",
  ECONNRESET: "connection reset by peer",
};

const dialed = (address: string, port: number, error: string): RuntimeFailure =>
  new RuntimeFailure(`dial tcp ${address}:${port}: connect: ${words[error] ?? error}`);

const late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";

/** Runs an activity, for a time at most. @returns undefined where it took longer */
function* within<T>(
  { stack: { world } }: Prober,
  timeout: Nanos,
  body: Activity<T>,
): Activity<{ readonly value: T } | undefined> {
  const process = world.engine.spawn(body, { name: "probe" });
  yield* any({ process, late: world.engine.delay(timeout) });
  if (process.settled) return { value: process.value };
  process.cancel();
  return undefined;
}

/** The status code of an answer to a GET, over the network. @throws RuntimeFailure where none comes in time */
export function* statusOf(from: Prober, address: string, probe: HttpProbe, timeout: Nanos): Activity<number> {
  const { port, path, host, headers } = probe;
  const client = new HttpClient(from.stack);
  const url = `http://${host === "" ? address : host}:${port}${path.startsWith("/") ? path : `/${path}`}`;
  const asked = { headers: { "user-agent": "kube-probe/1.32", accept: "*/*", connection: "close", ...headers } };
  const answer = yield* within(from, timeout, client.request(url, asked));
  client.close();
  if (answer === undefined) throw new RuntimeFailure(late);
  const { value } = answer;
  if (typeof value === "string") throw dialed(address, port, value);
  return value.status;
}

/** Opens a connection and closes it. @throws RuntimeFailure where that isn't done in time */
export function* connectTo(from: Prober, address: string, port: number, timeout: Nanos): Activity<undefined> {
  const socket = from.stack.tcpSocket();
  const made = yield* within(from, timeout, socket.connect(address, port));
  socket.close();
  if (made === undefined) throw new RuntimeFailure(`dial tcp ${address}:${port}: i/o timeout`);
  if (made.value !== undefined) throw dialed(address, port, made.value);
  return undefined;
}
