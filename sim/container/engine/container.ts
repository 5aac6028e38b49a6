import { Signal } from "../../core/index.js";
import type { Image } from "../image/image.js";
import type { ConnectOptions } from "../network/networks.js";
import { inWords } from "./clock.js";
import type { ContainerConfig, HostConfig } from "./config.js";
import type { JsonFileLog } from "./log.js";
import type { MountPoint } from "./mounts.js";
import type { Streams } from "./streams.js";

export type ContainerStatus = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

export interface HealthResult {
  readonly Start: string;
  readonly End: string;
  readonly ExitCode: number;
  readonly Output: string;
}

/** What a health check has found out: Docker's API, State.Health. */
export interface Health {
  Status: "starting" | "healthy" | "unhealthy";
  FailingStreak: number;
  /** The last five. */
  Log: HealthResult[];
}

/** Where a container stands; times in nanoseconds since 1970, undefined for never. */
export interface ContainerState {
  status: ContainerStatus;
  pid: number;
  exitCode: number;
  error: string;
  oomKilled: boolean;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  health: Health | undefined;
}

/** How a run of a container ended. */
export interface Ended {
  readonly exitCode: number;
  readonly oomKilled: boolean;
}

/** A container, as the engine knows it. */
export class Container {
  readonly id: string;
  name: string;
  /** In nanoseconds since 1970. */
  readonly created: number;
  readonly image: Image;
  readonly config: ContainerConfig;
  host: HostConfig;
  readonly mounts: readonly MountPoint[];
  readonly log: JsonFileLog;
  readonly state: ContainerState;
  restartCount = 0;
  /** Somebody stopped it: no policy starts it again, before the engine itself does. */
  stoppedByUser = false;
  /** Takes back a restart that is due. */
  cancelRestart: (() => boolean) | undefined;
  /** What the next restart waits, in nanoseconds; 0 for the first. */
  backoff = 0;
  /** Ends its health checks. */
  endHealthChecks: (() => void) | undefined;
  /** Of the process that runs, or is about to. */
  streams: Streams | undefined;
  /** Held while it is started, stopped or removed. */
  busy: Signal<void> | undefined;
  /** The networks that it is in when it runs, and how, by their names. */
  readonly endpoints: Map<string, ConnectOptions>;
  /** Fires when the next run ends; when it has ended and nothing restarts it; when it is removed. */
  ended: Signal<Ended> = new Signal("the end of a container");
  readonly removed: Signal<Ended> = new Signal("the removal of a container");

  constructor(
    given: Pick<Container, "id" | "name" | "created" | "image" | "config" | "host" | "mounts" | "log" | "endpoints">,
    state: Partial<ContainerState> = {},
  ) {
    this.id = given.id;
    this.name = given.name;
    this.created = given.created;
    this.image = given.image;
    this.config = given.config;
    this.host = given.host;
    this.mounts = given.mounts;
    this.log = given.log;
    this.endpoints = given.endpoints;
    this.state = {
      status: "created",
      pid: 0,
      exitCode: 0,
      error: "",
      oomKilled: false,
      startedAt: undefined,
      finishedAt: undefined,
      health: undefined,
      ...state,
    };
  }

  /** Whether it has a process, frozen or not. */
  get isRunning(): boolean {
    return this.state.status === "running" || this.state.status === "paused";
  }

  /** What it executes: entrypoint and command. */
  get args(): readonly string[] {
    return [...this.config.Entrypoint, ...this.config.Cmd];
  }

  get outcome(): Ended {
    return { exitCode: this.state.exitCode, oomKilled: this.state.oomKilled };
  }

  /** What events tell of it. */
  get attributes(): Readonly<Record<string, string>> {
    return { ...this.config.Labels, image: this.config.Image, name: this.name };
  }

  /** The column STATUS of `docker ps`. @param now nanoseconds since 1970 */
  describe(now: number): string {
    const { status, exitCode, startedAt = now, finishedAt = now, health } = this.state;
    const up = `Up ${inWords(now - startedAt)}`;
    switch (status) {
      case "created":
        return "Created";
      case "running":
        if (health === undefined) return up;
        return `${up} (${health.Status === "starting" ? "health: starting" : health.Status})`;
      case "paused":
        return `${up} (Paused)`;
      case "restarting":
        return `Restarting (${exitCode}) ${inWords(now - finishedAt)} ago`;
      case "removing":
        return "Removal In Progress";
      case "exited":
        return `Exited (${exitCode}) ${inWords(now - finishedAt)} ago`;
      case "dead":
        return "Dead";
    }
  }
}
