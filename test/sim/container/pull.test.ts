import { describe, expect, test } from "vitest";
import { createWorld, ms, s, type Activity, type World } from "../../../sim/core/index.js";
import {
  directTransport,
  dockerHub,
  digestOf,
  networkTransport,
  parseReference,
  pull,
  push,
  readTar,
  Registry,
  RegistryError,
  Session,
  transferSizeOf,
  uncompressed,
  Uplink,
  type Credentials,
  type ImageStore,
  type Progress,
} from "../../../sim/container/index.js";
import { HttpClient, HttpServer } from "../../../sim/net/index.js";
import { pair } from "../net/pair.js";
import { directory, image, newStore, program, textFile } from "./programs.js";

/** Runs an activity to its end, and gives its outcome. */
function finish<T>(world: World, body: Activity<T>): T {
  const process = world.engine.spawn(body);
  let failure: { readonly error: unknown } | undefined;
  world.engine.spawn(
    (function* () {
      try {
        yield* process;
      } catch (error) {
        failure = { error };
      }
    })(),
  );
  world.engine.run();
  if (failure !== undefined) throw failure.error instanceof Error ? failure.error : new Error(String(failure.error));
  return process.value;
}

const library = (name: string): ReturnType<typeof parseReference> => parseReference(name);

/** A host with a link to Docker Hub: 100 Mbit/s, 20 ms. */
function host(
  world: World,
  hub: Registry,
  credentials?: Credentials,
): { uplink: Uplink; session: Session; store: ImageStore } {
  const uplink = new Uplink(world.engine, { down: 100e6, up: 20e6, latency: ms(20) });
  const session = new Session(
    world.engine,
    uplink.to((request, from) => hub.handle(request, from)),
    credentials,
  );
  return { uplink, session, store: newStore() };
}

