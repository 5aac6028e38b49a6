import { any, concatBytes, s, type Activity } from "../../core/index.js";
import { textOf } from "../../net/index.js";
import { timestamp } from "../timestamp.js";
import { durationOr } from "./clock.js";
import type { ContainerConfig } from "./config.js";
import type { Container, Health, HealthResult } from "./container.js";
import { EngineError } from "./errors.js";
import type { Execs } from "./exec.js";
import type { EngineHost } from "./host.js";

type Check = NonNullable<ContainerConfig["Healthcheck"]>;

/** Results that are kept, and bytes of each one's output: moby's daemon/health.go. */
const keptResults = 5;
const keptOutput = 4096;

/**
 * Checks a container's health as long as it runs: a command every interval, which has to end with 0 in its time-out; so many failures
 * in a row make it unhealthy, one success healthy. In the start period failures don't count, and checks come at
 * the start interval, until the first success.
 */
export function watchHealth(container: Container, check: Check, host: EngineHost, execs: Execs): void {
  const { engine } = host.kernel;
  const health: Health = { Status: "starting", FailingStreak: 0, Log: [] };
  container.state.health = health;
  const interval = durationOr(check.Interval, s(30));
  const startPeriod = check.StartPeriod ?? 0;
  const startInterval = durationOr(check.StartInterval, s(5));
  const retries = check.Retries === undefined || check.Retries === 0 ? 3 : check.Retries;
  const begun = host.now;
  let over = false;
  let cancel: (() => boolean) | undefined;
  container.endHealthChecks = () => {
    over = true;
    cancel?.();
  };
  schedule();

  function isStarting(): boolean {
    return health.Status === "starting" && startPeriod > 0 && host.now - begun < startPeriod;
  }

  function schedule(): void {
    const wait = isStarting() ? startInterval : interval;
    cancel = engine.after(
      wait,
      () => {
        engine.spawn(round(), { name: `health of ${container.name}`, background: true });
      },
      { name: `health of ${container.name}`, background: true },
    );
  }

  function* round(): Activity<undefined> {
    if (over) return undefined;
    if (container.state.status === "running") {
      const result = yield* probe(container, check, host, execs);
      // What ended with its container says nothing.
      if (isOver()) return undefined;
      note(result);
    }
    schedule();
    return undefined;
  }

  // A call, since it may have changed while a probe ran.
  function isOver(): boolean {
    return over;
  }

  function note(result: HealthResult): void {
    const counts = result.ExitCode === 0 || !isStarting();
    health.Log = [...health.Log, result].slice(-keptResults);
    const before = health.Status;
    if (result.ExitCode === 0) {
      health.FailingStreak = 0;
      health.Status = "healthy";
    } else if (counts) {
      health.FailingStreak++;
      if (health.FailingStreak >= retries) health.Status = "unhealthy";
    }
    if (health.Status !== before)
      host.events.emit("container", `health_status: ${health.Status}`, container.id, container.attributes);
  }
}

/** The command of a check: CMD-SHELL's text goes to the shell. */
function commandOf([kind, ...rest]: readonly string[]): readonly string[] {
  return kind === "CMD-SHELL" ? ["/bin/sh", "-c", rest.join(" ")] : rest;
}

function* probe(container: Container, check: Check, host: EngineHost, execs: Execs): Activity<HealthResult> {
  const { engine } = host.kernel;
  const Start = timestamp(host.now);
  const timeout = durationOr(check.Timeout, s(30));
  const result = (ExitCode: number, Output: string): HealthResult => ({
    Start,
    End: timestamp(host.now),
    ExitCode,
    Output: Output.length > keptOutput ? `${Output.slice(0, keptOutput)}...` : Output,
  });
  try {
    const exec = execs.create(container, { Cmd: commandOf(check.Test) });
    const output = exec.streams.attach({ stdout: true, stderr: true });
    yield* execs.start(exec);
    const late = engine.delay(timeout, { background: true });
    yield* any({ ended: exec.ended, late });
    if (!exec.ended.settled) {
      yield* execs.kill(exec, "SIGKILL");
      yield* exec.ended;
      return result(-1, `Health check exceeded timeout (${timeout / 1e9}s)`);
    }
    const chunks = yield* output.rest();
    return result(exec.ended.value, textOf(concatBytes(chunks.map(({ bytes }) => bytes))));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return result(-1, error.message);
  }
}
