import { execFile, type ExecFileOptions } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { container, lab, serve, type Linux, type ServedDocker, type World } from "../../kernel/api/index.js";

/** Debian's docker.io, unpacked where `.ci/run` says, or whatever docker is installed. */
export const docker: string | undefined = [process.env["VIRTLAB_DOCKER"], "/usr/bin/docker"].find(
  (path) => path !== undefined && path !== "" && existsSync(path),
);
if (docker === undefined) console.log("docker is not installed (Debian: docker.io): its suites are skipped");

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** An engine that is served, with a hub that knows a user ("me", "secret") and a registry at localhost:5000; and a folder for files. */
export interface ClientBench {
  readonly world: World;
  readonly engine: container.ContainerEngine;
  readonly served: ServedDocker;
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs docker to its end. */
  run(args: readonly string[], input?: string): Promise<Ran>;
  close(): Promise<void>;
}

/** A host with an engine whose registries are a hub that knows a user ("me", "secret") and one at localhost:5000. */
export function dockerHost(): {
  readonly world: World;
  readonly linux: Linux;
  readonly engine: container.ContainerEngine;
} {
  const world = lab({ seed: 9 });
  const hub = container.dockerHub(world, { users: { me: "secret" } });
  const local = new container.Registry({ world });
  const registries = new Map([
    ["docker.io", hub],
    ["localhost:5000", local],
  ]);
  // Clients reckon with their own clock: what is made now is new.
  const linux = world.linux({ bootTime: Date.now() * 1e6, cpus: 2 });
  const engine = new container.ContainerEngine(linux, {
    registries: (name, credentials) => {
      const registry = registries.get(name);
      const transport = registry && container.directTransport((request, from) => registry.handle(request, from));
      return transport && new container.Session(world.engine, transport, credentials);
    },
  });
  return { world, linux, engine };
}

export async function clientBench(): Promise<ClientBench> {
  const { world, engine } = dockerHost();
  const served = await serve(engine);
  const folder = mkdtempSync(join(tmpdir(), "virtlab-docker-test-"));
  const env = {
    ...process.env,
    HOME: folder,
    DOCKER_HOST: served.host,
    DOCKER_CONFIG: join(folder, ".docker"),
    TZ: "UTC",
  };
  const options: ExecFileOptions = { env, cwd: folder, timeout: 60_000, maxBuffer: 2 ** 26 };
  return {
    ...{ world, engine, served, folder, env },
    run: (args, input) =>
      new Promise((resolve) => {
        const child = execFile(docker ?? "docker", args, options, (error, out, err) => {
          const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
          resolve({ code, out: String(out), err: String(err) });
        });
        child.stdin?.end(input);
      }),
    close: async () => {
      await served.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
