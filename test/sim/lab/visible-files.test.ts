import { expect, test } from "vitest";
import { encodeUtf8 } from "../../../sim/core/index.js";
import { fileEntry, makeLayer, Snapshotter } from "../../../sim/container/index.js";
import { problems } from "../../../sim/lab/exercises/problems.js";
import { linux, type LayerPaths } from "../../../sim/lab/index.js";

/** Directories before what is in them: an archive of a layer has both. */
function entriesOf(layer: LayerPaths): ReturnType<typeof fileEntry>[] {
  const directories = new Set(
    layer.flatMap((path) => {
      const parts = path.split("/").slice(0, -1);
      return parts.map((_, depth) => parts.slice(0, depth + 1).join("/"));
    }),
  );
  const empty = new Uint8Array(0);
  return [
    ...[...directories].map((path) => ({ ...fileEntry(path, empty), type: "directory" as const, mode: 0o755 })),
    ...layer.map((path) => fileEntry(path, path.includes(".wh.") ? empty : encodeUtf8(path))),
  ];
}

const { examples, reference } = problems["51-visible"];

test.each(examples.map(({ about, args }) => ({ about, layers: args[0] })))(
  "51-visible as the snapshotter has it: $about",
  ({ layers }) => {
    const host = linux();
    let root = "";
    host.run(function* (sys) {
      const snapshots = new Snapshotter("/srv/snapshots");
      yield* snapshots.prepare(
        sys,
        "box",
        layers.map((layer) => makeLayer(entriesOf(layer))),
      );
      root = yield* snapshots.mount(sys, "box");
    });
    const found = host.sh(`cd ${root}; find . -type f | sort`).stdout.trim().split("\n");
    expect(found.map((path) => path.slice(2))).toEqual(reference(layers));
  },
);
