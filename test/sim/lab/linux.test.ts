import { describe, expect, test } from "vitest";
import { hearHosts, lab, linux, s } from "../../../sim/lab/index.js";

describe("a Linux in a cell", () => {
  test("has its commands, and no process has been there before", () => {
    const host = lab().linux({ hostname: "web" });
    const { stdout, status } = host.sh("hostname; ls -ld /bin /home/user; id -un; sh -c 'echo $((6*7))'");
    expect(stdout).toMatch(
      /^web\nlrwxrwxrwx 1 root root +\d+ .* \/bin -> usr\/bin\ndrwxr-xr-x .* user .* \/home\/user\nroot\n42\n$/,
    );
    expect(status).toBe(0);
    expect(linux().pidNamespace.init).toBeUndefined();
  });

  test("shows what a script printed in the order in which it came, and how it ended", () => {
    const result = linux().sh("echo one; echo two >&2; sleep 5; echo three; exit 4");
    expect([result.stdout, result.stderr, result.output]).toEqual(["one\nthree\n", "two\n", "one\ntwo\nthree\n"]);
    expect(result.took).toBeGreaterThan(s(5));
    expect(result.took).toBeLessThan(s(5.1));
    expect(result.view()).toEqual({
      as: "text",
      text: expect.stringMatching(/^one\ntwo\nthree\n\[exit status 4, 5\.\d+ s\]$/) as string,
    });
    expect(linux().sh("kill -9 $$").view().text).toMatch(/^\[ended by signal 9, /);
    expect(linux().sh("echo well").view().text).toBe("well\n");
  });

  test("what a script leaves in the background goes on with the world", () => {
    const world = lab();
    const host = world.linux();
    host.sh("(sleep 10; echo done > /tmp/late) > /dev/null 2>&1 &");
    expect(host.sh("cat /tmp/late").status).toBe(1);
    world.run(s(11));
    expect(host.sh("cat /tmp/late").stdout).toBe("done\n");
  });

  test("a script that waits for ever is ended as by ^C", () => {
    const host = linux();
    expect(() => host.sh("sleep infinity; echo never > /tmp/never")).toThrow(/waits for what nothing will bring about/);
    expect(host.sh("sleep 1; pidof sleep; ls /tmp").stdout).toBe("");
  });

  test("hosts of one lab have names of their own, and each is told of", () => {
    const told: string[] = [];
    hearHosts((host) => told.push(host.name));
    try {
      const world = lab();
      world.linux();
      world.linux();
      world.linux({ hostname: "db" });
    } finally {
      hearHosts(undefined);
    }
    expect(told).toEqual(["linux", "linux2", "db"]);
  });

  test("a root of one's own is left as it is", () => {
    const host = linux({ root: linux().tmpfs() });
    expect(() => host.sh("true").status).not.toThrow();
    expect(host.sh("true").status).not.toBe(0);
  });

  test("a terminal has job control", () => {
    const world = lab();
    const console = world.linux().console();
    console.type("sleep 100\n");
    world.run(s(1));
    console.type("\x03");
    world.run(s(1));
    console.type("echo $?\n");
    world.run(s(1));
    expect(console.read()).toMatch(/\^C[^]*130\r\n/);
  });
});
