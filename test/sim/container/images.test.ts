import { describe, expect, test } from "vitest";
import { encodeUtf8 } from "../../../sim/core/index.js";
import {
  chainIds,
  demandDigest,
  digestOf,
  familiarName,
  fileEntry,
  formatReference,
  loadArchive,
  makeIndex,
  makeLayer,
  parseConfig,
  parseManifest,
  parseReference,
  readImage,
  readTar,
  saveArchive,
  transferSizeOf,
  writeTar,
} from "../../../sim/container/index.js";
import { directory, image, newStore, program, textFile } from "./programs.js";

describe("references", () => {
  test.each([
    ["alpine", "docker.io/library/alpine:latest", "alpine:latest"],
    ["me/app:1.2", "docker.io/me/app:1.2", "me/app:1.2"],
    ["localhost/app", "localhost/app:latest", "localhost/app:latest"],
    ["ghcr.io/me/app", "ghcr.io/me/app:latest", "ghcr.io/me/app:latest"],
    ["hub:5000/app:x", "hub:5000/app:x", "hub:5000/app:x"],
    ["index.docker.io/library/alpine:3", "docker.io/library/alpine:3", "alpine:3"],
  ])("%s is %s, shown as %s", (text, full, familiar) => {
    const reference = parseReference(text);
    expect(formatReference(reference)).toBe(full);
    expect(familiarName(reference)).toBe(familiar);
  });

  test("a digest leaves the tag open; capitals and the like are refused", () => {
    const digest = digestOf(new Uint8Array(1));
    expect(familiarName(parseReference(`nginx@${digest}`))).toBe(`nginx@${digest}`);
    for (const bad of ["Alpine", "a//b", "a:b:c", "", "a@sha256:12", "a b", "-a", "a".repeat(256)])
      expect(() => parseReference(bad), bad).toThrow(/invalid reference format|is no digest/);
  });
});

describe("an image", () => {
  const layers = [
    [directory("bin"), program("bin/sh"), directory("etc"), textFile("etc/os-release", "ID=test\n")],
    [textFile("etc/.wh.os-release", ""), textFile("etc/motd", "hi\n")],
  ];

  test("has the same digests each time it is made, and other ones for another byte", () => {
    const [one, two] = [image(newStore(), layers), image(newStore(), layers)];
    expect(one).toEqual(two);
    expect(one.target.digest).toBe(two.target.digest);
    const other = image(newStore(), [layers[0] ?? [], [textFile("etc/motd", "ho\n")]]);
    expect(other.id).not.toBe(one.id);
    expect(other.manifest.layers[0]).toEqual(one.manifest.layers[0]);
  });

  test("names its layers compressed in the manifest and uncompressed in the configuration", () => {
    const { manifest, config } = image(newStore(), layers);
    const made = layers.map((entries) => makeLayer(entries));
    expect(manifest.layers.map(({ digest }) => digest)).toEqual(made.map(({ blob }) => digestOf(blob)));
    expect(config.rootfs.diff_ids).toEqual(layers.map((entries) => digestOf(writeTar(entries))));
  });

  test("chain ids are hashes over hashes (config.md)", () => {
    const [a, b, c] = ["a", "b", "c"].map((one) => digestOf(encodeUtf8(one)));
    if (a === undefined || b === undefined || c === undefined) throw new Error("three digests");
    const ab = digestOf(encodeUtf8(`${a} ${b}`));
    expect(chainIds([a, b, c])).toEqual([a, ab, digestOf(encodeUtf8(`${ab} ${c}`))]);
  });

  test("what a layer counts on a link is declared beside it, and never less than its bytes", () => {
    const { descriptor } = makeLayer(layers[0] ?? [], 3_400_000);
    expect(transferSizeOf(descriptor)).toBe(3_400_000);
    expect(descriptor.size).toBeLessThan(1000);
    expect(transferSizeOf(makeLayer(layers[0] ?? [], 1).descriptor)).toBe(descriptor.size);
  });

  test("wrong documents are refused, naming the field", () => {
    const bytes = (value: unknown): Uint8Array => encodeUtf8(JSON.stringify(value));
    expect(() => parseManifest(encodeUtf8("{"))).toThrow("a manifest is no JSON");
    expect(() => parseManifest(bytes({ schemaVersion: 1 }))).toThrow("another schema");
    const layer = { mediaType: "x", digest: "sha256:zz", size: 1 };
    expect(() => parseManifest(bytes({ schemaVersion: 2, config: layer, layers: [] }))).toThrow(
      '"sha256:zz" is no digest',
    );
    expect(() => parseConfig(bytes({ architecture: 1 }))).toThrow();
    expect(() => parseConfig(bytes({ rootfs: { type: "layers", diff_ids: 3 }, architecture: "a", os: "b" }))).toThrow(
      "config.rootfs.diff_ids is no list",
    );
    expect(() => demandDigest("md5:1")).toThrow("is no digest");
  });

  test("an index gives each machine its own", () => {
    const store = newStore();
    const amd = image(store, layers);
    const arm = { ...amd, config: { ...amd.config, architecture: "arm64" } };
    const index = makeIndex(store.content, [arm, amd]);
    expect(readImage(store.content, index, { os: "linux", architecture: "amd64" }).id).toBe(amd.id);
    expect(() => readImage(store.content, index, { os: "linux", architecture: "riscv64" })).toThrow(
      "no matching manifest for linux/riscv64",
    );
  });
});

