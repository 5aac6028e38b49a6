import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createWorld, KiB, minutes, s } from "../../../../sim/core/index.js";
import {
  Etcd,
  isEtcdError,
  MvccStore,
  prefixEnd,
  type EtcdError,
  type KeyValue,
  type RangeRequest,
  type WatchEvent,
} from "../../../../sim/k8s/index.js";

const ok = <T>(answer: T | EtcdError): T => {
  if (isEtcdError(answer)) throw new Error(answer.message);
  return answer;
};
const wrong = (answer: unknown): string => (isEtcdError(answer) ? `${answer.code}: ${answer.message}` : "no error");
const values = (kvs: readonly KeyValue[]): string[] => kvs.map(({ key, value }) => `${key}=${value}`);

describe("the multi-version store", () => {
  const filled = (): MvccStore => {
    const store = new MvccStore();
    for (const pair of ["b1", "a2", "c3", "a4"]) ok(store.put({ key: pair.charAt(0), value: pair.charAt(1) }));
    return store;
  };
  const range = (store: MvccStore, request: RangeRequest): string[] => values(ok(store.range(request)).kvs);

  test("numbers revisions as etcd does", () => {
    const store = filled();
    expect(ok(store.range({ key: "a" })).kvs).toEqual([
      { key: "a", value: "4", createRevision: 3, modRevision: 5, sub: 0, version: 2, lease: 0 },
    ]);
    expect(ok(store.deleteRange({ key: "zz" })).header.revision).toBe(5);
    expect(ok(store.deleteRange({ key: "a", prevKv: true }))).toMatchObject({ deleted: 1, header: { revision: 6 } });
    expect(ok(store.put({ key: "a", value: "5", prevKv: true })).prevKv).toBeUndefined();
    expect(ok(store.range({ key: "a" })).kvs[0]).toMatchObject({ createRevision: 7, version: 1 });
    const txn = ok(store.txn({ success: [{ put: { key: "x" } }, { range: { key: "x" } }, { put: { key: "y" } }] }));
    expect(txn.header.revision).toBe(8);
    expect(txn.responses[1]).toMatchObject({ range: { count: 1 } });
    expect(ok(store.range({ key: "y" })).kvs[0]).toMatchObject({ modRevision: 8, sub: 1 });
  });

  test("a count is that of a walk: past and present, of any range, through deletions and compactions", () => {
    const key = fc.integer({ min: 0, max: 999 }).map((n) => `k${String(n).padStart(3, "0")}`);
    const action = fc.record({ what: fc.constantFrom("put", "put", "put", "delete", "compact"), from: key, to: key });
    fc.assert(
      fc.property(
        fc.array(action, { minLength: 5, maxLength: 30 }),
        fc.array(fc.tuple(key, key)),
        (actions, ranges) => {
          const store = new MvccStore();
          for (let n = 0; n < 1000; n += 2) ok(store.put({ key: `k${String(n).padStart(3, "0")}` }));
          for (const { what, from, to } of actions) {
            if (what === "delete") ok(store.deleteRange({ key: from, rangeEnd: to }));
            else if (what === "put") ok(store.txn({ success: [{ put: { key: from } }, { put: { key: to + from } }] }));
            else store.compact(store.revision - 3);
            for (const [begin, end] of [...ranges, ["k", "l"] as const, ["\0", "\0"] as const]) {
              for (const revision of [0, Math.max(store.compactRevision, store.revision - 4)]) {
                const request = { key: begin, rangeEnd: end, revision };
                const walked = ok(store.range(request)).kvs;
                const page = ok(store.range({ ...request, limit: 7 }));
                expect(page.count).toBe(walked.length);
                expect(page.kvs).toEqual(walked.slice(0, 7));
                expect(page.more).toBe(walked.length > 7);
              }
            }
          }
        },
      ),
      { seed: 3, numRuns: 20 },
    );
  });

  test("ranges: prefixes, limits, orders, filters, the past", () => {
    const store = filled();
    const all = { key: "\0", rangeEnd: "\0" };
    expect(range(store, all)).toEqual(["a=4", "b=1", "c=3"]);
    expect(range(store, { key: "b", rangeEnd: "\0" })).toEqual(["b=1", "c=3"]);
    expect(range(store, { ...all, revision: 4 })).toEqual(["a=2", "b=1", "c=3"]);
    expect(range(store, { ...all, revision: 2 })).toEqual(["b=1"]);
    expect(ok(store.range({ ...all, limit: 2 }))).toMatchObject({ more: true, count: 3 });
    expect(ok(store.range({ ...all, limit: 3 }))).toMatchObject({ more: false });
    expect(ok(store.range({ ...all, countOnly: true }))).toMatchObject({ kvs: [], count: 3, more: false });
    expect(range(store, { ...all, sortTarget: "mod", sortOrder: "descend", limit: 2 })).toEqual(["a=4", "c=3"]);
    expect(range(store, { ...all, sortTarget: "value" })).toEqual(["b=1", "c=3", "a=4"]);
    expect(range(store, { ...all, minModRevision: 4, maxModRevision: 4 })).toEqual(["c=3"]);
    expect(range(store, { ...all, keysOnly: true })).toEqual(["a=", "b=", "c="]);
    expect(prefixEnd("ab")).toBe("ac");
    expect(prefixEnd("a\xff")).toBe("b");
    expect(prefixEnd("\xff")).toBe("\0");
  });

  test("transactions compare, nest, and refuse to write a key twice", () => {
    const store = filled();
    const txn = ok(
      store.txn({
        compare: [
          { key: "a", target: "version", result: "equal", operand: 2 },
          { key: "nobody", target: "create", result: "equal", operand: 0 },
          { key: "a", rangeEnd: "d", target: "mod", result: "greater", operand: 1 },
        ],
        success: [
          {
            txn: {
              compare: [{ key: "a", target: "value", result: "less", operand: "4" }],
              failure: [{ deleteRange: { key: "a" } }],
            },
          },
          { put: { key: "d", value: "9" } },
        ],
      }),
    );
    expect(txn).toMatchObject({ succeeded: true, header: { revision: 6 } });
    expect(txn.responses[0]).toMatchObject({ txn: { succeeded: false, responses: [{ deleteRange: { deleted: 1 } }] } });
    expect(range(store, { key: "\0", rangeEnd: "\0" })).toEqual(["b=1", "c=3", "d=9"]);
    const absent = { key: "gone", target: "value", result: "notEqual", operand: "x" } as const;
    expect(ok(store.txn({ compare: [absent] })).succeeded).toBe(false);
    const twice = "InvalidArgument: etcdserver: duplicate key given in txn request";
    expect(wrong(store.txn({ success: [{ put: { key: "a" } }, { put: { key: "a" } }] }))).toBe(twice);
    const over = [{ put: { key: "a" } }, { deleteRange: { key: "\0", rangeEnd: "\0" } }];
    expect(wrong(store.txn({ failure: over }))).toBe(twice);
    const many = Array.from({ length: 129 }, (_, i) => ({ put: { key: `k${i}` } }));
    expect(wrong(store.txn({ success: many }))).toBe("InvalidArgument: etcdserver: too many operations in txn request");
    expect(store.revision).toBe(6);
    // Nothing is done where one of the operations can't be.
    const half = [{ put: { key: "half" } }, { put: { key: "no", ignoreValue: true } }];
    expect(wrong(store.txn({ success: half }))).toBe("InvalidArgument: etcdserver: key not found");
    expect(range(store, { key: "half" })).toEqual([]);
  });

  test("says what is wrong in etcd's words", () => {
    const store = filled();
    expect(wrong(store.put({ key: "" }))).toBe("InvalidArgument: etcdserver: key is not provided");
    expect(wrong(store.put({ key: "a", value: "x", ignoreValue: true }))).toMatch("value is provided");
    expect(wrong(store.put({ key: "a", lease: 7 }))).toBe("NotFound: etcdserver: requested lease not found");
    expect(wrong(store.range({ key: "a", revision: 9 }))).toBe(
      "OutOfRange: etcdserver: mvcc: required revision is a future revision",
    );
    ok(store.compact(4));
    expect(wrong(store.range({ key: "a", revision: 3 }))).toBe(
      "OutOfRange: etcdserver: mvcc: required revision has been compacted",
    );
    expect(wrong(store.compact(4))).toMatch("compacted");
    expect(wrong(store.compact(99))).toMatch("future");
    expect(range(store, { key: "a", revision: 4 })).toEqual(["a=2"]);
  });

  test("watches: from the past, filtered, with what was before, until that is compacted", () => {
    const store = filled();
    const heard: string[] = [];
    const note = (name: string) => (response: { events: readonly WatchEvent[]; compactRevision?: number }) => {
      if (response.compactRevision !== undefined) heard.push(`${name} compacted ${response.compactRevision}`);
      for (const { type, kv, prevKv } of response.events) {
        heard.push(`${name} ${type} ${kv.key}@${kv.modRevision}${prevKv === undefined ? "" : ` was ${prevKv.value}`}`);
      }
    };
    ok(store.watch({ key: "a", rangeEnd: "c", startRevision: 3, prevKv: true }, note("past")));
    expect(heard.splice(0)).toEqual(["past put a@3", "past put a@5 was 2"]);
    const single = ok(store.watch({ key: "a", filters: ["noPut"] }, note("deletes")));
    ok(store.watch({ key: "a", startRevision: 8 }, note("later")));
    ok(store.deleteRange({ key: "a", rangeEnd: "c" }));
    expect(heard.splice(0)).toEqual(["deletes delete a@6", "past delete a@6 was 4", "past delete b@6 was 1"]);
    single.cancel();
    ok(store.put({ key: "a" }));
    ok(store.put({ key: "a" }));
    expect(heard.splice(0)).toEqual(["past put a@7", "later put a@8", "past put a@8 was "]);
    ok(store.compact(7));
    ok(store.watch({ key: "a", startRevision: 6 }, note("lost")));
    expect(heard.splice(0)).toEqual(["lost compacted 7"]);
  });

  test("a receiver that changes the store is heard after what it was told of", () => {
    const store = new MvccStore();
    const heard: string[] = [];
    ok(store.watch({ key: "a" }, () => void store.put({ key: "b" })));
    ok(store.watch({ key: "\0", rangeEnd: "\0" }, ({ events }) => void heard.push(...events.map(({ kv }) => kv.key))));
    store.put({ key: "a" });
    expect(heard).toEqual(["a", "b"]);
  });

  test("grows to its quota, and goes on when space was made and the alarm taken back", () => {
    const etcd = new Etcd({ quota: KiB(10) });
    const value = "v".repeat(1000);
    let puts = 0;
    while (!isEtcdError(etcd.put({ key: "k", value }))) puts++;
    expect(puts).toBe(9);
    expect(etcd.status().errors).toEqual(["memberID:1 alarm:NOSPACE "]);
    expect(wrong(etcd.put({ key: "small" }))).toBe("ResourceExhausted: etcdserver: mvcc: database space exceeded");
    ok(etcd.compact(etcd.store.revision));
    expect(etcd.status().dbSize).toBeGreaterThan(9000);
    etcd.store.defragment();
    expect(etcd.status().dbSize).toBeLessThan(1100);
    expect(wrong(etcd.put({ key: "small" }))).toMatch("space exceeded");
    expect(etcd.disarm("NOSPACE")).toEqual([]);
    ok(etcd.put({ key: "small" }));
  });

  test("leases end with their keys, unless they are kept alive", () => {
    const world = createWorld();
    const etcd = new Etcd({ world });
    const lease = ok(etcd.grant(10));
    ok(etcd.put({ key: "held", lease: lease.id }));
    ok(etcd.put({ key: "freed", lease: lease.id }));
    ok(etcd.put({ key: "freed" }));
    world.engine.run(s(9));
    expect(etcd.timeToLive(lease.id)).toEqual({ id: lease.id, ttl: 1, grantedTtl: 10, keys: ["held"] });
    expect(etcd.keepAlive(lease.id)).toBe(10);
    world.engine.run(s(18.5));
    expect(ok(etcd.range({ key: "held" })).count).toBe(1);
    world.engine.run(s(20));
    expect(values(ok(etcd.range({ key: "\0", rangeEnd: "\0" })).kvs)).toEqual(["freed="]);
    expect(etcd.timeToLive(lease.id).ttl).toBe(-1);
    expect(wrong(etcd.revoke(lease.id))).toMatch("requested lease not found");
    expect(wrong(etcd.grant(9e9 + 1))).toMatch("too large lease TTL");
    let notices = 0;
    ok(etcd.watch({ key: "x", progressNotify: true }, ({ events }) => (notices += events.length === 0 ? 1 : 0)));
    world.engine.run(minutes(31));
    expect(notices).toBe(3);
  });
});

