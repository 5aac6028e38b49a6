import { ms, type Activity, type World } from "../../core/index.js";
import { attempt, Errno, type Program, type Sys } from "../../os/index.js";
import { readAll, writeAll, encode } from "../../userland/index.js";
import { decodeUtf8 } from "../objects/text.js";
import type { CommandLine } from "./flags.js";
import { failure } from "./failure.js";
import type { Access, KubectlHost } from "./host.js";
import { HttpEndpoint } from "./http-endpoint.js";
import { configured } from "./kubeconfig.js";
import { kubectl } from "./kubectl.js";

/** The image that Kubernetes publishes of it. */
export const kubectlImage = "registry.k8s.io/kubectl:v1.32.0";

/**
 * kubectl as a program of a simulated Linux, on nodes and in pods: it knows nothing of the cluster but what its kubeconfig or its pod's service
 * account says, and asks the API server over the network.
 */
export const kubectlProgram = (world: World): Program<Sys> => ({
  name: "kubectl",
  memory: 40_000_000,
  *main(sys, argv, env) {
    return yield* kubectl(hostOf(world, sys, env), argv.slice(1));
  },
});

function hostOf(world: World, sys: Sys, env: readonly string[]): KubectlHost {
  const read = function* (path: string): Activity<string | undefined> {
    const fd = yield* attempt(sys.open(path));
    if (fd instanceof Errno) return undefined;
    const bytes = yield* attempt(readAll(sys, fd));
    yield* sys.close(fd);
    return bytes instanceof Errno ? undefined : decodeUtf8(bytes);
  };
  return {
    world,
    read,
    *access(line) {
      return yield* accessOf(sys, line, env, read);
    },
    *print(stream, text) {
      // A reader that has gone, as `head` does, ends nothing but its own output.
      yield* attempt(writeAll(sys, stream === "stdout" ? 1 : 2, encode(text)));
    },
    *stdin() {
      return decodeUtf8(yield* readAll(sys, 0));
    },
    *sleep(duration) {
      yield* attempt(sys.nanosleep(duration > ms(1) ? duration : ms(1)));
    },
  };
}

function* accessOf(
  sys: Sys,
  line: CommandLine,
  env: readonly string[],
  read: (path: string) => Activity<string | undefined>,
): Activity<Access> {
  const variables = Object.fromEntries(
    env.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
  const { server, token, namespace, user } = yield* configured(line, variables, read);
  const [, host = "", port = server.startsWith("https") ? "443" : "80"] =
    /^(?:https?:\/\/)?([^:/]+)(?::(\d+))?\/?$/.exec(server) ?? [];
  const address = host === "localhost" ? "127.0.0.1" : host;
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(address))
    throw failure(`the server's address must be an IPv4 address here, and "${server}" has none`);
  const endpoint = new HttpEndpoint(sys, address, Number(port));
  return {
    endpoint,
    server,
    namespace,
    name: user,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  };
}
