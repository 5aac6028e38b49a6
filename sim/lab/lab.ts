import {
  createWorld,
  Queue,
  Resource,
  Share,
  withDefaults,
  type Activity,
  type EventOptions,
  type Nanos,
  type Process,
  type QueueOptions,
  type ResourceOptions,
  type ShareOptions,
  type Signal,
  type Stop,
  type World,
} from "../core/index.js";
import { machine, wire, type Machine, type MachineOptions, type Wire, type WireOptions } from "../machine/index.js";
import type { KernelOptions } from "../os/index.js";
import type { Registry } from "../container/index.js";
import { registryOf, type RegistryOptions } from "./docker/registries.js";
import { linux, type Linux } from "./linux.js";
import { Cluster, EtcdCluster, type ClusterOptions, type EtcdClusterOptions } from "../k8s/index.js";
import { clusterMade } from "./clusters.js";
import { network, type Network } from "./network/index.js";
import { createDisk, type Disk, type DiskOptions } from "../storage/index.js";

export interface LabOptions {
  /** The same seed replays the same world, byte for byte. Default 0. */
  readonly seed: number;
}

/** A world with the simulator's nouns on it: what they make shares its clock, its chance and its trace. */
export interface Lab extends World {
  readonly now: Nanos;
  /**
   * Lets `duration` of virtual time pass; without one, runs until only background work remains.
   * @returns why it stopped
   */
  run(duration?: Nanos): Stop;
  /** As `run()`, but @throws UsageError naming what still goes on after `within`. */
  settle(options: { readonly within: Nanos }): Stop;
  /** Starts a process: a generator that yields what it waits for. */
  spawn<T>(body: Activity<T>, options?: EventOptions): Process<T>;
  /** Fires when `duration` has passed: `yield* world.delay(ms(5))`. */
  delay(duration: Nanos): Signal<void>;
  /** Units that are held one at a time, and a line of those who wait. */
  resource(options?: Partial<ResourceOptions>): Resource;
  /** Items that some put and others get. */
  queue<T>(options?: Partial<QueueOptions>): Queue<T>;
  /** A rate that all who use it share at once: a link, a processor. */
  share(options?: Partial<ShareOptions>): Share;
  /** A physical disk. */
  disk(options?: Partial<Omit<DiskOptions, "world">>): Disk;
  /** A RISC-V computer, on this world's clock. It executes while its own `run` goes on, or from its `start`. */
  machine(options?: Partial<Omit<MachineOptions, "world">>): Machine;
  /** A cable between two machines' network cards. */
  wire(options?: Partial<Omit<WireOptions, "world">>): Wire;
  /** Hosts, switches and routers, to be linked and measured. */
  network(): Network;
  /** A simulated Linux with its shell and commands, on this world's clock. Its hostname is "linux", then "linux2" and on. */
  linux(options?: Partial<Omit<KernelOptions, "world">>): Linux;
  /**
   * A registry that this world's engines know by its name, the same at each call: `world.registry("registry.campus")`, and "docker.io"
   * for the simulated Docker Hub.
   */
  registry(name: string, options?: Partial<RegistryOptions>): Registry;
  /** etcd servers under Raft, about to elect their leader: `start()` waits for that. */
  etcd(options?: Partial<Omit<EtcdClusterOptions, "world">>): EtcdCluster;
  /** A Kubernetes cluster; time passes until its nodes are ready. */
  kubernetes(options?: Partial<Omit<ClusterOptions, "world">>): Cluster;
}

/** Makes a world to experiment in. @throws UsageError for an unknown option */
export function lab(options?: Partial<LabOptions>): Lab {
  const world = createWorld(withDefaults<LabOptions>("lab", options, { seed: 0 }));
  const { engine } = world;
  let hosts = 0;
  return {
    ...world,
    get now() {
      return engine.now;
    },
    run: (duration) => engine.run(duration === undefined ? undefined : ((engine.now + duration) as Nanos)),
    settle: (limit) => engine.settle(limit),
    spawn: (body, how) => engine.spawn(body, how),
    delay: (duration) => engine.delay(duration),
    resource: (how) => new Resource(engine, how),
    queue: (how) => new Queue(engine, how),
    share: (how) => new Share(engine, how),
    disk: (how) => createDisk({ ...how, world }),
    machine: (how) => machine({ ...how, world }),
    wire: (how) => wire({ ...how, world }),
    network: () => network({ world }),
    linux: (how) => {
      hosts++;
      return linux({ hostname: hosts === 1 ? "linux" : `linux${hosts}`, ...how, world });
    },
    registry: (name, how) => registryOf(world, name, how),
    etcd: (how) => new EtcdCluster({ ...how, world }),
    kubernetes: (how) => {
      const cluster = new Cluster({ ...how, world });
      cluster.start();
      clusterMade(cluster);
      return cluster;
    },
  };
}