describe("pulling from the simulated Docker Hub", () => {
  test("takes the time of the real image's bytes, and gives its size", () => {
    const world = createWorld();
    const { uplink, session, store } = host(world, dockerHub(world));
    const lines: Progress[] = [];
    const got = finish(world, pull(session, library("nginx"), store, { progress: (line) => lines.push(line) }));
    const bytes = got.manifest.layers.reduce((sum, layer) => sum + transferSizeOf(layer), 0);
    expect(bytes).toBeGreaterThan(70e6);
    // 70 MB at 12.5 MB/s, and a few round trips.
    const seconds = world.engine.now / 1e9;
    expect(seconds).toBeGreaterThan(bytes / 12.5e6);
    expect(seconds).toBeLessThan(bytes / 12.5e6 + 1);
    expect(uplink.carried.down).toBeGreaterThan(bytes);
    expect(store.list()).toMatchObject([{ tags: ["nginx:latest"] }]);
    expect(store.list()[0]?.size).toBeGreaterThan(190e6);
    expect(store.content.bytes).toBeLessThan(50_000);
    const statuses = lines.map(({ status }) => status);
    expect(statuses[0]).toBe("Pulling from library/nginx");
    expect(statuses.at(-1)).toBe("Status: Downloaded newer image for nginx:latest");
    const [first] = got.manifest.layers;
    const own = lines.filter(({ id }) => id === first?.digest.slice(7, 19)).map(({ status }) => status);
    expect([...new Set(own)]).toEqual([
      "Pulling fs layer",
      "Downloading",
      "Verifying Checksum",
      "Download complete",
      "Pull complete",
    ]);
    const counted = lines.filter(({ id, status }) => id === first?.digest.slice(7, 19) && status === "Downloading");
    expect(counted.at(-1)?.progressDetail).toEqual({ current: 28_200_000, total: 28_200_000 });
  });

  test("again takes no layers; another image of the same base takes only its own", () => {
    const world = createWorld();
    const hub = dockerHub(world);
    const { uplink, session, store } = host(world, hub);
    finish(world, pull(session, library("debian:bookworm-slim"), store));
    const before = uplink.carried.down;
    const lines: Progress[] = [];
    finish(world, pull(session, library("debian:stable-slim"), store, { progress: (line) => lines.push(line) }));
    expect(lines.at(-1)?.status).toBe("Status: Image is up to date for debian:stable-slim");
    expect(uplink.carried.down - before).toBeLessThan(5000);
    lines.length = 0;
    finish(world, pull(session, library("redis"), store, { progress: (line) => lines.push(line) }));
    expect(lines.filter(({ status }) => status === "Already exists")).toHaveLength(1);
    expect(store.list().find(({ tags }) => tags.includes("redis:latest"))?.sharedSize).toBeGreaterThan(74e6);
  });

  test("three layers at once share the link", () => {
    const world = createWorld();
    const { session, store } = host(world, dockerHub(world));
    const lines: Progress[] = [];
    finish(world, pull(session, library("redis"), store, { progress: (line) => lines.push(line) }));
    expect(lines.filter(({ status }) => status === "Waiting")).toHaveLength(1);
  });

  test("by digest gives the same image; each machine gets its own programs", () => {
    const world = createWorld();
    const { session, store } = host(world, dockerHub(world));
    finish(world, pull(session, library("alpine"), store));
    const [digest = ""] = store.list()[0]?.digests ?? [];
    const other = newStore();
    const again = finish(world, pull(session, library(digest), other));
    expect(again.id).toBe(store.get("alpine").id);
    const arm = finish(
      world,
      pull(session, library("alpine"), newStore(), { platform: { os: "linux", architecture: "arm64" } }),
    );
    expect(arm.config.architecture).toBe("arm64");
    expect(arm.id).not.toBe(again.id);
  });

  test("a link that breaks is taken up where it stopped", () => {
    const world = createWorld();
    const { uplink, session, store } = host(world, dockerHub(world));
    const lines: Progress[] = [];
    world.engine.after(s(2), () => {
      uplink.cut();
    });
    const got = finish(world, pull(session, library("debian"), store, { progress: (line) => lines.push(line) }));
    const [layer] = got.manifest.layers;
    if (layer === undefined) throw new Error("one layer");
    expect(digestOf(store.content.get(layer.digest))).toBe(layer.digest);
    expect(lines.some(({ status }) => status === "Retrying in 5 seconds")).toBe(true);
    // Not much more than once, by bytes and by time: 48.5 MB take 3.9 s, and 5 s were waited.
    expect(uplink.carried.down).toBeLessThan(1.06 * transferSizeOf(layer));
    expect(world.engine.now / 1e9).toBeLessThan(9.6);
  });

  test("one that breaks again and again is given up after five attempts", () => {
    const world = createWorld();
    const { uplink, session, store } = host(world, dockerHub(world));
    const timer = (): void => {
      uplink.cut();
      world.engine.after(ms(300), timer, { background: true });
    };
    world.engine.after(ms(300), timer, { background: true });
    expect(() => finish(world, pull(session, library("node"), store))).toThrow("ECONNRESET");
    expect(store.list()).toEqual([]);
  });

  test("what isn't there says so in Docker's words", () => {
    const world = createWorld();
    const { session, store } = host(world, dockerHub(world));
    const failing = (name: string) => (): unknown => finish(world, pull(session, library(name), store));
    expect(failing("alpine:9")).toThrow("manifest for alpine:9 not found: manifest unknown: manifest unknown");
    expect(failing("nobody/none")).toThrow("pull access denied for nobody/none, repository does not exist");
    expect(failing("alpine:9")).toThrow(RegistryError);
  });

  test("the hub stops who pulls too much, and counts users apart", () => {
    const world = createWorld();
    const hub = dockerHub(world, {
      users: { ann: "secret" },
      rateLimit: { anonymous: 2, authenticated: 4, window: 3600 },
    });
    const { session, store } = host(world, hub);
    // The index and this platform's manifest: two.
    finish(world, pull(session, library("alpine"), store));
    expect(() => finish(world, pull(session, library("busybox"), store))).toThrow(
      "You have reached your pull rate limit",
    );
    const ann = host(world, hub, { username: "ann", password: "secret" });
    finish(world, pull(ann.session, library("busybox"), ann.store));
    const wrong = host(world, hub, { username: "ann", password: "wrong" });
    expect(() => finish(world, pull(wrong.session, library("busybox"), wrong.store))).toThrow("unauthorized");
  });

  test("changed bytes are noticed", () => {
    const world = createWorld();
    const hub = dockerHub(world);
    const evil = new Session(
      world.engine,
      directTransport((request, from) => {
        const response = hub.handle(request, from);
        return request.path.includes("/blobs/") ? { ...response, body: Uint8Array.of(...response.body, 1) } : response;
      }),
    );
    expect(() => finish(world, pull(evil, library("alpine"), newStore()))).toThrow("the registry gave sha256:");
  });
});

