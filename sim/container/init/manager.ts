import { type Activity, type Nanos } from "../../core/index.js";
import { attempt, describeStatus, type Sys } from "../../os/index.js";
import { readLibrary, type Library } from "./library.js";
import { planStart, planStop } from "./plan.js";
import { serviceGroup, spawn } from "./service.js";
import type { Command, Restart, Unit } from "./unit.js";

type UnitState = "inactive" | "activating" | "active" | "deactivating" | "failed";

/** A unit as it stands. */
export interface Standing {
  unit: Unit;
  state: UnitState;
  /** Of the process that runs for it. */
  pid?: number;
  /** Commands that are still to be run one after the other. */
  left: readonly Command[];
  /** Whether the one that runs may fail. */
  mayFail: boolean;
  /** How its last process ended: an exit code, or a signal's number. */
  ended?: { readonly exited: number } | { readonly signal: number };
  /** When it was begun, of late. */
  starts: Nanos[];
  restarts: number;
  /** When it is begun again. */
  restartAt?: Nanos;
  /** When it is killed, since it hasn't ended. */
  killAt?: Nanos;
  result: string;
}

interface Job {
  readonly kind: "start" | "stop";
  readonly waitsFor: readonly string[];
  begun: boolean;
}

const busy = (state: UnitState): boolean => state === "activating" || state === "deactivating";

/** The states of all units, and the jobs that are under way. Everything is done by the system calls of pid 1. */
export class Manager {
  readonly standings: Map<string, Standing> = new Map();
  readonly #sys: Sys;
  readonly #say: (line: string) => Activity<undefined>;
  #library: Library = { units: new Map(), wants: new Map(), complaints: [] };
  #jobs = new Map<string, Job>();
  #leaving = false;

  constructor(sys: Sys, say: (line: string) => Activity<undefined>) {
    this.#sys = sys;
    this.#say = say;
  }

