import type { Activity, Engine, Signal } from "../../core/index.js";
import type { Docker } from "../docker/docker.js";
import type { MonitorName, ProcessorOptions, VirtualLinux } from "../kvm/index.js";
import type { Linux } from "../linux.js";
import { serviceBody, serviceEntrypoint, serviceImage, type Service } from "./service.js";

/** What an instance of a service is. */
export type InstanceKind = "container" | "virtual machine";
export const instanceKinds: readonly InstanceKind[] = ["container", "virtual machine"];

/** What virtual machines are like here. */
export interface GuestOptions {
  /** Bytes that a guest believes to have. */
  readonly guestMemory: number;
  readonly monitor: MonitorName;
  readonly processor: ProcessorOptions;
}

/** A host, and what starts and stops instances of a service on it. */
export interface Instances {
  /** Begins to start one more. */
  start(): void;
  /** Begins to stop all. */
  stop(): void;
  /** How many run. */
  readonly running: number;
  /** Fires when all that were stopped are gone. */
  gone(): readonly Signal<unknown>[];
}

/** Containers of one image, which is there already. */
function containers(host: Linux, docker: Docker): Instances {
  const { engine } = docker;
  const { engine: world } = host.world;
  const ids: string[] = [];
  const ends: Signal<unknown>[] = [];
  /** What fails is seen by who counts those that run. */
  const spawn = (body: Activity<unknown>): Signal<unknown> => {
    const process = world.spawn(body, { name: "docker" });
    process.onSettled(() => undefined);
    return process;
  };
  return {
    start: () => {
      spawn(
        (function* () {
          const id = yield* engine.create({ config: { Image: serviceImage, Entrypoint: serviceEntrypoint } });
          ids.push(id);
          yield* engine.start(id);
        })(),
      );
    },
    stop: () => {
      for (const id of ids) ends.push(spawn(engine.stop(id)));
    },
    gone: () => ends,
    get running() {
      return engine.list().length;
    },
  };
}

function virtualMachines(host: Linux, service: Service, { guestMemory, monitor, processor }: GuestOptions): Instances {
  const all: VirtualLinux[] = [];
  return {
    start: () => {
      const name = `guest${all.length + 1}`;
      const vm = host.kvm({ name, memory: guestMemory, monitor, processor, service: serviceBody });
      service.install(vm.linux);
      all.push(vm);
      vm.powerOn();
    },
    stop: () => {
      for (const vm of all) if (vm.state === "running") vm.powerOff();
    },
    gone: () => all.map(({ ended }) => ended),
    get running() {
      return all.filter(({ state }) => state === "running" || state === "booting").length;
    },
  };
}

/**
 * A host's means to run instances of one kind: by the first call images are pulled and unpacked, by each further one instances of a service
 * are counted.
 */
export function instancesOn(host: Linux, kind: InstanceKind, guests: GuestOptions): (service: Service) => Instances {
  if (kind === "virtual machine") return (service) => virtualMachines(host, service, guests);
  const docker = host.docker();
  // The first container of an image has its layers unpacked: that is the pull's, and not a start's.
  docker.run(serviceImage, { entrypoint: ["/usr/bin/true"] }).remove({ force: true });
  return (service) => {
    service.install(host);
    return containers(host, docker);
  };
}

/** Lets time pass until all of these have settled. */
export function runAll(engine: Engine, signals: readonly Signal<unknown>[]): void {
  for (const signal of signals) engine.run(signal);
}
