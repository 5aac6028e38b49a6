import { describe, expect, test } from "vitest";
import { minutes, s } from "../../../../sim/core/index.js";
import { docker, refusal } from "./hosts.js";

const always = { RestartPolicy: { Name: "always", MaximumRetryCount: 0 } } as const;
const onFailure = (count: number): { RestartPolicy: { Name: "on-failure"; MaximumRetryCount: number } } => ({
  RestartPolicy: { Name: "on-failure", MaximumRetryCount: count },
});

describe("restart policies", () => {
  test("what ends at once is restarted after 100 ms, 200 ms, 400 ms and so on", () => {
    const host = docker();
    const { engine } = host;
    host.run("exit 1", {}, always, "cc");
    host.pass(s(30));
    const at = (action: string): number[] =>
      engine.events({ filters: { event: [action] } }).map(({ timeNano }) => timeNano / 1e6);
    const [starts, ends] = [at("start"), at("die")];
    const waits = starts.slice(1).map((start, place) => start - (ends[place] ?? 0));
    expect(waits.length).toBe(8);
    // A start itself takes a few milliseconds.
    for (const [place, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(100 * 2 ** place);
      expect(wait).toBeLessThan(100 * 2 ** place + 50);
    }
    const { State, RestartCount } = engine.inspect("cc");
    expect([State.Status, State.Restarting, State.Running, RestartCount]).toEqual(["restarting", true, true, 9]);
    expect(engine.list()[0]?.Status).toMatch(/^Restarting \(1\) \d+ seconds ago$/);
  });

  test("a run of ten seconds begins the waits anew", () => {
    const host = docker();
    host.run("sleep 11", {}, always, "cc");
    host.pass(minutes(1));
    const events = host.engine.events({ filters: { event: ["start", "die"] } });
    const waits = events.slice(1).flatMap((event, place) => {
      const before = events[place];
      return event.Action === "start" && before !== undefined ? [(event.timeNano - before.timeNano) / 1e6] : [];
    });
    expect(waits.length).toBe(5);
    expect(Math.max(...waits)).toBeLessThan(150);
  });

  test("on-failure counts, and lets success be; what somebody stopped stays down", () => {
    const host = docker();
    const { engine } = host;
    host.run("exit 2", {}, onFailure(3), "fails");
    host.run("exit 0", {}, onFailure(0), "works");
    host.run(["sleep", "1000"], {}, always, "stopped");
    host.run(["sleep", "1000"], {}, always, "killed");
    host.run("exit 1", {}, always, "loops");
    host.pass(s(10));
    for (const name of ["stopped", "loops"]) host.do(engine.stop(name, 0));
    host.do(engine.kill("killed"));
    host.pass(minutes(5));
    const seen = ["fails", "works", "stopped", "killed", "loops"].map((name) => {
      const { State, RestartCount } = engine.inspect(name);
      return [State.Status, State.ExitCode, name === "loops" ? 0 : RestartCount];
    });
    expect(seen).toEqual([
      ["exited", 2, 3],
      ["exited", 0, 0],
      ["exited", 137, 0],
      ["exited", 137, 0],
      ["exited", 1, 0],
    ]);
  });

  test("policies that make no sense are refused", () => {
    const host = docker();
    expect(refusal(() => host.run("true", {}, { ...always, AutoRemove: true }))).toBe(
      "400 can't create 'AutoRemove' container with restart policy",
    );
    expect(refusal(() => host.run("true", {}, { RestartPolicy: { Name: "always", MaximumRetryCount: 2 } }))).toBe(
      "400 invalid restart policy: maximum retry count can only be used with 'on-failure'",
    );
  });
});

describe("health checks", () => {
  const check = { Test: ["CMD-SHELL", "echo probed; test -f /ok"], Interval: 10e9, Timeout: 2e9, Retries: 2 };

  test("so many failures in a row are unhealthy, one success is healthy", () => {
    const host = docker();
    const { engine } = host;
    host.run(["sleep", "100000"], { Healthcheck: check }, {}, "cc");
    const status = (): string => engine.inspect("cc").State.Health?.Status ?? "none";
    host.pass(s(15));
    expect([status(), engine.inspect("cc").State.Health?.FailingStreak]).toEqual(["starting", 1]);
    expect(engine.list()[0]?.Status).toBe("Up 15 seconds (health: starting)");
    host.pass(s(10));
    expect(status()).toBe("unhealthy");
    host.exec("cc", "touch /ok");
    host.pass(s(10));
    expect(status()).toBe("healthy");
    const { Log = [], FailingStreak } = engine.inspect("cc").State.Health ?? {};
    expect([FailingStreak, Log.map(({ ExitCode, Output }) => [ExitCode, Output])]).toEqual([
      0,
      [
        [1, "probed\n"],
        [1, "probed\n"],
        [0, "probed\n"],
      ],
    ]);
    expect(engine.events({ filters: { event: ["health_status"] } }).map(({ Action }) => Action)).toEqual([
      "health_status: unhealthy",
      "health_status: healthy",
    ]);
    expect(engine.list({ filters: { health: ["healthy"] } }).length).toBe(1);
    host.pass(minutes(2));
    expect(engine.inspect("cc").State.Health?.Log.length).toBe(5);
  });

  test("in the start period checks come at the start interval, and failures don't count", () => {
    const host = docker();
    const { engine } = host;
    const config = { Healthcheck: { ...check, StartPeriod: 30e9, StartInterval: 1e9 } };
    host.run("sleep 7; touch /ok; sleep 100000", config, {}, "cc");
    host.pass(s(6));
    const health = engine.inspect("cc").State.Health;
    expect([health?.Status, health?.FailingStreak]).toEqual(["starting", 0]);
    host.pass(s(3));
    expect(engine.inspect("cc").State.Health?.Status).toBe("healthy");
  });

  test("a check that takes too long is killed", () => {
    const host = docker();
    host.run(
      ["sleep", "100000"],
      { Healthcheck: { Test: ["CMD", "sleep", "50"], Interval: 5e9, Timeout: 1e9 } },
      {},
      "cc",
    );
    host.pass(s(8));
    const [result] = host.engine.inspect("cc").State.Health?.Log ?? [];
    expect([result?.ExitCode, result?.Output]).toEqual([-1, "Health check exceeded timeout (1s)"]);
    const { Titles, Processes } = host.do(host.engine.top("cc"));
    expect(Processes.map((row) => row[Titles.indexOf("CMD")])).toEqual(["sleep 100000"]);
  });
});
