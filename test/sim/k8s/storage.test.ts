import { expect, test } from "vitest";
import { MemoryStorage } from "../../../sim/k8s/apiserver/memory-storage.js";
import type { KubeObject, Storage, StorageEvent } from "../../../sim/k8s/index.js";

const object = (name: string, data = ""): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});

// What the API server relies on, for every store that it may stand on.
test.each<[string, () => Storage]>([["memory", () => new MemoryStorage()]])(
  "a store in %s: revisions, ranges in the past, watches, compaction",
  (_name, make) => {
    const store = make();
    const heard: StorageEvent[] = [];
    const start = store.revision;
    store.watch("/a/", start + 1, (event) => heard.push(event));
    const first = store.put("/a/1", object("1"), 0);
    expect(first).toEqual({ ok: true, revision: start + 1 });
    expect(store.put("/a/1", object("1"), 0)).toMatchObject({
      ok: false,
      failure: "conflict",
      current: { modRevision: start + 1 },
    });
    store.put("/a/2", object("2"), 0);
    store.put("/b/1", object("b"), 0);
    store.put("/a/1", object("1", "new"), start + 1);
    expect(store.delete("/a/2", start)).toMatchObject({ ok: false, failure: "conflict" });
    expect(store.delete("/a/2", start + 2)).toEqual({ ok: true, revision: start + 5 });
    expect(heard.map(({ type, key, revision }) => [type, key, revision])).toEqual([
      ["put", "/a/1", start + 1],
      ["put", "/a/2", start + 2],
      ["put", "/a/1", start + 4],
      ["delete", "/a/2", start + 5],
    ]);
    expect(heard[3]?.previous).toEqual(object("2"));
    const range = (revision?: number, limit?: number): unknown =>
      store.range("/a/", "/a0", {
        ...(revision === undefined ? {} : { revision }),
        ...(limit === undefined ? {} : { limit }),
      });
    expect(range()).toMatchObject({
      ok: true,
      items: [{ key: "/a/1", createRevision: start + 1, modRevision: start + 4 }],
      more: false,
      count: 1,
    });
    expect(range(start + 3, 1)).toMatchObject({
      ok: true,
      items: [{ key: "/a/1", modRevision: start + 1 }],
      more: true,
      count: 2,
    });
    expect(range(start + 99)).toEqual({ ok: false, failure: "future" });
    expect(store.compact(start + 4)).toBeUndefined();
    expect(range(start + 3)).toEqual({ ok: false, failure: "compacted" });
    expect(store.watch("/a/", start + 2, () => undefined)).toEqual({ ok: false, failure: "compacted" });
    expect(store.get("/a/1")?.value).toEqual(object("1", "new"));
  },
);
