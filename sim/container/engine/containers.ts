import { conflict, EngineError, invalid, missing } from "./errors.js";
import type { Container, ContainerStatus } from "./container.js";
import { isName } from "./names.js";
import { timestamp } from "../timestamp.js";

/** What `docker ps --filter` takes: values of one key are alternatives, keys must all hold. */
type ListFilters = Readonly<Record<string, readonly string[]>>;

export interface ListOptions {
  /** Also those that don't run. */
  readonly all?: boolean;
  /** The newest so many, running or not. */
  readonly limit?: number;
  readonly filters?: ListFilters;
}

const filterNames = "ancestor before exited health id is-task label name network publish since status volume".split(
  " ",
);

/** The containers of an engine, by ids and names. */
export class Containers {
  readonly #byId = new Map<string, Container>();
  readonly #byName = new Map<string, Container>();

  get size(): number {
    return this.#byId.size;
  }

  all(): Container[] {
    return [...this.#byId.values()];
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** @throws EngineError for a name that is taken, or none */
  add(container: Container): void {
    this.#demandName(container.name);
    this.#byId.set(container.id, container);
    this.#byName.set(container.name, container);
  }

  /** @throws EngineError for a name that is taken, or none */
  rename(container: Container, name: string): void {
    if (container.name === name)
      throw invalid("Renaming a container with the same name as its current name", "Choose another name.");
    this.#demandName(name);
    this.#byName.delete(container.name);
    container.name = name;
    this.#byName.set(name, container);
  }

  delete(container: Container): void {
    this.#byId.delete(container.id);
    if (this.#byName.get(container.name) === container) this.#byName.delete(container.name);
  }

  /** By id, name, or an id's beginning. @throws EngineError 404, 400 where several begin so */
  get(text: string): Container {
    const plain = text.replace(/^\//, "");
    const exact = this.#byId.get(plain) ?? this.#byName.get(plain);
    if (exact !== undefined) return exact;
    if (/^[0-9a-f]{1,63}$/.test(plain)) {
      const found = this.all().filter(({ id }) => id.startsWith(plain));
      if (found.length > 1)
        throw invalid(`Multiple IDs found with provided prefix: ${plain}`, "Give more of the id, or the name.");
      const [only] = found;
      if (only !== undefined) return only;
    }
    throw missing("container", text);
  }

  /** The newest first. @throws EngineError for a filter that there isn't */
  list({ all = false, limit = -1, filters = {} }: ListOptions = {}): Container[] {
    for (const name of Object.keys(filters))
      if (!filterNames.includes(name))
        throw invalid(`invalid filter '${name}'`, `There are: ${filterNames.join(", ")}.`);
    // These say themselves that they want others than what runs.
    const everyone = all || limit > 0 || "status" in filters || "exited" in filters;
    const newestFirst = this.all()
      .map((container, place) => ({ container, place }))
      .sort((a, b) => b.container.created - a.container.created || b.place - a.place)
      .map(({ container }) => container);
    const places = new Map(newestFirst.map((container, place) => [container, place]));
    const found = newestFirst.filter(
      (container) =>
        (everyone || container.isRunning || container.state.status === "restarting") &&
        Object.entries(filters).every(([key, values]) =>
          values.some((value) => this.#fits(container, key, value, places)),
        ),
    );
    return limit > 0 ? found.slice(0, limit) : found;
  }

  #fits(container: Container, key: string, value: string, places: ReadonlyMap<Container, number>): boolean {
    const { id, name, config, state, image, mounts, host } = container;
    switch (key) {
      case "id":
        return id.startsWith(value);
      case "name":
        return name.includes(value.replace(/^[/^]+/, "").replace(/\$$/, ""));
      case "label": {
        const [label = "", wanted] = value.split(/=(.*)/s);
        return label in config.Labels && (wanted === undefined || config.Labels[label] === wanted);
      }
      case "status":
        return state.status === demandStatus(value);
      case "exited":
        return state.status === "exited" && state.exitCode === Number(value);
      case "ancestor":
        return (
          config.Image === value ||
          config.Image === `${value}:latest` ||
          image.id.replace("sha256:", "").startsWith(value.replace("sha256:", ""))
        );
      case "health":
        return (state.health?.Status ?? "none") === value;
      case "volume":
        return mounts.some((mount) => mount.volume === value || mount.target === value || mount.path === value);
      case "network":
        return host.NetworkMode === value;
      case "publish":
        return Object.values(host.PortBindings).some((list) => list.some(({ HostPort }) => HostPort === value));
      case "before":
        return (places.get(container) ?? 0) > (places.get(this.get(value)) ?? 0);
      case "since":
        return (places.get(container) ?? 0) < (places.get(this.get(value)) ?? 0);
      default:
        return value === "false";
    }
  }

  #demandName(name: string): void {
    if (!isName(name))
      throw invalid(
        `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
        "Choose another name.",
      );
    const taken = this.#byName.get(name);
    if (taken !== undefined)
      throw conflict(
        `Conflict. The container name "/${name}" is already in use by container "${taken.id}". You have to remove (or rename) that container to be able to reuse that name.`,
        "Remove it, or choose another name.",
      );
  }
}

const statuses: readonly ContainerStatus[] = [
  "created",
  "restarting",
  "running",
  "removing",
  "paused",
  "exited",
  "dead",
];

function demandStatus(value: string): ContainerStatus {
  const found = statuses.find((one) => one === value);
  if (found === undefined)
    throw new EngineError(400, `invalid filter 'status=${value}'`, `There are: ${statuses.join(", ")}.`);
  return found;
}

/** A row of `docker ps`, in the form of Docker's API. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  readonly Command: string;
  /** Seconds since 1970. */
  readonly Created: number;
  readonly CreatedAt: string;
  readonly State: ContainerStatus;
  readonly Status: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Mounts: readonly {
    readonly Type: string;
    readonly Name?: string;
    readonly Source: string;
    readonly Destination: string;
    readonly RW: boolean;
  }[];
  readonly HostConfig: { readonly NetworkMode: string };
}

/** @param now nanoseconds since 1970 */
export function summaryOf(container: Container, now: number): ContainerSummary {
  const { id, name, config, image, created, state, mounts, host } = container;
  const quoted = (word: string): string => (/[\s"']/.test(word) ? `'${word}'` : word);
  return {
    Id: id,
    Names: [`/${name}`],
    Image: config.Image,
    ImageID: image.id,
    Command: container.args.map(quoted).join(" "),
    Created: Math.floor(created / 1e9),
    CreatedAt: timestamp(created),
    State: state.status,
    Status: container.describe(now),
    Labels: config.Labels,
    Mounts: mounts.map(mountOf),
    HostConfig: { NetworkMode: host.NetworkMode },
  };
}

const mountOf = ({
  type,
  volume,
  path,
  target,
  writable,
}: Container["mounts"][number]): ContainerSummary["Mounts"][number] => ({
  Type: type,
  ...(volume !== "" && { Name: volume }),
  Source: path,
  Destination: target,
  RW: writable,
});
