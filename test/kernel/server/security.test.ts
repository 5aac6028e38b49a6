/** Attacks on the server, each of which must fail while the same request without the attack succeeds. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { isLoopback, isOurHost } from "../../../kernel/server/security/hosts.js";
import { cookieHeader, cookiesFrom, runServer, type RunningServer } from "./running-server.js";

/** Lets a browser in: opens an address with the token and keeps the cookies. */
async function browser(server: RunningServer): Promise<{ cookie: string; xsrf: string; port: number }> {
  const answer = await server.raw(`/tree?token=${server.token}`, { headers: { accept: "text/html" } });
  expect(answer.status).toBe(302);
  expect(answer.headers.location).toBe("/tree");
  const cookies = cookiesFrom(answer);
  return { cookie: cookieHeader(cookies), xsrf: cookies["_xsrf"] ?? "", port: server.port };
}

/** Opens a WebSocket; "open", or the status of the refusal. */
const socket = (server: RunningServer, path: string, headers: Record<string, string>): Promise<string> =>
  new Promise((resolve) => {
    const client = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers });
    client.on("open", () => {
      client.terminate();
      resolve("open");
    });
    client.on("unexpected-response", (request, { statusCode }) => {
      request.destroy();
      resolve(String(statusCode));
    });
    client.on("error", () => undefined);
  });