  /** Reads the unit files: at boot and at daemon-reload. */
  *load(): Activity<undefined> {
    this.#library = yield* readLibrary(this.#sys);
    for (const line of this.#library.complaints) yield* this.#say(line);
    for (const [name, unit] of this.#library.units) {
      const standing = this.standings.get(name);
      if (standing !== undefined) standing.unit = unit;
      else
        this.standings.set(name, {
          unit,
          state: "inactive",
          left: [],
          mayFail: false,
          starts: [],
          restarts: 0,
          result: "success",
        });
    }
    for (const [name, standing] of this.standings)
      if (!this.#library.units.has(name) && standing.state === "inactive") this.standings.delete(name);
    return undefined;
  }

  /** Whether a unit has a job. */
  pending(name: string): boolean {
    return this.#jobs.has(name);
  }

  /** Whether everything has been stopped, as `leave` wanted it. */
  get empty(): boolean {
    return this.#leaving && this.#jobs.size === 0;
  }

  /** Brings a unit in with all that it needs. @returns false where there is no such unit */
  *start(goal: string): Activity<boolean> {
    if (!this.#library.units.has(goal)) return false;
    const { order, behind, complaints } = planStart(this.#library, goal);
    for (const line of complaints) yield* this.#say(line);
    for (const name of order) {
      const standing = this.standings.get(name);
      if (standing === undefined || standing.state === "active" || this.#jobs.get(name)?.kind === "start") continue;
      this.#jobs.set(name, { kind: "start", waitsFor: behind.get(name) ?? [], begun: false });
    }
    yield* this.advance();
    return true;
  }

  /** Takes units out, each after those that came behind it. */
  *stop(names: readonly string[]): Activity<undefined> {
    const behind = planStop(this.#library, names);
    for (const name of names) this.#jobs.set(name, { kind: "stop", waitsFor: behind.get(name) ?? [], begun: false });
    return yield* this.advance();
  }

  /** Stops everything. */
  *leave(): Activity<undefined> {
    this.#leaving = true;
    this.#jobs.clear();
    const up = [...this.standings].filter(
      ([, one]) => one.state === "active" || busy(one.state) || one.restartAt !== undefined,
    );
    return yield* this.stop(up.map(([name]) => name));
  }

  /** Begins what nothing holds back any more. */
  *advance(): Activity<undefined> {
    for (let moved = true; moved;) {
      moved = false;
      for (const [name, job] of this.#jobs) {
        const standing = this.standings.get(name);
        if (standing === undefined) {
          this.#jobs.delete(name);
          continue;
        }
        if (!job.begun && job.waitsFor.every((other) => !this.#jobs.has(other))) {
          job.begun = true;
          if (job.kind === "start") yield* this.#begin(name, standing);
          else yield* this.#end(standing);
        }
        if (!job.begun || busy(standing.state)) continue;
        this.#jobs.delete(name);
        moved = true;
      }
    }
    return undefined;
  }

  /** A process has ended. */
  *reaped(pid: number, status: number): Activity<undefined> {
    const standing = [...this.standings.values()].find((one) => one.pid === pid);
    if (standing === undefined) return undefined;
    delete standing.pid;
    standing.ended = describeStatus(status);
    yield* this.#settle(standing);
    return yield* this.advance();
  }

  /** When the next thing is due by the clock; undefined for never. */
  get due(): Nanos | undefined {
    const times = [...this.standings.values()].flatMap(({ restartAt, killAt }) =>
      [restartAt ?? [], killAt ?? []].flat(),
    );
    return times.length === 0 ? undefined : (Math.min(...times) as Nanos);
  }

  /** Does what is due. */
  *tick(now: Nanos): Activity<undefined> {
    for (const standing of this.standings.values()) {
      if (standing.killAt !== undefined && standing.killAt <= now) {
        delete standing.killAt;
        yield* this.#say(`${standing.unit.name}: State 'stop-sigterm' timed out. Killing.`);
        if (standing.pid !== undefined) yield* attempt(this.#sys.kill(standing.pid, "SIGKILL"));
      }
      if (standing.restartAt !== undefined && standing.restartAt <= now) {
        delete standing.restartAt;
        standing.restarts++;
        yield* this.#say(`${standing.unit.name}: Scheduled restart job, restart counter is at ${standing.restarts}.`);
        yield* this.#begin(standing.unit.name, standing);
      }
    }
    return yield* this.advance();
  }

  *#begin(name: string, standing: Standing): Activity<undefined> {
    const { unit } = standing;
    const missing = unit.requires.find(
      (other) => this.standings.get(other)?.state !== "active" && !this.pending(other),
    );
    if (missing !== undefined) {
      standing.state = "failed";
      standing.result = "dependency";
      return yield* this.#say(`[DEPEND] Dependency failed for ${unit.description}.`);
    }
    if (unit.service === undefined) {
      standing.state = "active";
      return yield* this.#say(`[  OK  ] Reached target ${unit.description}.`);
    }
    const now = yield* this.#sys.clock_gettime("CLOCK_MONOTONIC");
    const { burst, interval } = unit.startLimit;
    standing.starts = [...standing.starts.filter((time) => now - time < interval), now as Nanos];
    if (standing.starts.length > burst) {
      standing.state = "failed";
      standing.result = "start-limit-hit";
      return yield* this.#say(
        `[FAILED] Failed to start ${unit.description}: ${name}: Start request repeated too quickly.`,
      );
    }
    standing.result = "success";
    standing.state = "activating";
    standing.left = unit.service.start;
    yield* this.#next(standing);
    if (unit.service.type === "oneshot") return undefined;
    standing.state = "active";
    return yield* this.#say(`[  OK  ] Started ${unit.description}.`);
  }

  /** Runs the next command of those that are left. */
  *#next(standing: Standing): Activity<undefined> {
    const [command, ...left] = standing.left;
    if (command === undefined || standing.unit.service === undefined) return undefined;
    standing.left = left;
    standing.mayFail = command.mayFail;
    standing.pid = yield* spawn(this.#sys, standing.unit.name, standing.unit.service, command);
    return undefined;
  }

  *#end(standing: Standing): Activity<undefined> {
    delete standing.restartAt;
    const { service } = standing.unit;
    if (standing.state === "inactive" || standing.state === "failed") return undefined;
    standing.state = "deactivating";
    if (service !== undefined && service.stop.length > 0 && standing.pid === undefined) {
      standing.left = service.stop;
      return yield* this.#next(standing);
    }
    standing.left = [];
    if (service === undefined || standing.pid === undefined) return yield* this.#stopped(standing);
    yield* attempt(this.#sys.kill(standing.pid, "SIGTERM"));
    standing.killAt = ((yield* this.#sys.clock_gettime("CLOCK_MONOTONIC")) + service.stopTimeout) as Nanos;
    return undefined;
  }

  *#stopped(standing: Standing): Activity<undefined> {
    delete standing.killAt;
    standing.state = "inactive";
    // What the service has left behind goes with it: KillMode=control-group.
    yield* serviceGroup.kill(this.#sys, standing.unit.name);
    const what = standing.unit.service === undefined ? "Stopped target" : "Stopped";
    return yield* this.#say(`[  OK  ] ${what} ${standing.unit.description}.`);
  }

  /** What a process's end means for its unit. */
  *#settle(standing: Standing): Activity<undefined> {
    const { unit, ended } = standing;
    const { service } = unit;
    if (service === undefined || ended === undefined) return undefined;
    const well = "exited" in ended ? ended.exited === 0 : [1, 2, 13, 15].includes(ended.signal);
    if (standing.state === "deactivating")
      return standing.left.length > 0 ? yield* this.#next(standing) : yield* this.#stopped(standing);
    if ((well || standing.mayFail) && standing.left.length > 0) return yield* this.#next(standing);
    const fine = well || standing.mayFail;
    if (fine) {
      const began = standing.state === "activating";
      standing.state = service.remainAfterExit ? "active" : "inactive";
      if (began) yield* this.#say(`[  OK  ] Finished ${unit.description}.`);
    } else {
      const failing = standing.state === "activating";
      standing.state = "failed";
      standing.result = "exited" in ended ? "exit-code" : "signal";
      const how = "exited" in ended ? `code=exited, status=${ended.exited}` : `code=killed, status=${ended.signal}`;
      yield* this.#say(`${unit.name}: Main process exited, ${how}`);
      if (failing) yield* this.#say(`[FAILED] Failed to start ${unit.description}.`);
    }
    yield* serviceGroup.kill(this.#sys, unit.name);
    if (!this.#leaving && startsAgain(service.restart, fine, "signal" in ended)) {
      standing.state = "activating";
      standing.restartAt = ((yield* this.#sys.clock_gettime("CLOCK_MONOTONIC")) + service.restartDelay) as Nanos;
    }
    return undefined;
  }
}

/** Restart=, by the table of systemd.service(5). */
function startsAgain(rule: Restart, well: boolean, bySignal: boolean): boolean {
  switch (rule) {
    case "no":
      return false;
    case "always":
      return true;
    case "on-success":
      return well;
    case "on-failure":
      return !well;
    case "on-abnormal":
      return !well && bySignal;
  }
}
