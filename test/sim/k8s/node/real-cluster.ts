import { createWorld, encodeUtf8, s, type Activity } from "../../../../sim/core/index.js";
import { Cluster, type ClusterOptions } from "../../../../sim/k8s/index.js";
import type { PodStatus } from "../../../../sim/k8s/client/pod-types.js";
import { textOf } from "../../../../sim/net/index.js";
import {
  AF_INET,
  attempt,
  Errno,
  getaddrinfo,
  O_CREAT,
  O_WRONLY,
  SOCK_STREAM,
  SOL_SOCKET,
  type Program,
  type Sys,
} from "../../../../sim/os/index.js";

/**
 * A server of HTTP that stands in for the images' own: to every request it answers who it is, and from where it was asked. Its first word
 * that is a number is its port.
 */
const server = (name: string): Program<Sys> => ({
  name,
  *main(sys, argv) {
    const port = Number(argv.find((word) => /^\d+$/.test(word)) ?? 80);
    yield* sys.rt_sigaction("SIGCHLD", "SIG_IGN");
    const listener = yield* sys.socket(AF_INET, SOCK_STREAM);
    yield* sys.setsockopt(listener, SOL_SOCKET, "SO_REUSEADDR", 1);
    yield* sys.bind(listener, { address: "0.0.0.0", port });
    yield* sys.listen(listener, 64);
    const { nodename } = yield* sys.uname();
    // As pid 1 it would hear no signal that it has no handler for.
    const state = { ended: false };
    for (const signal of ["SIGTERM", "SIGQUIT"] as const)
      yield* sys.rt_sigaction(signal, function* () {
        state.ended = true;
      });
    for (;;) {
      const fd = yield* attempt(sys.accept4(listener));
      if (state.ended || fd instanceof Errno) return 0;
      yield* sys.clone(function* (child) {
        const from = yield* child.getpeername(fd);
        const asked = yield* child.read(fd, 4096);
        const who = typeof from === "object" && "address" in from ? from.address : "?";
        if (asked.length > 0) {
          const body = `${nodename} ${who}\n`;
          yield* child.write(
            fd,
            encodeUtf8(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`),
          );
        }
        yield* child.close(fd);
        return 0;
      });
      yield* sys.close(fd);
    }
  },
});

/** `wget -qO- URL`, which the image of busybox has and the userland not yet: by system calls, so by the pod's own resolver and network. */
const wget: Program<Sys> = {
  name: "wget",
  *main(sys, argv) {
    const late = argv.indexOf("-T");
    if (late > 0) yield* sys.alarm(s(Number(argv[late + 1])));
    const [, host = "", port = "80", path = "/"] =
      /^http:\/\/([^:/]+)(?::(\d+))?(\/.*)?$/.exec(argv.at(-1) ?? "") ?? [];
    const found = yield* getaddrinfo(sys, host);
    const say = (text: string): Activity<number> => sys.write(2, encodeUtf8(`wget: ${text}\n`));
    if ("code" in found) {
      yield* say(`bad address '${host}'`);
      return 1;
    }
    const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
    const failed = yield* attempt(sys.connect(fd, { address: found[0] ?? "", port: Number(port) }));
    if (failed instanceof Errno) {
      yield* say(`can't connect to remote host (${found[0] ?? ""}): ${failed.message}`);
      return 1;
    }
    yield* sys.write(fd, encodeUtf8(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`));
    let text = "";
    for (;;) {
      const bytes = yield* attempt(sys.read(fd, 65_536));
      if (bytes instanceof Errno || bytes.length === 0) break;
      text += textOf(bytes);
    }
    yield* sys.write(1, encodeUtf8(text.slice(text.indexOf("\r\n\r\n") + 4)));
    return 0;
  },
};

/** `dd of=FILE count=MEBIBYTES`: writes so much. */
const dd: Program<Sys> = {
  name: "dd",
  // What has no memory isn't killed for it.
  memory: 400_000,
  *main(sys, argv) {
    const value = (name: string): string =>
      argv.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
    const fd = yield* sys.open(value("of"), O_WRONLY | O_CREAT);
    for (let left = Number(value("count")); left > 0; left--) yield* sys.write(fd, new Uint8Array(2 ** 20));
    return 0;
  },
};

/** `stty size`. */
const stty: Program<Sys> = {
  name: "stty",
  *main(sys) {
    const { rows, columns } = (yield* sys.ioctl(0, "TIOCGWINSZ")) as {
      readonly rows: number;
      readonly columns: number;
    };
    yield* sys.write(1, encodeUtf8(`${rows} ${columns}\n`));
    return 0;
  },
};

/** What stands in for programs that images have and the userland doesn't, or not yet. */
export const programs: readonly Program<Sys>[] = [server("nginx"), wget, dd, stty];

/** A cluster whose pods run programs, ready. */
export function realCluster(options: Partial<ClusterOptions> = {}): Cluster {
  const world = createWorld({ seed: 3 });
  const cluster = new Cluster({
    ...{ world, nodes: 2, runtime: "containers", programs },
    ...options,
  });
  cluster.start();
  return cluster;
}

/** A pod of one container that runs a script. @param more further lines of the container, @param spec of the pod */
export const scriptPod = (name: string, script: string, more = "", spec = ""): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
${spec}
  containers:
    - name: main
      image: busybox
      imagePullPolicy: IfNotPresent
      command: [sh, -c, ${JSON.stringify(script)}]
${more}`;

/** A pod that serves HTTP. */
export const serverPod = (name: string, more = "", spec = ""): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
${spec}
  containers:
    - name: main
      image: nginx:alpine
      ports: [{containerPort: 80}]
${more}`;

export const never = "  restartPolicy: Never";
export const onNode = (node: number): string => `  nodeName: node-${node}`;

export function statusOf(cluster: Cluster, pod: string): PodStatus {
  return (cluster.get(`pod/${pod}`).items[0]?.["status"] ?? {}) as PodStatus;
}
export const addressOf = (cluster: Cluster, pod: string): string => statusOf(cluster, pod).podIP ?? "";

/** Runs scripts to their end in a pod each, with a further line of its spec. @returns what it printed */
export function printed(cluster: Cluster, script: string, spec = ""): string {
  const name = `asks-${printedPods++}`;
  cluster.apply(scriptPod(name, script, "", `${never}\n${spec}`));
  cluster.advance(s(60));
  return cluster.logs(name);
}
let printedPods = 0;

export const told = (cluster: Cluster, what: string): string[] =>
  cluster.events(what).rows.map((row) => `${String(row["Reason"])}: ${String(row["Message"])}`);