describe("the token", () => {
  /** Every kind of address that there is. */
  const addresses = [
    ["GET", "/api/contents"],
    ["PUT", "/api/contents/a.txt"],
    ["POST", "/api/contents"],
    ["PATCH", "/api/contents/a.txt"],
    ["DELETE", "/api/contents/a.txt"],
    ["GET", "/api/contents/a.txt/checkpoints"],
    ["POST", "/api/contents/a.txt/checkpoints"],
    ["POST", "/api/contents/a.ipynb/trust"],
    ["GET", "/files/a.txt"],
    ["GET", "/api/kernelspecs"],
    ["GET", "/api/kernels"],
    ["POST", "/api/kernels"],
    ["POST", "/api/kernels/a/restart"],
    ["GET", "/api/sessions"],
    ["POST", "/api/sessions"],
    ["GET", "/api/status"],
    ["GET", "/api/me"],
    ["GET", "/api/config/notebook"],
    ["PATCH", "/api/config/notebook"],
    ["GET", "/lab/api/settings"],
    ["PUT", "/lab/api/settings/@lab/a:plugin"],
    ["GET", "/lab/api/workspaces"],
    ["GET", "/lab/api/translations"],
    ["GET", "/static/main.js"],
    ["GET", "/tree"],
    ["POST", "/api/shutdown"],
    ["GET", "/logout"],
    ["GET", "/nothing/here"],
  ] as const;

  test.each(addresses)("%s %s answers nobody without it", async (method, path) => {
    const server = await runServer();
    writeFileSync(join(server.folder, "a.txt"), "kept");
    const refusals = await Promise.all([
      server.raw(path, { method }),
      server.raw(`${path}?token=wrong`, { method }),
      server.raw(path, { method, headers: { authorization: "token wrong" } }),
      server.raw(path, { method, headers: { authorization: `token ${server.token.slice(0, -1)}` } }),
      server.raw(path, { method, headers: { cookie: `virtlab-${server.port}=a.b; _xsrf=c` } }),
    ]);
    expect(refusals.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    expect(readFileSync(join(server.folder, "a.txt"), "utf8")).toBe("kept");
  });

  test("a browser without a cookie is sent to the door, and no further than this server behind it", async () => {
    const server = await runServer();
    const accept = { accept: "text/html" };
    const door = await server.raw("/tree/a?b=c", { headers: accept });
    expect([door.status, door.headers.location]).toEqual([302, "/login?next=%2Ftree%2Fa%3Fb%3Dc"]);
    const enter = (next: string, token: string): ReturnType<RunningServer["raw"]> =>
      server.raw(`/login?next=${encodeURIComponent(next)}`, { method: "POST", body: `token=${token}` });
    expect((await enter("/tree", "wrong")).status).toBe(403);
    const entered = await enter("/tree/a", server.token);
    expect([entered.status, entered.headers.location]).toEqual([302, "/tree/a"]);
    expect(Object.keys(cookiesFrom(entered))).toEqual([`virtlab-${server.port}`, "_xsrf"]);
    for (const next of ["//evil.example", "https://evil.example", "/\\evil.example", "/\n/evil.example", "evil"]) {
      expect((await enter(next, server.token)).headers.location).toBe("/");
    }
  });

  test("the page at the door doesn't carry what stands in the address as HTML", async () => {
    const server = await runServer();
    const { text } = await server.raw(`/login?next=${encodeURIComponent('/"><script>alert(1)</script>')}`);
    expect(text).not.toContain("<script>");
  });

  test("the session's cookie is out of scripts' reach and stays on this site", async () => {
    const server = await runServer();
    const answer = await server.raw(`/tree?token=${server.token}`, { headers: { accept: "text/html" } });
    const [session, xsrf] = answer.headers["set-cookie"] ?? [];
    expect(session).toMatch(/; HttpOnly; SameSite=Lax$/);
    expect(xsrf).toMatch(/; SameSite=Lax$/);
    expect(answer.headers["set-cookie"]?.join()).not.toContain(server.token);
  });
});

describe("another site's page", () => {
  test("can't write with the user's cookie: no XSRF token, another session's, or another origin", async () => {
    const server = await runServer();
    const { cookie, xsrf, port } = await browser(server);
    const stranger = await browser(server);
    const put = async (headers: Record<string, string>): Promise<number> =>
      (
        await server.raw("/api/contents/a.txt", {
          method: "PUT",
          headers: { cookie, ...headers },
          body: { type: "file", format: "text", content: "x" },
        })
      ).status;
    expect(await put({})).toBe(403);
    expect(await put({ "x-xsrftoken": stranger.xsrf })).toBe(403);
    expect(await put({ "x-xsrftoken": "" })).toBe(403);
    expect(await put({ "x-xsrftoken": xsrf, origin: "https://evil.example" })).toBe(403);
    expect(await put({ "x-xsrftoken": xsrf, origin: "null" })).toBe(403);
    expect(await put({ "x-xsrftoken": xsrf, origin: `http://127.0.0.1:${port + 1}` })).toBe(403);
    expect(existsSync(join(server.folder, "a.txt"))).toBe(false);
    expect(await put({ "x-xsrftoken": xsrf, origin: `http://127.0.0.1:${port}` })).toBe(200);
    expect(await put({ "x-xsrftoken": xsrf })).toBe(200);
  });

  test("can't set an XSRF cookie of its own choice (cookie tossing)", async () => {
    const server = await runServer();
    const { cookie } = await browser(server);
    const forged = cookie.replace(/_xsrf=[^;]*/, "_xsrf=chosen");
    const answer = await server.raw("/api/contents", {
      method: "POST",
      headers: { cookie: forged, "x-xsrftoken": "chosen" },
      body: {},
    });
    expect(answer.status).toBe(403);
  });

  test.each([
    "evil.example",
    "evil.example:8888",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "[::1",
    "a@127.0.0.1",
  ])("can't reach the server under the name %j (DNS rebinding)", async (host) => {
    const server = await runServer();
    const authorization = `token ${server.token}`;
    const answer = await server.raw("/api/status", { headers: { host, authorization } });
    expect([400, 403]).toContain(answer.status);
    expect((await server.raw("/api/status", { headers: { host: "localhost:1", authorization } })).status).toBe(200);
  });

  test("can't open a WebSocket with the user's cookie", async () => {
    const server = await runServer();
    const { cookie, port } = await browser(server);
    const path = "/api/events/subscribe";
    expect(await socket(server, path, { cookie, origin: "https://evil.example" })).toBe("403");
    expect(await socket(server, path, { cookie, origin: "null" })).toBe("403");
    expect(await socket(server, path, { cookie, host: "evil.example", origin: "http://evil.example" })).toBe("403");
    expect(await socket(server, path, {})).toBe("403");
    expect(await socket(server, path, { cookie, origin: `http://127.0.0.1:${port}` })).toBe("open");
    expect(await socket(server, `${path}?token=${server.token}`, {})).toBe("open");
  });

  test("can't frame a page or draw an answer in", async () => {
    const server = await runServer();
    writeFileSync(join(server.folder, "a.html"), "<script>1</script>");
    for (const path of ["/tree", "/api/contents", "/files/a.html", "/login", "/nothing", "/static/main.js"]) {
      const { headers } = await server.ask(path);
      expect(headers["content-security-policy"]).toMatch(/frame-ancestors '(?:self|none)'/);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
  });
});

test("a user's HTML file runs as a page of no origin", async () => {
  const server = await runServer();
  writeFileSync(join(server.folder, "a.html"), "<script>1</script>");
  writeFileSync(join(server.folder, "a.svg"), "<svg/>");
  for (const file of ["a.html", "a.svg"]) {
    const policy = (await server.ask(`/files/${file}`)).headers["content-security-policy"];
    expect(policy).toMatch(/^sandbox /);
    expect(policy).not.toContain("allow-same-origin");
  }
});

describe("paths", () => {
  /** Ways out of the root, as they come over the wire. */
  const ways = [
    "..%2fsecret.txt",
    "%2e%2e/secret.txt",
    "../secret.txt",
    "a/..%2f..%2fsecret.txt",
    "..%5csecret.txt",
    "%2e%2e%2fsecret.txt",
    "..%252fsecret.txt",
    "link/secret.txt",
    "link",
    "secret-link.txt",
    "%00",
    "a%00/../secret.txt",
    "/etc/passwd",
    "//etc/passwd",
    "C:%5csecret.txt",
  ];

  test.each(ways)("%s leads nowhere", async (way) => {
    const server = await runServer();
    const { outside, folder } = server;
    mkdirSync(join(folder, "a"));
    symlinkSync(outside, join(folder, "link"));
    symlinkSync(join(outside, "secret.txt"), join(folder, "secret-link.txt"));
    const asks = [
      server.ask(`/api/contents/${way}`),
      server.ask(`/files/${way}`),
      server.ask(`/static/${way}`),
      server.ask(`/api/contents/${way}/checkpoints`, { method: "POST" }),
      server.ask("/api/contents/a", { method: "POST", body: { copy_from: decodeURIComponent(way) } }),
    ];
    for (const { status, text } of await Promise.all(asks)) {
      expect(text).not.toMatch(/a secret|root:/);
      expect(status).toBeGreaterThanOrEqual(300);
    }
    const written = [
      await server.ask(`/api/contents/${way}`, {
        method: "PUT",
        body: { type: "file", format: "text", content: "torn" },
      }),
      await server.ask(`/api/contents/${way}`, { method: "PATCH", body: { path: "stolen.txt" } }),
      await server.ask("/api/contents/a", { method: "PATCH", body: { path: decodeURIComponent(way) } }),
    ];
    for (const { text } of written) expect(text).not.toContain("a secret");
    expect(readFileSync(join(outside, "secret.txt"), "utf8")).toBe("a secret");
    expect(
      existsSync(join(folder, "stolen.txt")) && readFileSync(join(folder, "stolen.txt"), "utf8") === "a secret",
    ).toBe(false);
  });

  test("a link that leads out is no way to delete what it leads to", async () => {
    const server = await runServer();
    symlinkSync(join(server.outside, "secret.txt"), join(server.folder, "link.txt"));
    expect((await server.ask("/api/contents/link.txt", { method: "DELETE" })).status).toBe(404);
    expect(readFileSync(join(server.outside, "secret.txt"), "utf8")).toBe("a secret");
  });

  test("what is hidden is neither shown nor written", async () => {
    const server = await runServer();
    mkdirSync(join(server.folder, ".git"));
    writeFileSync(join(server.folder, ".git", "config"), "hidden");
    writeFileSync(join(server.folder, ".env"), "hidden");
    symlinkSync(join(server.folder, ".env"), join(server.folder, "seen.txt"));
    const content = (await server.ask("/api/contents")).json()["content"];
    expect(content).toEqual([]);
    for (const path of [".env", ".git/config", ".git", "seen.txt"]) {
      expect((await server.ask(`/api/contents/${path}`)).status).toBe(404);
      expect((await server.ask(`/files/${path}`)).status).toBe(404);
      const body = { type: "file", format: "text", content: "x" };
      expect((await server.ask(`/api/contents/${path}`, { method: "PUT", body })).status).toBe(404);
    }
    expect(readFileSync(join(server.folder, ".env"), "utf8")).toBe("hidden");
  });
});

describe("hosts", () => {
  test.each(["127.0.0.1", "127.8.9.1", "localhost", "a.localhost", "::1", "0:0:0:0:0:0:0:1"])(
    "%s is this machine",
    (name) => {
      expect(isLoopback(name)).toBe(true);
    },
  );
  test.each(["128.0.0.1", "localhost.example", "127.0.0.1.nip.io", "::2", "::11", "1::1", ""])("%s is not", (name) => {
    expect(isLoopback(name)).toBe(false);
  });
  test("a server that others reach takes addresses and its own names, and no other's", () => {
    expect(isOurHost("192.168.1.2:8888", "0.0.0.0")).toBe(true);
    expect(isOurHost("lab.example", "0.0.0.0", ["lab.example"])).toBe(true);
    expect(isOurHost("evil.example", "0.0.0.0", ["lab.example"])).toBe(false);
    expect(isOurHost("192.168.1.2", "127.0.0.1")).toBe(false);
  });
});
