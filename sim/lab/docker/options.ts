import { encodeUtf8, UsageError, withDefaults } from "../../core/index.js";
import { fileEntry, type ContainerEngine, type TarEntry } from "../../container/index.js";

type CreateOptions = Parameters<ContainerEngine["create"]>[0];

/** How a container is to run: what `docker run` takes. */
export interface ContainerOptions {
  /** Docker makes one up where it isn't given. */
  readonly name: string | undefined;
  /** Words, or a line for the image's shell; the image's own command where it isn't given. */
  readonly command: readonly string[] | string | undefined;
  readonly entrypoint: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Ports of the host, and the container's that they lead to: `{ 8080: 80, 5353: "53/udp" }`. */
  readonly publish: Readonly<Record<number | string, number | string>>;
  /** Volumes by name or directories of the host by path, and where they are inside: `{ data: "/var/lib/data:ro" }`. */
  readonly volumes: Readonly<Record<string, string>>;
  readonly tmpfs: readonly string[];
  /** Bytes that it may have at most; 0 for no limit, as with the next two. */
  readonly memory: number;
  /** Processors' time: 0.5 is half of one. */
  readonly cpus: number;
  /** Processes. */
  readonly pids: number;
  /** "bridge", "host", "none", "container:NAME", or a network's name. */
  readonly network: string;
  /** Further names of it in its network. */
  readonly aliases: readonly string[];
  readonly hostname: string | undefined;
  readonly user: string;
  readonly workdir: string | undefined;
  /** "no", "always", "unless-stopped", "on-failure", "on-failure:3". */
  readonly restart: string;
  readonly readOnly: boolean;
  readonly privileged: boolean;
  /** Devices of the host, where they are inside, and what may be done with them: "/dev/sda", "/dev/sda:/dev/disk:r". */
  readonly devices: readonly string[];
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Whether it is removed when it has ended. */
  readonly remove: boolean;
}

const defaults: ContainerOptions = {
  name: undefined,
  command: undefined,
  entrypoint: undefined,
  env: {},
  publish: {},
  volumes: {},
  tmpfs: [],
  memory: 0,
  cpus: 0,
  pids: 0,
  network: "bridge",
  aliases: [],
  hostname: undefined,
  user: "",
  workdir: undefined,
  restart: "no",
  readOnly: false,
  privileged: false,
  devices: [],
  capAdd: [],
  capDrop: [],
  labels: {},
  remove: false,
};

export const wordsOf = (command: readonly string[] | string): readonly string[] =>
  typeof command === "string" ? ["/bin/sh", "-c", command] : command;

const restartPolicies = ["no", "always", "unless-stopped", "on-failure"] as const;

type HostConfig = NonNullable<CreateOptions["host"]>;

function restartPolicy(text: string): NonNullable<HostConfig["RestartPolicy"]> {
  const [word = "", count = "0"] = text.split(":");
  const Name = restartPolicies.find((one) => one === word);
  if (Name === undefined || !/^\d+$/.test(count))
    throw new UsageError(`restart: "${text}"`, `Use one of ${restartPolicies.join(", ")}, or on-failure:3.`);
  return { Name, MaximumRetryCount: Number(count) };
}

const withProtocol = (port: number | string): string => (String(port).includes("/") ? String(port) : `${port}/tcp`);

/** The options as Docker's API has them. @throws UsageError for an option that there isn't */
export function createOptions(image: string, given: Partial<ContainerOptions> | undefined): CreateOptions {
  const options = withDefaults<ContainerOptions>("run", given, defaults);
  const { name, command, entrypoint, publish, network, aliases, hostname, workdir } = options;
  const ports = Object.entries(publish).map(([host, inside]) => [withProtocol(inside), host] as const);
  const bindings: Record<string, { readonly HostPort: string }[]> = {};
  for (const [inside, host] of ports) (bindings[inside] ??= []).push({ HostPort: host });
  return {
    ...(name !== undefined && { name }),
    config: {
      Image: image,
      ...(command !== undefined && { Cmd: wordsOf(command) }),
      ...(entrypoint !== undefined && { Entrypoint: entrypoint }),
      ...(hostname !== undefined && { Hostname: hostname }),
      ...(workdir !== undefined && { WorkingDir: workdir }),
      ...(options.user !== "" && { User: options.user }),
      Env: Object.entries(options.env).map(([key, value]) => `${key}=${value}`),
      Labels: options.labels,
      ExposedPorts: Object.fromEntries(ports.map(([inside]) => [inside, {}])),
    },
    host: {
      Binds: Object.entries(options.volumes).map(([source, target]) => `${source}:${target}`),
      Tmpfs: Object.fromEntries(options.tmpfs.map((path) => [path, ""])),
      PortBindings: bindings,
      NetworkMode: network,
      Memory: options.memory,
      NanoCpus: Math.round(options.cpus * 1e9),
      PidsLimit: options.pids,
      RestartPolicy: restartPolicy(options.restart),
      ReadonlyRootfs: options.readOnly,
      Privileged: options.privileged,
      Devices: options.devices.map((text) => {
        const [PathOnHost = "", PathInContainer = "", CgroupPermissions = ""] = text.split(":");
        return { PathOnHost, PathInContainer, CgroupPermissions };
      }),
      CapAdd: options.capAdd,
      CapDrop: options.capDrop,
      AutoRemove: options.remove,
    },
    ...(aliases.length > 0 && { endpoints: { [network]: { aliases } } }),
  };
}

/** What an image is built from: `docker build`. */
export interface ImageOptions {
  /** What it is called: "web:1". */
  readonly tag: string;
  readonly dockerfile: string;
  /** The context's files by their paths. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly args: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly noCache: boolean;
}

/** The context as an archive has it: each directory before what is in it. */
export function contextOf(files: ImageOptions["files"]): TarEntry[] {
  const entries = new Map<string, TarEntry>();
  for (const [path, content] of Object.entries(files)) {
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.includes(".."))
      throw new UsageError(`the file "${path}" lies outside of the context`, "Give a path without ..");
    for (let depth = 1; depth < parts.length; depth++) {
      const name = parts.slice(0, depth).join("/");
      const directory: TarEntry = { ...fileEntry(name, new Uint8Array()), type: "directory", mode: 0o755 };
      if (!entries.has(name)) entries.set(name, directory);
    }
    const name = parts.join("/");
    entries.set(name, fileEntry(name, typeof content === "string" ? encodeUtf8(content) : content));
  }
  return [...entries.values()];
}
