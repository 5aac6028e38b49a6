import type { Activity } from "../../core/index.js";
import { formatIpv4, type Ipv4 } from "../../net/index.js";
import { AF_INET, attempt, Errno, POLLIN, PR_SET_NAME, SOCK_STREAM, SOL_SOCKET, type Sys } from "../../os/index.js";
import { NetworkError } from "./errors.js";
import type { PublishedPort } from "./ports.js";
import { closeAllBut } from "./sandbox.js";

const chunk = 65_536;

/** Carries bytes both ways until both ends have said their last. */
function* relay(sys: Sys, one: number, other: number): Activity<undefined> {
  const open = new Map([
    [one, other],
    [other, one],
  ]);
  while (open.size > 0)
    for (const { fd } of yield* sys.poll([...open.keys()].map((from) => ({ fd: from, events: POLLIN })))) {
      const to = open.get(fd);
      const bytes = yield* attempt(sys.read(fd, chunk));
      if (to === undefined) continue;
      if (bytes instanceof Errno || bytes.length === 0) {
        open.delete(fd);
        yield* attempt(sys.shutdown(to, 1));
      } else for (let at = 0; at < bytes.length;) at += yield* sys.write(to, bytes.subarray(at));
    }
  return undefined;
}

function* serve(sys: Sys, listener: number, address: string, port: number): Activity<number> {
  yield* sys.rt_sigaction("SIGCHLD", "SIG_IGN");
  for (;;) {
    const fd = yield* sys.accept4(listener);
    yield* sys.clone(function* (child) {
      yield* closeAllBut(child, fd);
      const there = yield* child.socket(AF_INET, SOCK_STREAM);
      if ((yield* attempt(child.connect(there, { address, port }))) instanceof Errno) return 1;
      yield* attempt(relay(child, fd, there));
      return 0;
    });
    yield* sys.close(fd);
  }
}

/**
 * Docker's userland proxy for a TCP port: it holds the host's port, and serves those whom no rule leads to the container, who
 * are the host's own programs that call 127.0.0.1.
 * @returns its pid
 * @throws NetworkError where a program of the host has the port
 */
export function* startProxy(sys: Sys, to: Ipv4, published: PublishedPort, container: string): Activity<number> {
  const { hostIp, hostPort, containerPort } = published;
  const listener = yield* sys.socket(AF_INET, SOCK_STREAM);
  yield* sys.setsockopt(listener, SOL_SOCKET, "SO_REUSEADDR", 1);
  const refused = yield* attempt(sys.bind(listener, { address: hostIp, port: hostPort }));
  if (refused instanceof Errno) {
    yield* sys.close(listener);
    throw new NetworkError(
      500,
      `driver failed programming external connectivity on endpoint ${container}: Error starting userland proxy: ` +
        `listen tcp4 ${hostIp}:${hostPort}: bind: ${refused.message.toLowerCase()}`,
      "Publish another port of the host, or stop its program that has this one (ss -tlnp).",
    );
  }
  yield* sys.listen(listener, 128);
  const pid = yield* sys.clone(function* (child) {
    yield* closeAllBut(child, listener);
    yield* child.prctl(PR_SET_NAME, "docker-proxy");
    return yield* serve(child, listener, formatIpv4(to), containerPort);
  });
  yield* sys.close(listener);
  return pid;
}