describe("the store", () => {
  const base = [directory("bin"), program("bin/sh", 700_000)];

  test("keeps what images share once, until the last of them goes", () => {
    const store = newStore();
    const one = image(store, [base, [textFile("one", "1")]]);
    const two = image(store, [base, [textFile("two", "2")]]);
    store.tag(one.id, parseReference("one"));
    store.tag(two.id, parseReference("two"));
    // Two manifests, two configurations, three layers.
    expect(store.content.count).toBe(7);
    expect(store.content.heldBytes).toBeGreaterThan(store.content.bytes);
    expect(store.list().map(({ tags, size, sharedSize }) => [tags, size, sharedSize])).toEqual([
      [["one:latest"], 700_001, 700_000],
      [["two:latest"], 700_001, 700_000],
    ]);
    const { untagged, deleted } = store.remove("one");
    expect(untagged).toEqual(["one:latest"]);
    expect(deleted).toEqual([one.id, one.config.rootfs.diff_ids[1]]);
    expect(store.content.count).toBe(4);
    store.remove("two");
    expect([store.content.count, store.content.bytes]).toEqual([0, 0]);
  });

  test("an image with several names loses them one by one; by its id only if forced", () => {
    const store = newStore();
    const { id } = image(store, [base]);
    store.tag(id, parseReference("a:1"));
    store.tag(id, parseReference("a:2"));
    expect(() => store.remove(id)).toThrow("must be forced");
    expect(store.remove("a:1")).toEqual({ untagged: ["a:1"], deleted: [] });
    expect(store.find(id.slice(7, 19))?.id).toBe(id);
    expect(store.remove(id, true).untagged).toEqual(["a:2"]);
    expect(() => store.get("a:2")).toThrow("No such image: a:2");
  });

  test("a name that moves leaves the old image without one, and prune takes that", () => {
    const store = newStore();
    const old = image(store, [base]);
    const young = image(store, [base, [textFile("x", "x")]]);
    store.tag(old.id, parseReference("app"));
    store.tag(young.id, parseReference("app"));
    expect(store.list().map(({ tags }) => tags)).toEqual([[], ["app:latest"]]);
    expect(store.prune(new Set([old.id])).deleted).toEqual([]);
    expect(store.prune().deleted).toEqual([old.id]);
    expect(store.history("app").map(({ createdBy, size }) => [createdBy, size])).toEqual([
      ["COPY 1 / # buildkit", 1],
      ["COPY 0 / # buildkit", 700_000],
    ]);
  });
});

describe("archives", () => {
  const layers = [[directory("bin"), program("bin/sh")], [textFile("hello", "hello\n")]];

  test("what is saved is loaded elsewhere with names and digests", () => {
    const here = newStore();
    const made = image(here, layers);
    const names = ["app:1", "ghcr.io/me/app:2"].map((name) => parseReference(name));
    for (const name of names) here.tag(made.id, name);
    const archive = saveArchive(here.content, [{ image: made, references: names }]);
    const there = newStore();
    const [loaded] = loadArchive(there, archive);
    expect(loaded).toEqual({ image: made, references: names });
    expect(there.list()[0]?.tags).toEqual(["app:1", "ghcr.io/me/app:2"]);
    expect(saveArchive(there.content, [{ image: there.get("app:1"), references: names }])).toEqual(archive);
  });

  test("Docker's old form, with plain layers and links, is loaded too", () => {
    const here = newStore();
    const made = image(here, layers);
    const plain = layers.map((entries, place) => fileEntry(`${place}/layer.tar`, writeTar(entries)));
    const list = [{ Config: "c.json", RepoTags: ["old:1"], Layers: plain.map(({ name }) => name) }];
    const archive = writeTar([
      fileEntry("config.json", here.content.get(made.id)),
      ...plain,
      textFile("manifest.json", JSON.stringify(list)),
      { ...textFile("c.json", ""), type: "hardlink", target: "config.json" },
    ]);
    const [loaded] = loadArchive(newStore(), archive);
    expect(loaded?.image.id).toBe(made.id);
    expect(loaded?.references.map(familiarName)).toEqual(["old:1"]);
  });

  test("a changed blob is noticed, and an archive of something else", () => {
    const here = newStore();
    const archive = saveArchive(here.content, [{ image: image(here, layers), references: [] }]);
    const entries = readTar(archive).map((entry) =>
      entry.name.startsWith("blobs/sha256/") && entry.type === "file"
        ? { ...entry, extents: [{ offset: 0, bytes: Uint8Array.of(1) }], size: 1 }
        : entry,
    );
    expect(() => loadArchive(newStore(), writeTar(entries))).toThrow("other bytes than it says");
    expect(() => loadArchive(newStore(), writeTar([textFile("a", "a")]))).toThrow("holds no image");
  });
});
