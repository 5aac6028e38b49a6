import { expect, test } from "vitest";
import { Rng } from "../../../sim/core/index.js";
import { ApiServer, type JsonObject } from "../../../sim/k8s/index.js";
import { decode } from "../../../sim/k8s/objects/decode.js";
import { builtin } from "../../../sim/k8s/objects/kinds.js";
import { at, listAt, type Json } from "../../../sim/k8s/objects/value.js";
import { anything, mutated, objectOf } from "./arbitrary.js";

const long = process.env["VIRTLAB_LONG"] === "1";
const requests = long ? 100_000 : 4_000;
const codes = new Set([200, 201, 400, 404, 405, 406, 409, 410, 413, 415, 422, 403, 429, 500, 503, 504]);
const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "text/plain",
];
const queries = [
  "",
  "dryRun=All",
  "fieldValidation=Strict",
  "limit=2",
  "watch=1&timeoutSeconds=1",
  "resourceVersion=3",
  "resourceVersion=x",
  "continue=AAAA",
  "labelSelector=a%20in%20(b",
  "fieldSelector=metadata.name%3Da",
  "fieldManager=m",
  "fieldManager=m&force=true",
  "resourceVersionMatch=Exact",
  "sendInitialEvents=true",
  "propagationPolicy=Orphan",
  "%zz=%e0%80",
  "gracePeriodSeconds=0",
];

test(
  `${requests} random and mutated requests are answered with statuses, and what is stored is whole`,
  { timeout: 600_000 },
  () => {
    const rng = new Rng(11);
    const pick = <T>(all: readonly T[]): T => all[rng.uint32() % all.length] as T;
    const api = new ApiServer();
    const kinds = builtin.filter((each) => !each.virtual);
    api.handle({
      method: "POST",
      path: "/api/v1/namespaces/default/serviceaccounts",
      body: { metadata: { name: "default" } },
    });
    const seen = new Map<number, number>();
    for (let i = 0; i < requests; i++) {
      const resource = pick(rng.uint32() % 10 === 0 ? builtin : kinds);
      const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
      const base = `${root}/${resource.namespaced ? `namespaces/${pick(["default", "default", "default", "nowhere"])}/` : ""}${resource.plural}`;
      const name = pick(["a", "web-1", "b", "%2e%2e", "x%00"]);
      const method = pick(["GET", "POST", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE", "TRACE"]);
      const sub = rng.uint32() % 6 === 0 ? `/${pick([...resource.subresources, "status", "nothing"])}` : "";
      const path = method === "POST" && sub === "" ? base : `${base}/${name}${sub}`;
      let body: Json = {
        ...objectOf(rng, resource.struct),
        metadata: {
          name: pick(["a", "web-1", "b"]),
          ...(rng.uint32() % 3 === 0 ? objectOf(rng, resource.struct) : {}),
        },
      };
      if (rng.uint32() % 3 === 0) body = mutated(rng, body);
      const type = method === "PATCH" ? pick(patchTypes) : "application/json";
      if (type === "application/json-patch+json")
        body = [
          {
            op: pick(["add", "remove", "replace", "move", "copy", "test", "eat"]),
            path: pick(["/metadata/labels", "/spec", "", "/spec/containers/0", "x"]),
            from: "/spec",
            value: anything(rng),
          },
        ];
      const text = JSON.stringify(body);
      const cut = rng.uint32() % 25 === 0 ? text.slice(0, rng.uint32() % (text.length + 1)) : text;
      const response = api.handle({
        method,
        path,
        query: pick(queries),
        headers: {
          "content-type": type,
          accept: pick(["application/json", "application/json;as=Table;v=v1;g=meta.k8s.io", "*/*", "image/png"]),
        },
        body: cut,
      });
      seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
      if (!codes.has(response.status)) expect.fail(`${method} ${path}: ${response.status}`);
      if (response.stream !== undefined) {
        response.stream({
          event: (event) => {
            JSON.parse(event.text());
          },
          end: () => undefined,
        })();
        continue;
      }
      const { object } = response;
      if (response.status === 500) expect.fail(`${method} ${path} ${cut}: ${JSON.stringify(object)}`);
      if (response.status >= 400) {
        const status = object as JsonObject;
        if (
          status["kind"] !== "Status" ||
          status["code"] !== response.status ||
          typeof status["message"] !== "string" ||
          status["status"] !== "Failure"
        ) {
          expect.fail(`${method} ${path}: ${JSON.stringify(status)}`);
        }
      } else if (response.body().length === 0) expect.fail(`${method} ${path}: an empty answer`);
    }
    // Every kind of outcome has been met, and every object that is stored reads back as it is.
    for (const code of [200, 201, 400, 404, 405, 406, 415, 422])
      expect(seen.get(code), String(code)).toBeGreaterThan(0);
    for (const resource of kinds) {
      const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
      const listed = api.handle({ method: "GET", path: `${root}/${resource.plural}` });
      for (const item of listAt(listed.object, "items")) {
        const { value, unknown, error } = decode(resource.struct, item as JsonObject);
        expect({ unknown, error }).toEqual({ unknown: [], error: undefined });
        expect(JSON.parse(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(item)));
        expect(at(item, "metadata", "uid")).toBeTypeOf("string");
      }
    }
  },
);