type Step =
  | { readonly put: string; readonly value: string }
  | { readonly remove: readonly [string, string] }
  | { readonly compact: number };

test("every revision that is kept reads as it was, and a restored store is the same", () => {
  const key = fc.constantFrom("a", "b", "c", "d", "e");
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ put: key, value: fc.string({ maxLength: 3 }) }),
    fc.record({ remove: fc.tuple(key, key) }),
    fc.record({ compact: fc.integer({ min: 0, max: 3 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const store = new MvccStore();
      const model = new Map<string, string>();
      const past: string[][] = [[], []];
      let told = "";
      ok(
        store.watch({ key: "\0", rangeEnd: "\0" }, ({ events }) => {
          for (const { kv } of events) told += `${kv.modRevision}${kv.key}${kv.value};`;
        }),
      );
      for (const one of steps) {
        if ("put" in one) {
          ok(store.put({ key: one.put, value: one.value }));
          model.set(one.put, one.value);
        } else if ("remove" in one) {
          const [from, to] = one.remove;
          for (const held of [...model.keys()]) if (held >= from && held < to) model.delete(held);
          ok(store.deleteRange({ key: from, rangeEnd: to }));
        } else store.compact(store.revision - one.compact);
        past[store.revision] = [...model].sort().map(([held, value]) => `${held}=${value}`);
      }
      const copy = new MvccStore();
      copy.restore(JSON.parse(JSON.stringify(store.save())) as ReturnType<MvccStore["save"]>);
      for (let revision = Math.max(1, store.compactRevision); revision <= store.revision; revision++) {
        for (const one of [store, copy]) {
          expect(values(ok(one.range({ key: "\0", rangeEnd: "\0", revision })).kvs)).toEqual(past[revision]);
        }
      }
      expect(copy.hashKv()).toEqual(store.hashKv());
      expect(copy.save()).toEqual(store.save());
      let again = "";
      ok(
        store.watch({ key: "\0", rangeEnd: "\0", startRevision: store.compactRevision + 1 }, ({ events }) => {
          for (const { kv } of events) again += `${kv.modRevision}${kv.key}${kv.value};`;
        }),
      );
      expect(told.endsWith(again)).toBe(true);
    }),
    { seed: 3, numRuns: 300 },
  );
});