describe("pushing", () => {
  const layers = [[directory("bin"), program("bin/sh")], [textFile("hello", "hello\n".repeat(500))]];

  test("sends what the registry lacks, in chunks if told so, and the image is pulled elsewhere by its digest", () => {
    const world = createWorld();
    const registry = new Registry({ world });
    const session = new Session(
      world.engine,
      directTransport((request, from) => registry.handle(request, from)),
    );
    const here = newStore();
    const made = image(here, layers);
    const lines: Progress[] = [];
    const target = library("hub.test/team/app:1");
    const digest = finish(
      world,
      push(session, made, target, here, { progress: (line) => lines.push(line), chunk: 100 }),
    );
    expect(digest).toBe(made.target.digest);
    expect(lines.filter(({ status }) => status === "Pushed")).toHaveLength(2);
    expect(registry.counters.get("PATCH 202")).toBeGreaterThan(2);
    lines.length = 0;
    finish(world, push(session, made, library("hub.test/team/app:2"), here, { progress: (line) => lines.push(line) }));
    expect(lines.filter(({ status }) => status === "Layer already exists")).toHaveLength(2);
    finish(
      world,
      push(session, made, library("hub.test/other/app:1"), here, {
        mountFrom: "team/app",
        progress: (line) => lines.push(line),
      }),
    );
    expect(lines.filter(({ status }) => status === "Mounted")).toHaveLength(2);
    const there = newStore();
    const got = finish(world, pull(session, library(`hub.test/team/app@${digest}`), there));
    expect(got).toEqual(made);
    expect(readTar(uncompressed(there.content.get(got.manifest.layers[1]?.digest ?? made.id)))[0]?.name).toBe("hello");
  });

  test("is for who owns the name", () => {
    const world = createWorld();
    const hub = dockerHub(world, { users: { ann: "secret" } });
    const ann = host(world, hub, { username: "ann", password: "secret" });
    const made = image(ann.store, layers);
    finish(world, push(ann.session, made, library("ann/app"), ann.store));
    expect(hub.tags("ann/app")).toEqual(["latest"]);
    expect(() => finish(world, push(ann.session, made, library("alpine"), ann.store))).toThrow("denied");
    const nobody = host(world, hub);
    expect(() => finish(world, push(nobody.session, made, library("ann/app"), ann.store))).toThrow(RegistryError);
  });
});

test("over sim/net's HTTP the real bytes go as segments, through tokens and all", () => {
  const { world, a, b } = pair({ delay: ms(5) });
  const hub = dockerHub(world);
  new HttpServer(b, { port: 80, handler: (request, from) => hub.handle(request, from) });
  const session = new Session(world.engine, networkTransport(new HttpClient(a), "10.0.0.2"));
  const store = newStore();
  const got = finish(world, pull(session, library("alpine"), store));
  expect(store.list()[0]?.size).toBeGreaterThan(7.7e6);
  expect(hub.counters.get("GET 401")).toBe(1);
  const [layer] = got.manifest.layers;
  expect(hub.content.has(layer?.digest ?? got.id)).toBe(true);
  // Four round trips and more, but no time for bytes that aren't there.
  expect(world.engine.now).toBeGreaterThan(ms(60));
  expect(world.engine.now).toBeLessThan(ms(300));
});

test("two hubs of different worlds hold the same images", () => {
  const digest = (seed: number): string => {
    const world = createWorld({ seed });
    const { session, store } = host(world, dockerHub(world));
    return finish(world, pull(session, library("redis"), store)).target.digest;
  };
  expect(digest(1)).toBe(digest(2));
});
