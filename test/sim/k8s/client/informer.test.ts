import { describe, expect, test } from "vitest";
import { minutes, ms, s } from "../../../../sim/core/index.js";
import {
  ApiServer,
  Etcd,
  EtcdStorage,
  InformerFactory,
  isConflict,
  isNotFound,
  keyOf,
  MutationDetector,
} from "../../../../sim/k8s/index.js";
import { configMap, root, surroundings } from "./surroundings.js";

const names = (keys: Iterable<string>): string[] => [...keys].filter((key) => key.startsWith("default/")).sort();

describe("a client", () => {
  test("takes its latency for each call, and fails with the Status that the server answers", () => {
    const { client, world, done } = surroundings();
    const made = done(client.create("configmaps", "default", configMap("a", { k: "v" })));
    expect(made.metadata.name).toBe("a");
    expect(world.engine.now).toBe(500_000);
    expect(done(client.get("configmaps", "default", "a"))).toEqual(made);
    expect(done(client.patch("configmaps", "default", "a", { data: { k: null, l: "w" } }))["data"]).toEqual({ l: "w" });
    const caught = (activity: Parameters<typeof done>[0]): unknown => {
      try {
        done(activity);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(isConflict(caught(client.update("configmaps", { ...made, data: {} })))).toBe(true);
    expect(isConflict(caught(client.delete("configmaps", "default", "a", { uid: "other" })))).toBe(true);
    done(client.delete("configmaps", "default", "a"));
    const missing = caught(client.get("configmaps", "default", "a"));
    expect(isNotFound(missing)).toBe(true);
    expect(missing).toMatchObject({ code: 404, message: 'configmaps "a" not found' });
  });

  test("keeps to its requests a second", () => {
    const { client, world, done } = surroundings({}, { qps: 20, burst: 30 });
    for (let i = 0; i < 130; i++) done(client.get("namespaces", "", "default"));
    // 30 at once, then 20 a second; what was refilled while the first were under way comes off.
    expect(world.engine.now / 1e9).toBeGreaterThan(4.9);
    expect(world.engine.now / 1e9).toBeLessThan(5.1);
  });

  test("discovers what can be listed and deleted, kinds of CustomResourceDefinitions included", () => {
    const { client, done } = surroundings();
    const schema = { openAPIV3Schema: { type: "object" } };
    done(
      client.create("customresourcedefinitions", "", {
        metadata: { name: "wells.example.org" },
        spec: {
          group: "example.org",
          scope: "Namespaced",
          names: { plural: "wells", singular: "well", kind: "Well", listKind: "WellList" },
          versions: [{ name: "v1", served: true, storage: true, schema }],
        },
      }),
    );
    const kinds = done(client.discover());
    const plurals = kinds.map(({ group, plural }) => (group === "" ? plural : `${plural}.${group}`));
    expect(plurals).toEqual(
      expect.arrayContaining(["pods", "deployments.apps", "leases.coordination.k8s.io", "wells.example.org"]),
    );
    expect(plurals).not.toContain("bindings");
    expect(new Set(plurals).size).toBe(plurals.length);
    const wells = kinds.find(({ plural }) => plural === "wells");
    expect(wells).toMatchObject({ kind: "Well", namespaced: true, version: "v1" });
  });
});

describe("an informer", () => {
  test("has what there is, then hears of each change, later than it was made", () => {
    const { client, world, done } = surroundings();
    done(client.create("configmaps", "default", configMap("a")));
    const informers = new InformerFactory(client);
    const told: string[] = [];
    const informer = informers.for("configmaps");
    informer.handle({
      added: (object) => told.push(`+${keyOf(object)}`),
      updated: (object) => told.push(`~${keyOf(object)}`),
      deleted: (object) => told.push(`-${keyOf(object)}`),
    });
    done(informers.synced());
    expect(told).toEqual(["+default/a"]);
    done(client.create("configmaps", "default", configMap("b")));
    expect(informer.store.get("default", "b")).toBeUndefined();
    world.engine.run();
    expect(informer.store.get("default", "b")).toBeDefined();
    done(client.patch("configmaps", "default", "b", { data: { x: "1" } }));
    done(client.delete("configmaps", "default", "a"));
    world.engine.run();
    expect(told).toEqual(["+default/a", "+default/b", "~default/b", "-default/a"]);
    expect(informers.for("configmaps")).toBe(informer);
  });

  test("finds objects by an index that follows their changes", () => {
    const { client, world, done } = surroundings();
    const informers = new InformerFactory(client);
    const { store } = informers.for("configmaps");
    store.index("team", ({ metadata }) => [metadata.labels?.["team"] ?? ""]);
    for (const name of ["a", "b"])
      done(client.create("configmaps", "default", { metadata: { name, labels: { team: "red" } } }));
    world.engine.run();
    expect(store.by("team", "red").map(keyOf)).toEqual(["default/a", "default/b"]);
    done(client.patch("configmaps", "default", "a", { metadata: { labels: { team: "blue" } } }));
    world.engine.run();
    expect(store.by("team", "red").map(keyOf)).toEqual(["default/b"]);
    expect(store.by("team", "blue").map(keyOf)).toEqual(["default/a"]);
    expect(() => store.by("size", "1")).toThrow('no index "size"');
  });

  test("takes a watch up where it ended, without a list", () => {
    const { client, world, done, later } = surroundings();
    const informer = new InformerFactory(client).for("configmaps");
    later(minutes(60));
    done(client.create("configmaps", "default", configMap("late")));
    world.engine.run();
    expect(informer.store.get("default", "late")).toBeDefined();
    expect(informer.lists).toBe(1);
  });

  test("goes on where it stood when the server comes back", () => {
    const { client, api, world, done, connect, later } = surroundings();
    const informer = new InformerFactory(client).for("configmaps");
    later(s(1));
    connect(undefined);
    const before = world.engine.events;
    later(minutes(15));
    // Less and less often: 0.8 s doubled up to 30 s, each with as much again of jitter; a try is two events.
    expect(world.engine.events - before).toBeLessThan(120);
    connect(api);
    done(client.create("configmaps", "default", configMap("new")));
    // It tries again within a minute: 30 s, and as much again of jitter.
    later(minutes(1));
    expect(names(informer.store.keys())).toEqual(["default/new"]);
    expect(informer.lists).toBe(1);
    expect(world.engine.run().reason).toBe("idle");
  });

  test("lists again where the server that comes back remembers no changes, and tells what has gone meanwhile", () => {
    const storage = new EtcdStorage(new Etcd({}));
    const { client, world, api, done, connect, later } = surroundings({ storage });
    const informer = new InformerFactory(client).for("configmaps");
    for (const name of ["old", "stays"]) done(client.create("configmaps", "default", configMap(name)));
    world.engine.run();
    expect(names(informer.store.keys())).toEqual(["default/old", "default/stays"]);
    const told: string[] = [];
    informer.handle({ deleted: (object) => told.push(keyOf(object)) });
    connect(undefined);
    api.handle({ method: "DELETE", path: "/api/v1/namespaces/default/configmaps/old", user: root });
    connect(new ApiServer({ storage, world }));
    later(minutes(1));
    expect(names(informer.store.keys())).toEqual(["default/stays"]);
    expect(told).toEqual(["default/old"]);
    expect(informer.lists).toBe(2);
  });

  test("tells of all objects again at a resync, as of no change", () => {
    const { client, done, later } = surroundings();
    done(client.create("configmaps", "default", configMap("a")));
    const informers = new InformerFactory(client);
    const informer = informers.for("configmaps");
    done(informers.synced());
    informer.resync(s(30));
    let same = 0;
    informer.handle({ updated: (object, old) => (same += object === old ? 1 : 100) });
    later(s(100));
    expect(same).toBe(3);
  });

  test("has the detector find who changes a cached object", () => {
    const { client, world, done } = surroundings();
    const detector = new MutationDetector();
    const informers = new InformerFactory(client, detector);
    const { store } = informers.for("configmaps");
    done(client.create("configmaps", "default", configMap("a", { k: "v" })));
    world.engine.run(ms(10));
    expect(detector.size).toBeGreaterThan(0);
    detector.check();
    const cached = store.get("default", "a");
    Object.assign(cached?.["data"] as object, { k: "changed" });
    expect(() => {
      detector.check();
    }).toThrow(/ConfigMap default\/a was changed in place/);
  });
});
