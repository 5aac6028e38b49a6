import fc from "fast-check";
import { expect, test } from "vitest";
import { applyJsonPatch } from "../../../sim/k8s/apiserver/patch/json-patch.js";
import { applyMergePatch } from "../../../sim/k8s/apiserver/patch/merge-patch.js";
import { changes, common, minus, setOf, union } from "../../../sim/k8s/apiserver/fields/field-set.js";
import { structNamed } from "../../../sim/k8s/objects/structs.js";
import { at, type Json, type JsonObject } from "../../../sim/k8s/objects/value.js";
import { ready } from "./client.js";

const deployments = "/apis/apps/v1/namespaces/default/deployments";
const labels = { app: "a" };
const deployment = (spec: JsonObject): JsonObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "d" },
  spec: {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: "a", image: "a:1" }] } },
    ...spec,
  },
});

// RFC 6902, appendix A.
test.each<[string, Json, Json, Json | undefined]>([
  ["A.1", { foo: "bar" }, [{ op: "add", path: "/baz", value: "qux" }], { baz: "qux", foo: "bar" }],
  ["A.2", { foo: ["bar", "baz"] }, [{ op: "add", path: "/foo/1", value: "qux" }], { foo: ["bar", "qux", "baz"] }],
  ["A.4", { foo: ["bar", "qux", "baz"] }, [{ op: "remove", path: "/foo/1" }], { foo: ["bar", "baz"] }],
  [
    "A.6",
    { foo: { bar: "baz", waldo: "fred" }, qux: {} },
    [{ op: "move", from: "/foo/waldo", path: "/qux/thud" }],
    { foo: { bar: "baz" }, qux: { thud: "fred" } },
  ],
  ["A.9", { baz: "qux" }, [{ op: "test", path: "/baz", value: "bar" }], undefined],
  ["A.12", { foo: "bar" }, [{ op: "add", path: "/baz/bat", value: "qux" }], undefined],
  ["A.14", { "/": 9, "~1": 10 }, [{ op: "test", path: "/~01", value: 10 }], { "/": 9, "~1": 10 }],
  ["A.16", { foo: ["bar"] }, [{ op: "add", path: "/foo/-", value: ["abc", "def"] }], { foo: ["bar", ["abc", "def"]] }],
])("JSON patch, example %s", (_name, document, patch, result) => {
  const apply = (): Json => applyJsonPatch(document, patch);
  if (result === undefined) expect(apply).toThrow(/./);
  else expect(apply()).toEqual(result);
});

// RFC 7386, appendix A.
test.each<[Json, Json, Json]>([
  [{ a: "b" }, { a: null }, {}],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])("merge patch of %j by %j", (document, patch, result) => {
  expect(applyMergePatch(document, patch)).toEqual(result);
});

test("a strategic patch merges containers by name, deletes by directive, and keeps the order it is told", () => {
  const { post, patch, get } = ready();
  post(deployments, deployment({}));
  const strategic = (spec: JsonObject): number =>
    patch(`${deployments}/d`, "application/strategic-merge-patch+json", { spec: { template: { spec } } }).status;
  expect(
    strategic({
      containers: [{ name: "b", image: "b:1" }],
      "$setElementOrder/containers": [{ name: "b" }, { name: "a" }],
    }),
  ).toBe(200);
  const images = (): unknown =>
    (at(get(`${deployments}/d`), "spec", "template", "spec", "containers") as JsonObject[]).map(({ name, image }) => [
      name,
      image,
    ]);
  expect(images()).toEqual([
    ["b", "b:1"],
    ["a", "a:1"],
  ]);
  expect(strategic({ containers: [{ name: "a", image: "a:2" }] })).toBe(200);
  expect(images()).toEqual([
    ["b", "b:1"],
    ["a", "a:2"],
  ]);
  expect(strategic({ containers: [{ $patch: "delete", name: "b" }] })).toBe(200);
  expect(images()).toEqual([["a", "a:2"]]);
  const recreate = patch(`${deployments}/d`, "application/strategic-merge-patch+json", {
    spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } },
  });
  expect(at(recreate.object, "spec", "strategy")).toEqual({ type: "Recreate" });
});

test("server-side apply: managers share an object, dispute a field, and let go what they leave out", () => {
  const { patch, get, send } = ready();
  const apply = (manager: string, spec: JsonObject, query = ""): ReturnType<typeof send> =>
    send("PATCH", `${deployments}/d?fieldManager=${manager}${query}`, JSON.stringify({ ...deployment({}), spec }), {
      "content-type": "application/apply-patch+yaml",
    });
  expect(apply("one", deployment({ replicas: 2, minReadySeconds: 3 })["spec"] as JsonObject).status).toBe(201);
  patch(`${deployments}/d?fieldManager=scaler`, "application/merge-patch+json", { spec: { replicas: 5 } });
  const refused = apply("one", deployment({ replicas: 2 })["spec"] as JsonObject);
  expect(refused.status).toBe(409);
  expect(refused.object).toMatchObject({
    reason: "Conflict",
    message: expect.stringMatching(
      /^Apply failed with 1 conflict: conflict with "scaler" using apps\/v1 at 2025-01-01T00:00:00Z: \.spec\.replicas$/,
    ) as string,
    details: { causes: [{ reason: "FieldManagerConflict", field: ".spec.replicas" }] },
  });
  // Leaving the disputed field out gives it to the other; leaving an own one out removes it.
  expect(apply("one", deployment({})["spec"] as JsonObject).status).toBe(200);
  expect(get(`${deployments}/d`)).toMatchObject({ spec: { replicas: 5 } });
  expect(at(get(`${deployments}/d`), "spec", "minReadySeconds")).toBeUndefined();
  expect(apply("one", deployment({ replicas: 3 })["spec"] as JsonObject, "&force=true").status).toBe(200);
  expect(get(`${deployments}/d`)).toMatchObject({ spec: { replicas: 3 } });
  const again = get(`${deployments}/d`);
  expect(apply("one", deployment({ replicas: 3 })["spec"] as JsonObject).status).toBe(200);
  expect(at(get(`${deployments}/d`), "metadata", "resourceVersion")).toBe(at(again, "metadata", "resourceVersion"));
});

test("field sets obey the laws of sets", () => {
  const type = { of: "struct", struct: structNamed("core.PodSpec") } as const;
  const spec = fc.record({
    containers: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom("a", "b", "c"),
        image: fc.constantFrom("x", "y"),
        env: fc.uniqueArray(fc.record({ name: fc.constantFrom("p", "q"), value: fc.constantFrom("1", "2") }), {
          selector: (each) => each.name,
        }),
      }),
      { selector: (each) => each.name },
    ),
    nodeSelector: fc.dictionary(fc.constantFrom("k", "l"), fc.constantFrom("1", "2")),
    hostname: fc.constantFrom("h", "i"),
  });
  fc.assert(
    fc.property(spec, spec, (a, b) => {
      const [one, two] = [setOf(type, undefined, a, true), setOf(type, undefined, b, true)];
      expect(minus(one, one)).toBeUndefined();
      const left = minus(one, two);
      const both = common(one, two);
      expect(left === undefined ? undefined : common(left, two)).toBeUndefined();
      const whole = left === undefined ? both : both === undefined ? left : union(left, both);
      expect(whole === undefined ? one : minus(one, whole)).toBeUndefined();
      expect(changes(type, undefined, a, a)).toBeUndefined();
    }),
    { seed: 3, numRuns: 300 },
  );
});
