import type { Activity } from "../../core/index.js";
import type { TarEntry } from "../image/tar/entry.js";
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

/** Bytes that a container has written itself: the column SIZE of `docker ps -s`. */
function* sizeRw(host: EngineHost, { id }: Container): Activity<number> {
  return sizeOf(yield* host.serve((sys) => host.snapshots.changes(sys, id)));
}

/** What everything takes, and what pruning would free. */
export function* diskUsage({ host, containers, images, volumes }: UsageParts): Activity<UsageRow[]> {
  const used = new Set(containers.all().map(({ image }) => image.id));
  const rows = images.list();
  const sizes = new Map<string, number>();
  const own = (row: (typeof rows)[number]): number => row.size - row.sharedSize;
  // Layers that images share count once.
  const layers = new Map<string, number>();
  for (const { id } of rows) {
    const image = images.store.get(id);
    const history = images.store.history(id).filter(({ size }) => size > 0);
    for (const [place, { digest }] of [...image.manifest.layers].reverse().entries())
      layers.set(digest, history[place]?.size ?? 0);
  }
  let written = 0;
  let idle = 0;
  for (const container of containers.all()) {
    const size = yield* sizeRw(host, container);
    written += size;
    if (!container.isRunning) idle += size;
  }
  for (const { Name, Mountpoint } of volumes.list())
    sizes.set(Name, sizeOf(yield* host.serve((sys) => pack(sys, Mountpoint))));
  const all = volumes.list();
  const unused = all.filter(({ Name }) => volumes.users(Name).length === 0);
  const sum = (names: readonly { readonly Name: string }[]): number =>
    names.reduce((total, { Name }) => total + (sizes.get(Name) ?? 0), 0);
  return [
    {
      type: "Images",
      total: rows.length,
      active: rows.filter(({ id }) => used.has(id)).length,
      size: [...layers.values()].reduce((total, size) => total + size, 0),
      reclaimable: rows.filter(({ id }) => !used.has(id)).reduce((total, row) => total + own(row), 0),
    },
    {
      type: "Containers",
      total: containers.size,
      active: containers.all().filter(({ isRunning }) => isRunning).length,
      size: written,
      reclaimable: idle,
    },
    {
      type: "Local Volumes",
      total: all.length,
      active: all.length - unused.length,
      size: sum(all),
      reclaimable: sum(unused),
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
export function* pruneContainers({ host, containers }: UsageParts, lifecycle: Lifecycle): Activity<Pruned> {
  const removed: string[] = [];
  let reclaimed = 0;
  for (const container of containers.all()) {
    const { status } = container.state;
    if (status !== "created" && status !== "exited" && status !== "dead") continue;
    reclaimed += yield* sizeRw(host, container);
    yield* lifecycle.remove(container);
    removed.push(container.id);
  }
  return { removed, reclaimed };
}
