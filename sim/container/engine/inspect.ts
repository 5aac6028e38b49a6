import type { ImageSummary } from "../image/image-store.js";
import type { Image } from "../image/image.js";
import { timestamp } from "../timestamp.js";
import { never } from "./clock.js";
import type { ContainerConfig, HostConfig } from "./config.js";
import type { Container, ContainerStatus, Health } from "./container.js";
import type { EngineHost } from "./host.js";
import type { NetworkSettings } from "../network/networks.js";

/** GET /containers/NAME/json of Docker's API, as far as there is something behind it. */
export interface ContainerInspection {
  readonly Id: string;
  readonly Created: string;
  readonly Path: string;
  readonly Args: readonly string[];
  readonly State: {
    readonly Status: ContainerStatus;
    readonly Running: boolean;
    readonly Paused: boolean;
    readonly Restarting: boolean;
    readonly OOMKilled: boolean;
    readonly Dead: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: Health;
  };
  readonly Image: string;
  readonly ResolvConfPath: string;
  readonly HostnamePath: string;
  readonly HostsPath: string;
  readonly LogPath: string;
  readonly Name: string;
  readonly RestartCount: number;
  readonly Driver: "overlay2";
  readonly Platform: "linux";
  readonly ExecIDs: readonly string[] | null;
  readonly HostConfig: HostConfig & { readonly LogConfig: { readonly Type: "json-file"; readonly Config: object } };
  readonly GraphDriver: { readonly Name: "overlay2"; readonly Data: Readonly<Record<string, string>> };
  readonly Mounts: readonly {
    readonly Type: string;
    readonly Name?: string;
    readonly Source: string;
    readonly Destination: string;
    readonly Driver?: "local";
    readonly Mode: string;
    readonly RW: boolean;
    readonly Propagation: string;
  }[];
  readonly Config: ContainerConfig;
  readonly NetworkSettings: NetworkSettings;
}

/** @param execs ids of further processes in it */
export function inspectContainer(
  container: Container,
  host: EngineHost,
  execs: readonly string[],
): ContainerInspection {
  const { id, name, created, args, state, config, image, restartCount, log, mounts } = container;
  const { status, health } = state;
  const directory = host.containerDirectory(id);
  const layers = `${host.snapshots.directory}/${id}`;
  const time = (at: number | undefined): string => (at === undefined ? never : timestamp(at));
  return {
    Id: id,
    Created: timestamp(created),
    Path: args[0] ?? "",
    Args: args.slice(1),
    State: {
      Status: status,
      // As Docker has it, who is paused or about to be restarted runs.
      Running: container.isRunning || status === "restarting",
      Paused: status === "paused",
      Restarting: status === "restarting",
      OOMKilled: state.oomKilled,
      Dead: status === "dead",
      Pid: state.pid,
      ExitCode: state.exitCode,
      Error: state.error,
      StartedAt: time(state.startedAt),
      FinishedAt: time(state.finishedAt),
      ...(health !== undefined && { Health: { ...health, Log: [...health.Log] } }),
    },
    Image: image.id,
    ResolvConfPath: `${directory}/resolv.conf`,
    HostnamePath: `${directory}/hostname`,
    HostsPath: `${directory}/hosts`,
    LogPath: log.path,
    Name: `/${name}`,
    RestartCount: restartCount,
    Driver: "overlay2",
    Platform: "linux",
    ExecIDs: execs.length === 0 ? null : execs,
    HostConfig: { ...container.host, LogConfig: { Type: "json-file", Config: {} } },
    GraphDriver: {
      Name: "overlay2",
      Data: { MergedDir: `${layers}/merged`, UpperDir: `${layers}/diff`, WorkDir: `${layers}/work` },
    },
    Mounts: mounts.map(({ type, volume, path, target, mode, writable }) => ({
      Type: type,
      ...(volume !== "" && { Name: volume, Driver: "local" as const }),
      Source: path,
      Destination: target,
      Mode: mode,
      RW: writable,
      Propagation: type === "bind" ? "rprivate" : "",
    })),
    Config: config,
    NetworkSettings: host.networks?.settings(id) ?? { Ports: {}, Networks: {} },
  };
}

/** GET /images/NAME/json. */
export interface ImageInspection {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  readonly Created: string;
  readonly Architecture: string;
  readonly Os: string;
  readonly Size: number;
  readonly Config: Image["config"]["config"];
  readonly RootFS: { readonly Type: "layers"; readonly Layers: readonly string[] };
}

export function inspectImage(image: Image, rows: readonly ImageSummary[]): ImageInspection {
  const row = rows.find(({ id }) => id === image.id);
  const { architecture, os, created = never, config, rootfs } = image.config;
  return {
    Id: image.id,
    RepoTags: row?.tags ?? [],
    RepoDigests: row?.digests ?? [],
    Created: created,
    Architecture: architecture,
    Os: os,
    Size: row?.size ?? 0,
    Config: config,
    RootFS: { Type: "layers", Layers: rootfs.diff_ids },
  };
}
