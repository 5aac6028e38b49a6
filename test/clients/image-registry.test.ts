import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createWorld } from "../../sim/core/index.js";
import {
  dockerHub,
  loadArchive,
  parseReference,
  Registry,
  saveArchive,
  transferSizeAnnotation,
  type AccessPolicy,
} from "../../sim/container/index.js";
import type { Headers } from "../../sim/net/index.js";
import { directory, image, newStore, program, textFile } from "../sim/container/programs.js";
import { needs, pathOf } from "./tools.js";

/** skopeo against our registry, behind a server of Node's that hands requests over. */
let folder = "";
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "virtlab-registry-"));
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await new Promise<void>((done) => {
    if (server === undefined) done();
    else
      server.close(() => {
        done();
      });
  });
  server = undefined;
});

/** Serves a registry on a loopback port. @param make told the port */
async function serve(
  make: (port: number) => Registry,
): Promise<{ readonly host: string; readonly registry: Registry }> {
  const behind: { registry?: Registry } = {};
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      ) as Headers;
      const { method = "GET", url = "/" } = request;
      const made = behind.registry?.handle({ method, path: url, headers, body: new Uint8Array(Buffer.concat(parts)) });
      if (made === undefined) return;
      response.writeHead(made.status, { ...made.headers, "content-length": made.body.length });
      response.end(method === "HEAD" ? undefined : made.body);
    });
  });
  const port = await new Promise<number>((done) => {
    server?.listen(0, "127.0.0.1", () => {
      const address = server?.address();
      done(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  const registry = make(port);
  behind.registry = registry;
  return { host: `127.0.0.1:${port}`, registry };
}

async function skopeo(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(pathOf("skopeo"), ["--insecure-policy", ...args]);
  return stdout;
}

test("skopeo lists, inspects and copies an image of the simulated Docker Hub, anonymously by token", async (context) => {
  needs(context, "skopeo");
  const { host } = await serve((port) => dockerHub(createWorld(), { realm: `http://127.0.0.1:${port}/token` }));
  const tags = JSON.parse(await skopeo("list-tags", "--tls-verify=false", `docker://${host}/library/alpine`)) as object;
  expect(tags).toMatchObject({ Tags: ["3", "3.20", "3.20.3", "latest"] });
  const shown = JSON.parse(
    await skopeo("inspect", "--tls-verify=false", "--override-arch=amd64", `docker://${host}/library/nginx:latest`),
  ) as { Architecture: string; Layers: string[] };
  expect(shown.Architecture).toBe("amd64");
  expect(shown.Layers).toHaveLength(2);
  const target = join(folder, "nginx.tar");
  await skopeo(
    "--override-arch=amd64",
    "copy",
    "--src-tls-verify=false",
    `docker://${host}/library/nginx:latest`,
    `oci-archive:${target}:library/nginx:got`,
  );
  const store = newStore();
  loadArchive(store, readFileSync(target));
  const got = store.get("nginx:got");
  expect(got.manifest.layers.map(({ digest }) => digest)).toEqual(shown.Layers);
  expect(got.manifest.layers[0]?.annotations?.[transferSizeAnnotation]).toBe("28200000");
});

test("skopeo pushes with a password, and what it pushed is what we made", async (context) => {
  needs(context, "skopeo");
  const { host, registry } = await serve((port) => {
    const access: AccessPolicy = {
      realm: `http://127.0.0.1:${port}/token`,
      service: "test",
      users: { ann: "secret" },
      allows: (user, _repository, action) => action === "pull" || user === "ann",
    };
    return new Registry({ world: createWorld(), access });
  });
  const store = newStore();
  const made = image(store, [[directory("bin"), program("bin/sh")], [textFile("hello", "hello")]]);
  const references = [parseReference("app:1")];
  writeFileSync(join(folder, "app.tar"), saveArchive(store.content, [{ image: made, references }]));
  const source = `oci-archive:${join(folder, "app.tar")}:1`;
  const target = `docker://${host}/team/app:1`;
  await skopeo("copy", "--dest-tls-verify=false", "--dest-creds=ann:secret", source, target);
  expect(registry.tags("team/app")).toEqual(["1"]);
  const raw = await skopeo("inspect", "--raw", "--tls-verify=false", target);
  expect(JSON.parse(raw)).toEqual(made.manifest);
  await expect(skopeo("copy", "--dest-tls-verify=false", "--dest-creds=ann:wrong", source, target)).rejects.toThrow(
    /incorrect username or password|unauthorized/,
  );
  // Another repository gets the layers by mounting or by finding them there.
  await skopeo(
    "copy",
    "--src-tls-verify=false",
    "--dest-tls-verify=false",
    "--dest-creds=ann:secret",
    target,
    `docker://${host}/other/app:1`,
  );
  expect(registry.repositories).toEqual(["other/app", "team/app"]);
});
