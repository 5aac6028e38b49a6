import type { Activity } from "../../core/index.js";
import type { TarEntry } from "../../userland/index.js";
import { pack } from "../image/pack.js";
import type { Containers } from "./containers.js";
import type { Container } from "./container.js";
import type { EngineHost } from "./host.js";
import type { Images } from "./images.js";
import type { Lifecycle } from "./lifecycle.js";
import type { Volumes } from "./volumes.js";

/** A row of `docker system df`; sizes in bytes. */
export interface UsageRow {
  readonly type: "Images" | "Containers" | "Local Volumes" | "Build Cache";
  readonly total: number;
  readonly active: number;
  readonly size: number;
  readonly reclaimable: number;
}

export interface UsageParts {
  readonly host: EngineHost;
  readonly containers: Containers;
  readonly images: Images;
  readonly volumes: Volumes;
}

const sizeOf = (entries: readonly TarEntry[]): number => entries.reduce((sum, { size }) => sum + size, 0);

/** Bytes that a container has written itself, and those with its image's: the column SIZE of `docker ps -s`. */
export interface ContainerSize {
  readonly SizeRw: number;
  readonly SizeRootFs: number;
}

export function* sizeOfContainer(
  { host, images }: Pick<UsageParts, "host" | "images">,
  { id, image }: Container,
): Activity<ContainerSize> {
  const SizeRw = sizeOf(yield* host.serve((sys) => host.snapshots.changes(sys, id)));
  return { SizeRw, SizeRootFs: SizeRw + (images.list().find((row) => row.id === image.id)?.size ?? 0) };
}

/** What everything takes, in bytes: containers by id, volumes by name. */
export interface DiskUsage {
  /** Layers that images share count once. */
  readonly layers: number;
  readonly containers: ReadonlyMap<string, ContainerSize>;
  readonly volumes: ReadonlyMap<string, number>;
}

export function* measureDisk({ host, containers, images, volumes }: UsageParts): Activity<DiskUsage> {
  const layers = new Map<string, number>();
  for (const { id } of images.list()) {
    const image = images.store.get(id);
    const history = images.store.history(id).filter(({ size }) => size > 0);
    for (const [place, { digest }] of [...image.manifest.layers].reverse().entries())
      layers.set(digest, history[place]?.size ?? 0);
  }
  const sizes = new Map<string, ContainerSize>();
  for (const container of containers.all())
    sizes.set(container.id, yield* sizeOfContainer({ host, images }, container));
  const held = new Map<string, number>();
  for (const { Name, Mountpoint } of volumes.list())
    held.set(Name, sizeOf(yield* host.serve((sys) => pack(sys, Mountpoint))));
  return { layers: sum(layers.values()), containers: sizes, volumes: held };
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, one) => total + one, 0);

/** What everything takes, and what pruning would free. */
export function* diskUsage(parts: UsageParts): Activity<UsageRow[]> {
  const { containers, images, volumes } = parts;
  const usage = yield* measureDisk(parts);
  const used = new Set(containers.all().map(({ image }) => image.id));
  const rows = images.list();
  const written = (which: readonly Container[]): number =>
    sum(which.map(({ id }) => usage.containers.get(id)?.SizeRw ?? 0));
  const everyone = containers.all();
  const idle = everyone.filter(({ isRunning }) => !isRunning);
  const all = volumes.list();
  const unused = all.filter(({ Name }) => volumes.users(Name).length === 0);
  return [
    {
      type: "Images",
      total: rows.length,
      active: rows.filter(({ id }) => used.has(id)).length,
      size: usage.layers,
      reclaimable: sum(rows.filter(({ id }) => !used.has(id)).map((row) => row.size - row.sharedSize)),
    },
    {
      type: "Containers",
      total: everyone.length,
      active: everyone.length - idle.length,
      size: written(everyone),
      reclaimable: written(idle),
    },
    {
      type: "Local Volumes",
      total: all.length,
      active: all.length - unused.length,
      size: sum(usage.volumes.values()),
      reclaimable: sum(unused.map(({ Name }) => usage.volumes.get(Name) ?? 0)),
    },
  ];
}

/** What `docker container prune` removed. */
export interface Pruned {
  readonly removed: readonly string[];
  /** In bytes. */
  readonly reclaimed: number;
}

/** Removes every container that doesn't run. */
export function* pruneContainers(parts: UsageParts, lifecycle: Lifecycle): Activity<Pruned> {
  const removed: string[] = [];
  let reclaimed = 0;
  for (const container of parts.containers.all()) {
    const { status } = container.state;
    if (status !== "created" && status !== "exited" && status !== "dead") continue;
    reclaimed += (yield* sizeOfContainer(parts, container)).SizeRw;
    yield* lifecycle.remove(container);
    removed.push(container.id);
  }
  return { removed, reclaimed };
}
