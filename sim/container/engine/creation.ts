import type { Activity } from "../../core/index.js";
import { makeDirectories } from "../runtime/files.js";
import { mergedConfig, wholeHostConfig, type ContainerConfig, type HostConfig } from "./config.js";
import { Container } from "./container.js";
import type { Containers } from "./containers.js";
import type { Execs } from "./exec.js";
import type { EngineHost } from "./host.js";
import type { Images } from "./images.js";
import { JsonFileLog } from "./log.js";
import { planMounts } from "./mounts.js";
import { randomId, randomName } from "./names.js";
import type { ConnectOptions } from "../network/networks.js";
import { modeNetwork } from "./networking.js";
import { capabilitiesFor } from "./process-spec.js";
import type { Volumes } from "./volumes.js";

export interface CreateOptions {
  readonly name?: string;
  readonly config: Partial<ContainerConfig> & { readonly Image: string };
  readonly host?: Partial<HostConfig>;
  /** How it takes part in its networks, by their names; in the one of its NetworkMode in any case. */
  readonly endpoints?: Readonly<Record<string, ConnectOptions>>;
}

export interface LifecycleParts {
  readonly host: EngineHost;
  readonly containers: Containers;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly execs: Execs;
}

/**
 * Makes a container that doesn't run yet: its name and id, its configuration, its volumes, its files over the image's.
 * @throws EngineError in Docker's words
 */
export function* createContainer(
  { host, containers, images, volumes }: LifecycleParts,
  { name, config: asked, host: hostAsked = {}, endpoints = {} }: CreateOptions,
): Activity<Container> {
  const image = images.get(asked.Image);
  const id = randomId(host.rng);
  const config = mergedConfig(asked, image.config.config, id);
  const hostConfig = wholeHostConfig(hostAsked);
  capabilitiesFor(hostConfig);
  const from = hostConfig.VolumesFrom.flatMap((one) => {
    const [other = "", mode] = one.split(":");
    return containers.get(other).mounts.map((mount) => ({ ...mount, writable: mount.writable && mode !== "ro" }));
  });
  const planned = planMounts(config, hostConfig, from);
  const chosen = name?.replace(/^\//, "") ?? randomName(host.rng, (one) => containers.has(one));
  const container = new Container({
    id,
    name: chosen,
    created: host.now,
    image,
    config,
    host: hostConfig,
    mounts: yield* volumes.settle(id, planned),
    log: new JsonFileLog(`${host.containerDirectory(id)}/${id}-json.log`),
    endpoints: new Map(Object.entries({ [modeNetwork(hostConfig.NetworkMode)]: {}, ...endpoints })),
  });
  containers.add(container);
  try {
    yield* host.serve(function* (sys) {
      yield* makeDirectories(sys, host.containerDirectory(id), 0o710);
      yield* host.snapshots.prepare(sys, id, images.layersOf(image));
    });
  } catch (error) {
    containers.delete(container);
    throw error;
  }
  return container;
}
