import { describe, expect, test } from "vitest";
import { createWorld } from "../../../sim/core/index.js";
import { Cable, ethernet, HttpServer, NetworkNamespace, textResponse } from "../../../sim/net/index.js";
import { netlink, type Kernel } from "../../../sim/os/index.js";
import { runShell } from "../../../sim/userland/index.js";
import { linux } from "./system.js";

/** A Linux, and beyond its cable a server. */
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
    handler({ method, path, headers }) {
      if (path === "/f.txt") return { ...textResponse("hello\n"), headers: { "content-type": "text/plain" } };
      if (path === "/old") return { status: 302, headers: { location: "/f.txt" }, body: new Uint8Array(0) };
      if (path === "/told") return textResponse(`${method} ${headers["user-agent"] ?? ""} ${headers["x-own"] ?? ""}\n`);
      return textResponse("no such page\n", 404);
    },
  });
  kernel.run(function* (sys) {
    yield* netlink(sys, { type: "RTM_SETLINK", name: "lo", set: { up: true } });
    yield* netlink(sys, { type: "RTM_NEWADDR", name: "eth0", address: "10.0.0.2/24" });
    yield* netlink(sys, { type: "RTM_SETLINK", name: "eth0", set: { up: true } });
  });
  return kernel;
}

const kernel = served();
const sh = (script: string): readonly [string, number] => {
  const { stdout, status } = runShell(kernel, `exec 2>&1; ${script}`, { cwd: "/tmp" });
  // When it was, and how fast, is this run's own.
  return [stdout.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "TIME").replace(/\([\d.]+ \wB\/s\)/, "(RATE)"), status];
};

// Words and exit statuses are those that GNU Wget 1.21.3 gave for the same requests to a server of Python's.
describe("wget", () => {
  test("saves, under a name that is free, and tells of it", () => {
    const told = (name: string): string => `--TIME--  http://10.0.0.1/f.txt
Connecting to 10.0.0.1:80... connected.
HTTP request sent, awaiting response... 200 OK
Length: 6 [text/plain]
Saving to: '${name}'

TIME (RATE) - '${name}' saved [6/6]

`;
    expect(sh("wget http://10.0.0.1/f.txt")).toEqual([told("f.txt"), 0]);
    expect(sh("wget http://10.0.0.1/f.txt")).toEqual([told("f.txt.1"), 0]);
    expect(sh("wget -nv 10.0.0.1/f.txt")).toEqual(['TIME URL:http://10.0.0.1/f.txt [6/6] -> "f.txt.2" [1]\n', 0]);
    expect(sh("wget -q -P d http://10.0.0.1/f.txt; cat d/f.txt f.txt.2")).toEqual(["hello\nhello\n", 0]);
  });

  test("writes to standard output, follows redirections, sends headers", () => {
    expect(sh("wget -qO- http://10.0.0.1/old http://10.0.0.1/f.txt")).toEqual(["hello\nhello\n", 0]);
    expect(sh("wget -q -O - --header 'X-Own: 1' http://10.0.0.1/told")).toEqual(["GET Wget/1.21.3 1\n", 0]);
    expect(sh("wget -qO- --post-data a=1 -U me http://10.0.0.1/told")).toEqual(["POST me \n", 0]);
  });

  test("fails as wget does", () => {
    expect(sh("wget http://10.0.0.1/none")).toEqual([
      "--TIME--  http://10.0.0.1/none\nConnecting to 10.0.0.1:80... connected.\nHTTP request sent, awaiting response... 404 Not Found\nTIME ERROR 404: Not Found.\n\n",
      8,
    ]);
    expect(sh("wget -q http://10.0.0.1/none")).toEqual(["", 8]);
    expect(sh("wget http://10.0.0.1:81/x")).toEqual([
      "--TIME--  http://10.0.0.1:81/x\nConnecting to 10.0.0.1:81... failed: Connection refused.\n",
      4,
    ]);
    expect(sh("wget")).toEqual([
      "wget: missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.\n",
      1,
    ]);
    expect(sh("wget --spider http://10.0.0.1/f.txt")[0]).toContain("Length: 6 [text/plain]\nRemote file exists.\n\n");
  });
});

// The same of Debian's netcat-openbsd 1.219.
describe("nc", () => {
  test("scans ports", () => {
    expect(sh("nc -zv 10.0.0.1 80")).toEqual(["Connection to 10.0.0.1 80 port [tcp/*] succeeded!\n", 0]);
    expect(sh("nc -z 10.0.0.1 81")).toEqual(["", 1]);
    expect(sh("nc -zv 10.0.0.1 79-81")).toEqual([
      `nc: connect to 10.0.0.1 port 79 (tcp) failed: Connection refused
Connection to 10.0.0.1 80 port [tcp/*] succeeded!
nc: connect to 10.0.0.1 port 81 (tcp) failed: Connection refused
`,
      0,
    ]);
    expect(sh("nc -zv localhost 5")).toEqual([
      "nc: connect to localhost (127.0.0.1) port 5 (tcp) failed: Connection refused\n",
      1,
    ]);
    expect(sh("nc -z -w 1 127.0.0.1 x")).toEqual(["nc: port number invalid: x\n", 1]);
    expect(sh("nc -z 127.0.0.1 99999")).toEqual(["nc: port number too large: 99999\n", 1]);
  });

  test("carries bytes both ways, by TCP and UDP, and waits no longer than -w says", () => {
    const [output, status] = sh("(sleep 0.4; echo hi | nc -N 127.0.0.1 8095) & nc -lv 8095");
    expect(output).toMatch(/^Listening on 0\.0\.0\.0 8095\nConnection received on localhost \d+\nhi\n$/);
    expect(status).toBe(0);
    expect(sh("(sleep 0.4; echo udp | nc -u -w 1 127.0.0.1 8094) & nc -u -w 2 -l 8094")).toEqual(["udp\n", 0]);
    expect(sh("printf 'GET /f.txt HTTP/1.0\\r\\n\\r\\n' | nc 10.0.0.1 80 | tail -n 1")).toEqual(["hello\n", 0]);
    const begun = kernel.engine.now;
    expect(sh("nc -w 3 -v 10.0.0.77 80")[1]).toBe(1);
    expect((kernel.engine.now - begun) / 1e9).toBeLessThan(3.2);
  });
});
