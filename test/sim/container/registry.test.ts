import { describe, expect, test } from "vitest";
import { createWorld, encodeUtf8, hours, type World } from "../../../sim/core/index.js";
import { digestOf, Registry, transferSizeAnnotation } from "../../../sim/container/index.js";
import { textOf, type Headers, type HttpResponse } from "../../../sim/net/index.js";
import { image, newStore, textFile } from "./programs.js";

const send = (
  registry: Registry,
  method: string,
  path: string,
  body: Uint8Array | string = "",
  headers: Headers = {},
): HttpResponse => registry.handle({ method, path, headers, body: typeof body === "string" ? encodeUtf8(body) : body });

const parsed = (response: HttpResponse): unknown => JSON.parse(textOf(response.body));
const codeOf = (response: HttpResponse): unknown =>
  (parsed(response) as { errors: { code: string }[] }).errors.map(({ code }) => code).join();

const blob = encodeUtf8("0123456789");
const digest = digestOf(blob);

/** Uploads a blob whole. */
const put = (registry: Registry, name: string, bytes: Uint8Array): HttpResponse =>
  send(registry, "POST", `/v2/${name}/blobs/uploads/?digest=${digestOf(bytes)}`, bytes);

describe("uploads", () => {
  test("whole, by one request or two", () => {
    const registry = new Registry();
    expect(put(registry, "a", blob)).toMatchObject({
      status: 201,
      headers: { location: `/v2/a/blobs/${digest}`, "docker-content-digest": digest },
    });
    const begun = send(registry, "POST", "/v2/b/blobs/uploads/");
    expect([begun.status, begun.headers["range"]]).toEqual([202, "0-0"]);
    const end = send(registry, "PUT", `${begun.headers["location"] ?? ""}?digest=${digest}`, blob);
    expect(end.status).toBe(201);
    // Kept once, linked twice.
    expect([registry.content.count, registry.content.holds(digest)]).toEqual([1, 2]);
    expect(send(registry, "GET", `/v2/b/blobs/${digest}`).body).toEqual(blob);
    expect(codeOf(send(registry, "GET", `/v2/c/blobs/${digest}`))).toBe("BLOB_UNKNOWN");
  });

  test("in chunks, in order; what comes out of order is refused with what is there", () => {
    const registry = new Registry();
    const { location = "" } = send(registry, "POST", "/v2/a/blobs/uploads/").headers;
    const chunk = (from: number, to: number): HttpResponse =>
      send(registry, "PATCH", location, blob.subarray(from, to + 1), { "content-range": `${from}-${to}` });
    expect(chunk(0, 3)).toMatchObject({ status: 202, headers: { range: "0-3" } });
    expect(chunk(5, 6)).toMatchObject({ status: 416, headers: { range: "0-3" } });
    expect(chunk(0, 3).status).toBe(416);
    expect(send(registry, "GET", location)).toMatchObject({ status: 204, headers: { range: "0-3" } });
    expect(chunk(4, 7)).toMatchObject({ status: 202, headers: { range: "0-7" } });
    const end = send(registry, "PUT", `${location}?digest=${digest}`, blob.subarray(8), { "content-range": "8-9" });
    expect(end.status).toBe(201);
    expect(codeOf(send(registry, "GET", location))).toBe("BLOB_UPLOAD_UNKNOWN");
  });

  test("of other bytes than were said are refused and forgotten; a cancelled one too", () => {
    const registry = new Registry();
    const wrong = send(registry, "POST", `/v2/a/blobs/uploads/?digest=${digest}`, "other");
    expect([wrong.status, codeOf(wrong)]).toEqual([400, "DIGEST_INVALID"]);
    const { location = "" } = send(registry, "POST", "/v2/a/blobs/uploads/").headers;
    expect(send(registry, "DELETE", location).status).toBe(204);
    expect(codeOf(send(registry, "PUT", `${location}?digest=${digest}`, blob))).toBe("BLOB_UPLOAD_UNKNOWN");
    expect(registry.content.count).toBe(0);
  });

  test("mounts take a blob of another repository without bytes; else an upload begins", () => {
    const registry = new Registry();
    put(registry, "from/here", blob);
    const mount = (source: string): HttpResponse =>
      send(registry, "POST", `/v2/to/there/blobs/uploads/?mount=${digest}&from=${source}`);
    expect(mount("nowhere").status).toBe(202);
    expect(mount("from/here").status).toBe(201);
    expect(send(registry, "HEAD", `/v2/to/there/blobs/${digest}`).headers["docker-content-digest"]).toBe(digest);
  });
});

describe("blobs", () => {
  test.each([
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["bytes=7-", 206, "789", "bytes 7-9/10"],
    ["bytes=-2", 206, "89", "bytes 8-9/10"],
    ["bytes=8-99", 206, "89", "bytes 8-9/10"],
  ])("%s gives %d", (range, status, text, contentRange) => {
    const registry = new Registry();
    put(registry, "a", blob);
    const response = send(registry, "GET", `/v2/a/blobs/${digest}`, "", { range });
    expect([response.status, textOf(response.body), response.headers["content-range"]]).toEqual([
      status,
      text,
      contentRange,
    ]);
  });

  test("a range behind the end, and what is no digest", () => {
    const registry = new Registry();
    put(registry, "a", blob);
    expect(send(registry, "GET", `/v2/a/blobs/${digest}`, "", { range: "bytes=10-" }).status).toBe(416);
    expect(codeOf(send(registry, "GET", "/v2/a/blobs/sha256:12"))).toBe("DIGEST_INVALID");
    expect(send(registry, "DELETE", `/v2/a/blobs/${digest}`).status).toBe(202);
    expect(registry.content.count).toBe(0);
  });
});

