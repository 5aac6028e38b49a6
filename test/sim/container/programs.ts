import { encodeUtf8, type Activity } from "../../../sim/core/index.js";
import {
  ContentStore,
  fileEntry,
  ImageStore,
  makeImage,
  makeLayer,
  type ExecutionConfig,
  type Image,
  type TarEntry,
} from "../../../sim/container/index.js";
import { executable, type Kernel, type Sys } from "../../../sim/os/index.js";
import { kernel, play } from "../os/system.js";

export const textFile = (name: string, text: string, more: Partial<TarEntry> = {}): TarEntry =>
  fileEntry(name, encodeUtf8(text), more);

export const directory = (name: string, mode = 0o755): TarEntry => ({ ...textFile(name, ""), type: "directory", mode });

export const symlink = (name: string, target: string): TarEntry => ({ ...textFile(name, ""), type: "symlink", target });

/** A program that is mostly a hole, as those of simulated images are. */
export const program = (name: string, size = 800_000): TarEntry =>
  fileEntry(name, executable(name.slice(name.lastIndexOf("/") + 1), "x86_64"), { mode: 0o755, size });

const created = "2026-01-02T03:04:05Z";

/** An image of these layers, in a store. */
export function image(
  store: ImageStore,
  layers: readonly (readonly TarEntry[])[],
  config: ExecutionConfig = { Cmd: ["/bin/sh"] },
): Image {
  const made = makeImage(store.content, {
    layers: layers.map((entries) => makeLayer(entries)),
    config: {
      created,
      architecture: "amd64",
      os: "linux",
      config,
      history: layers.map((_, place) => ({ created, created_by: `COPY ${place} / # buildkit` })),
    },
  });
  return store.add(made);
}

export const newStore = (): ImageStore => new ImageStore(new ContentStore());

/** Runs as root of a kernel with a directory /srv/a to unpack into. */
export const inTree = <T>(body: (sys: Sys) => Activity<T>, on: Kernel = kernel()): T =>
  play(function* (sys) {
    for (const path of ["/srv/a", "/srv/b"]) yield* sys.mkdir(path, 0o755);
    return yield* body(sys);
  }, on);
