import { createServer, type Server, type Socket } from "node:net";
import { UsageError, withDefaults, type TextView } from "../../sim/core/index.js";
import {
  container,
  Docker,
  GdbStub,
  k8s,
  machineTarget,
  type DebugTarget,
  type Machine,
  type VirtualMachine,
} from "../../sim/lab/index.js";
import { serveEtcd } from "../server/index.js";
import { serveEngine, type ServeDockerOptions, type ServedDocker } from "./serve-docker.js";
import { serveCluster, type ServeClusterOptions, type ServedCluster } from "./serve-cluster.js";

export interface ServeOptions {
  /** A port of this computer; 0 takes a free one. */
  readonly port: number;
}

/** A machine that a debugger may come to. */
export interface ServedMachine {
  readonly port: number;
  /** Ends the connection and gives the port back. */
  close(): Promise<void>;
  /** What to type into gdb. */
  view(): TextView;
}

/** Serves one debugger: what it sends is answered, and in between the target runs, as long as it runs. */
function attach(socket: Socket, target: DebugTarget): void {
  const stub = new GdbStub(target);
  let scheduled = false;
  const send = (bytes: Uint8Array): void => {
    if (bytes.length > 0 && !socket.destroyed) socket.write(bytes);
    if (stub.closed) socket.end();
    else if (stub.running && !scheduled) {
      scheduled = true;
      setImmediate(() => {
        scheduled = false;
        guarded(() => {
          send(stub.advance());
        });
      });
    }
  };
  const guarded = (action: () => void): void => {
    try {
      action();
    } catch (thrown) {
      // The connection ends, and the error is the cell's.
      stub.close();
      socket.destroy();
      throw thrown;
    }
  };
  socket.setNoDelay(true);
  socket.on("data", (bytes) => {
    guarded(() => {
      send(stub.receive(bytes));
    });
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    stub.close();
  });
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const used = error.code === "EADDRINUSE";
      const message = used ? `port ${port} is in use` : `port ${port} can't be opened: ${error.message}`;
      reject(new UsageError(message, "Take another port, or 0 for a free one."));
    });
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/** An etcd cluster that clients may come to: a port for each server. */
export interface ServedEtcdCluster {
  readonly ports: readonly number[];
  /** Ends all connections and gives the ports back. */
  close(): Promise<void>;
  /** What to type to reach it. */
  view(): TextView;
}

/**
 * Opens ports on the loopback address at which stock clients find what is simulated.
 * - A machine is found by gdb, see `ServedMachine`; a VMM's virtual machine as well, whose guest gdb then sees, and the VMM not.
 * - An etcd cluster, or an `Etcd`, by etcdctl: a port for each server, from `port` on. Each request runs the world until
 *   it is answered, and 20 ms more; in between, its time stands.
 * - A Kubernetes cluster by kubectl and client libraries, see `ServedCluster`.
 * - Docker's engine by docker and client libraries, see `ServedDocker`.
 * @throws UsageError for a port that can't be had
 */
export function serve(machine: Machine | VirtualMachine, options?: Partial<ServeOptions>): Promise<ServedMachine>;
export function serve(etcd: k8s.EtcdCluster | k8s.Etcd, options?: Partial<ServeOptions>): Promise<ServedEtcdCluster>;
export function serve(cluster: k8s.Cluster, options?: Partial<ServeClusterOptions>): Promise<ServedCluster>;
export function serve(
  docker: Docker | container.ContainerEngine,
  options?: Partial<ServeDockerOptions>,
): Promise<ServedDocker>;
export function serve(
  what: Machine | VirtualMachine | k8s.EtcdCluster | k8s.Etcd | k8s.Cluster | Docker | container.ContainerEngine,
  options?: Partial<ServeOptions> | Partial<ServeClusterOptions> | Partial<ServeDockerOptions>,
): Promise<ServedMachine | ServedEtcdCluster | ServedCluster | ServedDocker> {
  if (what instanceof Docker) return serveEngine(what.engine, options);
  if (what instanceof container.ContainerEngine) return serveEngine(what, options);
  if (what instanceof k8s.Cluster) return serveCluster(what, options as Partial<ServeClusterOptions>);
  const port = options as Partial<ServeOptions>;
  if (what instanceof k8s.EtcdCluster) return serveServers(what.members, port);
  if (what instanceof k8s.Etcd) return serveServers([what.endpoint()], port);
  return serveMachine("machine" in what ? what.machine : what, port);
}

async function serveServers(
  servers: readonly k8s.EtcdEndpoint[],
  options?: Partial<ServeOptions>,
): Promise<ServedEtcdCluster> {
  const { port } = withDefaults<ServeOptions>("serve", options, { port: 0 });
  const served: Awaited<ReturnType<typeof serveEtcd>>[] = [];
  const close = async (): Promise<void> => {
    for (const one of served) await one.close();
  };
  try {
    for (const [place, server] of servers.entries())
      served.push(await serveEtcd(server, port === 0 ? 0 : port + place));
  } catch (error) {
    await close();
    throw error;
  }
  const ports = served.map((one) => one.port);
  const endpoints = ports.map((one) => `127.0.0.1:${one}`).join(",");
  return { ports, close, view: () => ({ as: "text", text: `ETCDCTL_API=3 etcdctl --endpoints=${endpoints}` }) };
}

/**
 * Opens a port on the loopback address at which gdb can attach to a machine: `gdb-multiarch -ex "target remote :PORT"`. The
 * machine stands still until gdb lets it run, and then runs beside the cells, in slices between their events. One debugger at a
 * time; another one is sent away.
 * @throws UsageError for a port that can't be had
 */
async function serveMachine(machine: Machine, options?: Partial<ServeOptions>): Promise<ServedMachine> {
  const { port: wanted } = withDefaults<ServeOptions>("serve", options, { port: 0 });
  const target = machineTarget(machine);
  let attached: Socket | undefined;
  const server = createServer((socket) => {
    if (attached !== undefined && !attached.destroyed) {
      socket.destroy();
      return;
    }
    attached = socket;
    attach(socket, target);
  });
  const port = await listen(server, wanted);
  // It keeps no script alive that has nothing else to do, unless a debugger is there.
  server.unref();
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        attached?.destroy();
        server.close(() => {
          resolve();
        });
      }),
    view: () => ({ as: "text", text: `gdb-multiarch -ex "target remote :${port}"` }),
  };
}
