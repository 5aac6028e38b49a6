import { concatBytes, createWorld, encodeUtf8, type Activity, type World } from "../../../../sim/core/index.js";
import {
  ContainerEngine,
  directTransport,
  dockerHub,
  parseReference,
  pull,
  Session,
  type ContainerEngineOptions,
  type Image,
  type ImageStore,
} from "../../../../sim/container/index.js";
import { Kernel } from "../../../../sim/os/index.js";
import { installPrograms } from "../../../../sim/userland/index.js";
import { play, text } from "../../os/system.js";
import { newStore } from "../programs.js";

type CreateOptions = Parameters<ContainerEngine["create"]>[0];
type Config = CreateOptions["config"];
type Host = NonNullable<CreateOptions["host"]>;

const hubSession = (world: World): Session => {
  const hub = dockerHub(world);
  return new Session(
    world.engine,
    directTransport((request, from) => hub.handle(request, from)),
  );
};

/** The hub's images, pulled once; all hosts here begin with the same blobs. */
const pulled = new Map<string, { readonly store: ImageStore; readonly image: Image }>();

function pulledOnce(name: string): { readonly store: ImageStore; readonly image: Image } {
  let found = pulled.get(name);
  if (found === undefined) {
    const world = createWorld({ seed: 1 });
    const store = newStore();
    const image = play(() => pull(hubSession(world), parseReference(name), store), new Kernel({ world }));
    pulled.set(name, (found = { store, image }));
  }
  return found;
}

export interface Docker {
  readonly engine: ContainerEngine;
  /** Has the world go on until this is done. */
  do<T>(activity: Activity<T>): T;
  /** Creates a container of alpine and starts it. @returns its id */
  run(command: readonly string[] | string, config?: Partial<Config>, host?: Host, name?: string): string;
  /** Runs it to its end. @returns what it wrote, and its exit code */
  finish(
    command: readonly string[] | string,
    config?: Partial<Config>,
    host?: Host,
  ): { readonly out: string; readonly code: number };
  /** The text of a container's log. */
  logs(name: string): string;
  /** Runs a command in a container. */
  exec(name: string, command: readonly string[] | string): { readonly out: string; readonly code: number };
  pass(nanos: number): void;
}

const argsOf = (command: readonly string[] | string): readonly string[] =>
  typeof command === "string" ? ["sh", "-c", command] : command;

/** An engine on a host of its own, with alpine. */
export function docker(options: ContainerEngineOptions = {}, images: readonly string[] = ["alpine"]): Docker {
  const world = createWorld({ seed: 1 });
  const kernel = new Kernel({ world, hostname: "host", memory: 2 ** 30, cpus: 2 });
  installPrograms(kernel);
  const store = newStore();
  for (const name of images) {
    const { store: from, image } = pulledOnce(name);
    for (const { digest } of [image.target, image.manifest.config, ...image.manifest.layers])
      store.content.put(from.content.get(digest));
    store.add(image, parseReference(name));
  }
  let session: Session | undefined;
  const engine = new ContainerEngine(kernel, {
    images: store,
    networks: false,
    registries: (name) => (name === "docker.io" ? (session ??= hubSession(world)) : undefined),
    ...options,
  });
  const perform = <T>(activity: Activity<T>): T => {
    const process = world.engine.spawn(activity);
    // An error is the test's.
    process.onSettled(() => undefined);
    const stop = world.engine.run(process);
    if (!process.settled) throw new Error(`nothing ends this: ${JSON.stringify(stop)}`);
    return process.value;
  };
  const run: Docker["run"] = (command, config = {}, host = {}, name) => {
    const id = perform(
      engine.create({
        config: { Image: "alpine", Cmd: argsOf(command), ...config },
        host,
        ...(name !== undefined && { name }),
      }),
    );
    perform(engine.start(id));
    return id;
  };
  const logs = (name: string): string =>
    perform(engine.logs(name))
      .map((entry) => entry.text)
      .join("");
  return {
    engine,
    do: perform,
    run,
    logs,
    finish(command, config, host) {
      const id = run(command, config, host);
      const { exitCode } = perform(engine.wait(id));
      return { out: logs(id), code: exitCode };
    },
    exec(name, command) {
      const exec = engine.exec(name, { Cmd: argsOf(command) });
      const output = exec.streams.attach({ stdout: true, stderr: true });
      perform(engine.execs.start(exec));
      const chunks = perform(output.rest());
      return { out: text(concatBytes(chunks.map(({ bytes }) => bytes))), code: exec.exitCode ?? -1 };
    },
    pass(nanos) {
      world.engine.run((world.engine.now + nanos) as typeof world.engine.now);
    },
  };
}

/** The status and message of what an engine refuses. */
export function refusal(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return error instanceof Error
      ? `${"status" in error ? String(error.status) : "?"} ${error.message}`
      : String(error);
  }
  return "ok";
}

export const bytes = encodeUtf8;
