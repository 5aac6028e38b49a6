import { describe, expect, test } from "vitest";
import { s } from "../../../../sim/core/index.js";
import { docker, refusal } from "./hosts.js";

describe("a container's life", () => {
  test("it is created, runs, ends and is removed; what it wrote is kept until then", () => {
    const host = docker();
    const { engine } = host;
    const id = host.do(engine.create({ name: "web", config: { Image: "alpine", Cmd: ["echo", "hello"] } }));
    const created = engine.inspect("web");
    expect([created.State.Status, created.State.Running, created.State.StartedAt]).toEqual([
      "created",
      false,
      "0001-01-01T00:00:00Z",
    ]);
    host.do(engine.start("web"));
    expect(host.do(engine.wait("web"))).toEqual({ exitCode: 0, oomKilled: false });
    expect(engine.inspect(id.slice(0, 5)).State.Status).toBe("exited");
    expect(host.logs("web")).toBe("hello\n");
    host.do(engine.remove("web"));
    expect(refusal(() => engine.inspect("web"))).toBe("404 No such container: web");
    expect(engine.list({ all: true })).toEqual([]);
  });

  test.each([
    ["exit 3", 3],
    ["kill -9 $$; exit 1", 1],
    ["sh -c 'kill -9 $$'; exit $?", 137],
    ["true", 0],
  ])("%j ends with %d", (command, code) => {
    expect(docker().finish(command).code).toBe(code);
  });

  test("stop asks by SIGTERM, then kills: pid 1 without a handler lasts the whole time-out", () => {
    const host = docker();
    const { engine } = host;
    const begun = (): number => engine.kernel.engine.now;
    host.run("trap 'echo bye; exit 4' TERM; while true; do sleep 1; done", {}, {}, "polite");
    host.run(["sleep", "1000"], {}, {}, "deaf");
    const before = begun();
    host.do(engine.stop("polite"));
    expect(begun() - before).toBeLessThan(s(2));
    expect([engine.inspect("polite").State.ExitCode, host.logs("polite")]).toEqual([4, "bye\n"]);
    const then = begun();
    host.do(engine.stop("deaf", 3));
    expect(begun() - then).toBeGreaterThanOrEqual(s(3));
    expect(begun() - then).toBeLessThan(s(4));
    expect(engine.inspect("deaf").State.ExitCode).toBe(137);
    expect(
      refusal(() => {
        host.do(engine.stop("deaf"));
      }),
    ).toBe("304 container is already stopped");
  });

  test("a frozen container does nothing, and goes on where it was", () => {
    const host = docker();
    const { engine } = host;
    host.run("while true; do echo tick; sleep 1; done", {}, {}, "cc");
    host.pass(s(3.5));
    host.do(engine.pause("cc"));
    const before = host.logs("cc");
    expect(engine.list()[0]?.Status).toMatch(/^Up 3 seconds \(Paused\)$/);
    host.pass(s(10));
    expect(host.logs("cc")).toBe(before);
    expect(
      refusal(() => {
        host.do(engine.kill("cc"));
      }),
    ).toMatch(/^409 Container [0-9a-f]{64} is paused/);
    host.do(engine.unpause("cc"));
    host.pass(s(3));
    expect(host.logs("cc").length).toBeGreaterThan(before.length);
    host.do(engine.remove("cc", { force: true }));
    expect(engine.list({ all: true })).toEqual([]);
  });

  test("what cannot be executed fails to start: 127 where it isn't there, 126 where it can't be run", () => {
    const host = docker();
    const { engine } = host;
    expect(refusal(() => host.run(["nosuch"], {}, {}, "aa"))).toMatch(
      /^400 failed to create task .*exec: "nosuch": executable file not found in \$PATH: unknown$/,
    );
    expect(refusal(() => host.run(["/etc/passwd"], {}, {}, "bb"))).toMatch(/^400 .*[Pp]ermission denied: unknown$/);
    expect(["aa", "bb"].map((name) => engine.inspect(name).State.ExitCode)).toEqual([127, 126]);
    expect(["aa", "bb"].map((name) => engine.inspect(name).State.Status)).toEqual(["created", "created"]);
  });

  test("it restarts with its files, and is renamed", () => {
    const host = docker();
    const { engine } = host;
    host.run("date >> /runs; cat /runs | wc -l; sleep 1000", {}, {}, "cc");
    host.pass(s(1));
    host.do(engine.restart("cc", 0));
    host.pass(s(1));
    expect(host.logs("cc").replace(/ /g, "")).toBe("1\n2\n");
    engine.rename("cc", "dd");
    expect(engine.list().map(({ Names }) => Names)).toEqual([["/dd"]]);
    expect(refusal(() => host.run("true", {}, {}, "dd"))).toMatch(
      /^409 Conflict. The container name "\/dd" is already in use/,
    );
  });

  test("with --rm it goes when it ends", () => {
    const host = docker();
    const id = host.run("exit 5", {}, { AutoRemove: true });
    expect(host.do(host.engine.wait(id, "removed")).exitCode).toBe(5);
    expect(host.engine.list({ all: true })).toEqual([]);
  });
});
