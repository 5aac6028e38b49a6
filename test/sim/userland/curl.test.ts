import { describe, expect, test } from "vitest";
import { createWorld, encodeUtf8 } from "../../../sim/core/index.js";
import {
  Cable,
  ethernet,
  HttpServer,
  NetworkNamespace,
  textOf,
  textResponse,
  type HttpResponse,
} from "../../../sim/net/index.js";
import { netlink, type Kernel } from "../../../sim/os/index.js";
import { runShell } from "../../../sim/userland/index.js";
import { linux } from "./system.js";

/** A Linux, and beyond its cable a server that tells what it was asked. */
function served(): Kernel {
  const world = createWorld({ seed: 2 });
  const cable = new Cable(world);
  const kernel = linux({ world, cards: [{ link: cable }] });
  const outside = new NetworkNamespace(world, "outside");
  const card = outside.addInterface(ethernet(world, "eth0"));
  card.plug(cable);
  outside.configure(card, "10.0.0.1/24");
  new HttpServer(outside, {
    port: 80,
    handler({ method, path, headers, body }): HttpResponse {
      if (path === "/old") return { status: 302, headers: { location: "/new" }, body: encodeUtf8("moved\n") };
      if (path === "/round") return { status: 302, headers: { location: "/round" }, body: new Uint8Array(0) };
      if (path === "/none") return textResponse("no such page\n", 404);
      if (path === "/file") return { status: 200, headers: {}, body: Uint8Array.from({ length: 256 }, (_, at) => at) };
      const { host = "", "user-agent": agent = "", "x-own": own = "" } = headers;
      return textResponse(`${method} ${path} ${host} ${agent} ${own}|${textOf(body)}\n`);
    },
  });
  kernel.run(function* (sys) {
    yield* netlink(sys, { type: "RTM_NEWADDR", name: "eth0", address: "10.0.0.2/24" });
    yield* netlink(sys, { type: "RTM_SETLINK", name: "eth0", set: { up: true } });
  });
  runShell(kernel, "echo '10.0.0.1 web' >> /etc/hosts");
  return kernel;
}

describe("curl", () => {
  const kernel = served();
  const sh = (script: string): readonly [string, string, number] => {
    const { stdout, stderr, status } = runShell(kernel, script);
    return [stdout, stderr, status];
  };

  test("asks as curl does, with the headers and the data that it is given", () => {
    expect(sh("curl http://web/a?b=c")).toEqual(["GET /a?b=c web curl/7.88.1 |\n", "", 0]);
    expect(sh("curl -s -H 'X-Own: 1' -H 'user-agent: me' web -d a=1 -d b=2")).toEqual([
      "POST / web me 1|a=1&b=2\n",
      "",
      0,
    ]);
    expect(sh("curl -sX PUT 10.0.0.1:80/x#part")[0]).toBe("PUT /x 10.0.0.1 curl/7.88.1 |\n");
  });

  test("shows heads, follows redirections, writes files and figures", () => {
    expect(sh("curl -sI web/none")[0]).toMatch(/^HTTP\/1\.1 404 Not Found\r\n[^]*content-length: 13\r\n\r\n$/);
    expect(sh("curl -si web/old")[0]).toMatch(/^HTTP\/1\.1 302 Found\r\n[^]*\r\n\r\nmoved\n$/);
    expect(sh("curl -sL web/old -d x")[0]).toBe("GET /new web curl/7.88.1 |\n");
    expect(sh("cd /tmp; curl -sO web/file; od -An -tu1 -j250 file; curl -so copy web/file; cmp file copy")).toEqual([
      " 250 251 252 253 254 255\n",
      "",
      0,
    ]);
    expect(sh("curl -s -o /dev/null -w '%{http_code} %{size_download}\\n' web/none")[0]).toBe("404 13\n");
  });

  // What curl 7.88.1 says and exits with.
  test.each([
    ["curl -f web/none", "curl: (22) The requested URL returned error: 404\n", 22],
    ["curl -sf web/none", "", 22],
    ["curl -sS nosuch.", "curl: (6) Could not resolve host: nosuch.\n", 6],
    ["curl -s -L web/round", "", 47],
    ["curl ftp://web/", 'curl: (1) Protocol "ftp" not supported or disabled in libcurl\n', 1],
    ["curl", "curl: try 'curl --help' or 'curl --manual' for more information\n", 2],
  ])("%s fails", (script, stderr, status) => {
    expect(sh(script)).toEqual(["", stderr, status]);
  });

  test("a port that nobody listens at refuses it", () => {
    const [, stderr, status] = sh("curl -sS web:81");
    expect(stderr).toMatch(/^curl: \(7\) Failed to connect to web port 81 after \d+ ms: Couldn't connect to server\n$/);
    expect(status).toBe(7);
  });
});
