import { createWorld, ns, type Activity, type Nanos, type World } from "../../../../sim/core/index.js";
import {
  ApiServer,
  KubeClient,
  type ApiEndpoint,
  type ApiServerOptions,
  type JsonObject,
  type KubeClientOptions,
  type StreamSink,
} from "../../../../sim/k8s/index.js";

export const root = { name: "root", groups: ["system:masters", "system:authenticated"] };

/** An API server that can be reached or not, and a client of it. */
export interface Surroundings {
  readonly world: World;
  readonly api: ApiServer;
  readonly client: KubeClient;
  readonly endpoint: ApiEndpoint;
  /** From now on `server` answers, or nobody: streams that were open end. */
  readonly connect: (server: ApiServer | undefined) => void;
  /** Runs an activity to its end. */
  readonly done: <T>(activity: Activity<T>) => T;
  readonly later: (duration: Nanos) => void;
}

export function surroundings(
  options: Omit<ApiServerOptions, "world"> = {},
  client: Partial<KubeClientOptions> = {},
): Surroundings {
  const world = createWorld({ seed: 11 });
  const api = new ApiServer({ ...options, world });
  let server: ApiServer | undefined = api;
  const open = new Set<() => void>();
  const endpoint: ApiEndpoint = {
    handle: (request) => {
      const answer = server?.handle(request);
      if (answer?.stream === undefined) return answer;
      const tracked = (sink: StreamSink): (() => void) => {
        const stop = answer.stream(sink);
        const cut = (): void => {
          stop();
          sink.end();
        };
        open.add(cut);
        return () => {
          open.delete(cut);
          stop();
        };
      };
      return { ...answer, stream: tracked };
    },
  };
  return {
    world,
    api,
    endpoint,
    client: new KubeClient({ world, endpoint, user: root, ...client }),
    connect: (to) => {
      server = to;
      for (const cut of [...open]) cut();
      open.clear();
    },
    done: (activity) => {
      const process = world.engine.spawn(activity, { name: "test" });
      // Someone waits for it, so that what it fails with comes out here.
      process.onSettled(() => undefined);
      world.engine.run(process);
      return process.value;
    },
    later: (duration) => {
      world.engine.run(ns(world.engine.now + duration));
    },
  };
}

export const configMap = (name: string, data: JsonObject = {}): JsonObject => ({ metadata: { name }, data });