describe("manifests", () => {
  function stocked(): { readonly registry: Registry; readonly bytes: Uint8Array; readonly name: string } {
    const registry = new Registry();
    const store = newStore();
    const made = image(store, [[textFile("a", "a")]]);
    for (const one of [made.manifest.config, ...made.manifest.layers])
      put(registry, "team/app", store.content.get(one.digest));
    return { registry, bytes: store.content.get(made.target.digest), name: "/v2/team/app/manifests" };
  }

  test("are put under a tag, found by it and by their digest, and listed", () => {
    const { registry, bytes, name } = stocked();
    const type = "application/vnd.oci.image.manifest.v1+json";
    expect(send(registry, "PUT", `${name}/1.0`, bytes, { "content-type": type }).status).toBe(201);
    send(registry, "PUT", `${name}/2.0`, bytes);
    for (const reference of ["1.0", digestOf(bytes)]) {
      const got = send(registry, "GET", `${name}/${reference}`);
      expect([got.body, got.headers["content-type"], got.headers["docker-content-digest"]]).toEqual([
        bytes,
        type,
        digestOf(bytes),
      ]);
    }
    expect(parsed(send(registry, "GET", "/v2/team/app/tags/list"))).toEqual({ name: "team/app", tags: ["1.0", "2.0"] });
    const page = send(registry, "GET", "/v2/team/app/tags/list?n=1");
    expect(page.headers["link"]).toBe('</v2/team/app/tags/list?last=1.0&n=1>; rel="next"');
    expect(parsed(send(registry, "GET", "/v2/team/app/tags/list?n=1&last=1.0"))).toMatchObject({ tags: ["2.0"] });
    expect(parsed(send(registry, "GET", "/v2/_catalog"))).toEqual({ repositories: ["team/app"] });
    expect(send(registry, "DELETE", `${name}/${digestOf(bytes)}`).status).toBe(202);
    expect(codeOf(send(registry, "GET", `${name}/1.0`))).toBe("MANIFEST_UNKNOWN");
  });

  test("are refused where a blob is missing, the type is another, or it is no manifest", () => {
    const { registry, bytes, name } = stocked();
    expect(codeOf(send(registry, "PUT", "/v2/other/manifests/1", bytes))).toBe("MANIFEST_BLOB_UNKNOWN");
    expect(codeOf(send(registry, "PUT", `${name}/1`, bytes, { "content-type": "text/plain" }))).toBe(
      "MANIFEST_INVALID",
    );
    expect(codeOf(send(registry, "PUT", `${name}/1`, "{}"))).toBe("MANIFEST_INVALID");
    expect(codeOf(send(registry, "PUT", `${name}/${digest}`, bytes))).toBe("DIGEST_INVALID");
    expect(codeOf(send(registry, "GET", "/v2/UPPER/manifests/1"))).toBe("NAME_INVALID");
    expect(codeOf(send(registry, "GET", "/v2/none/tags/list"))).toBe("NAME_UNKNOWN");
    expect(codeOf(send(registry, "PATCH", `${name}/1`))).toBe("UNSUPPORTED");
    expect(send(registry, "GET", "/v1/").status).toBe(404);
    expect(send(registry, "GET", "/v2/").headers["docker-distribution-api-version"]).toBe("registry/2.0");
  });
});

describe("a limit on pulls", () => {
  const limited = (world: World): Registry => {
    const registry = new Registry({ world, rateLimit: { anonymous: 2, authenticated: 5, window: 21_600 } });
    const store = newStore();
    registry.publish(store.content, "app", ["1"], [image(store, [[textFile("a", "a")]])]);
    return registry;
  };

  test("counts what GETs a manifest, by Docker Hub's headers, until the window is over", () => {
    const world = createWorld();
    const registry = limited(world);
    const ask = (method: string): unknown[] => {
      const { status, headers } = send(registry, method, "/v2/app/manifests/1");
      return [status, headers["ratelimit-limit"], headers["ratelimit-remaining"]];
    };
    expect(ask("HEAD")).toEqual([200, "2;w=21600", "2;w=21600"]);
    expect([ask("GET"), ask("GET"), ask("HEAD")].map(([, , left]) => left)).toEqual([
      "1;w=21600",
      "0;w=21600",
      "0;w=21600",
    ]);
    const refused = send(registry, "GET", "/v2/app/manifests/1");
    expect([refused.status, codeOf(refused), refused.headers["retry-after"]]).toEqual([
      429,
      "TOOMANYREQUESTS",
      "21600",
    ]);
    world.engine.after(hours(6), () => undefined);
    world.engine.run();
    expect(ask("GET")[0]).toBe(200);
  });
});

test("what a layer counts on a link is told with its blob, and with a part its share", () => {
  const registry = new Registry();
  const store = newStore();
  const made = image(store, [[textFile("a", "a".repeat(3000))]]);
  const [layer] = made.manifest.layers;
  if (layer === undefined) throw new Error("one layer");
  const manifest = { ...made.manifest, layers: [{ ...layer, annotations: { [transferSizeAnnotation]: "1000000" } }] };
  for (const one of [made.manifest.config, layer]) put(registry, "app", store.content.get(one.digest));
  expect(send(registry, "PUT", "/v2/app/manifests/1", JSON.stringify(manifest)).status).toBe(201);
  const path = `/v2/app/blobs/${layer.digest}`;
  expect(send(registry, "GET", path).headers["virtlab-transfer-size"]).toBe("1000000");
  const half = Math.floor(layer.size / 2);
  const counted = Number(send(registry, "GET", path, "", { range: `bytes=${half}-` }).headers["virtlab-transfer-size"]);
  expect(counted).toBe(Math.round((1_000_000 * (layer.size - half)) / layer.size));
});
