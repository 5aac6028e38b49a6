import { GiB, us, type Activity } from "../../core/index.js";
import { Cable } from "../../net/index.js";
import { attachDrive, type Sys } from "../../os/index.js";
import { createDisk, type FlashProfile } from "../../storage/index.js";
import type { ProcessorOptions } from "../kvm/index.js";
import { lab, type Lab } from "../lab.js";
import type { Linux } from "../linux.js";
import { serviceEntrypoint, serviceImage, serviceName } from "./service.js";

/** Where a program runs. */
export type Place = "native" | "container" | "container behind NAT" | "virtual machine";
export const places: readonly Place[] = ["native", "container", "container behind NAT", "virtual machine"];

/**
 * The drive that Felter's machine had: an IBM FlashSystem 840, 135 µs for a read and 90 for a write, 8 GB/s (IBM's data sheet, 2014; quoted from
 * memory), with channels enough for 1.1 million reads a second.
 */
const flashSystem: FlashProfile = {
  ...{ kind: "flash", name: "flashsystem-840", source: "IBM FlashSystem 840, data sheet, 2014 (from memory)" },
  ...{
    sectors: GiB(64) / 512,
    pageSize: 4096 as FlashProfile["pageSize"],
    channels: 256,
    read: us(135),
    write: us(90),
  },
  ...{ bus: 8e9, queue: 256 },
};

/** A port that programs which serve listen at. */
export const servedPort = 5001;

/** A program's surroundings in one of the places. */
export interface Stage {
  readonly world: Lab;
  /** Another machine, at the other end of the host's cable. */
  readonly client: Linux;
  /** Where `client` finds the program. */
  readonly address: string;
  readonly sectors: number;
  /** The drive, as the program opens it. */
  readonly drive: string;
  /** Starts a program there. */
  readonly launch: (body: (sys: Sys) => Activity<void>) => void;
}

/** The host's address, or the guest's. */
const address = "10.0.0.1";
const drive = "/dev/disk";
const cores = 4;

/** A host with a drive and a cable of 10 Gbit/s to another machine, and a place on it for a program. */
export function stageAt(place: Place, seed: number, processor: ProcessorOptions): Stage {
  const world = lab({ seed });
  const cable = new Cable(world, { rate: 10e9 });
  const host = world.linux({ hostname: "host", cpus: cores, cards: [{ link: cable }] });
  const client = world.linux({ hostname: "client", cpus: cores, cards: [{ link: cable }] });
  client.sh("ip addr add 10.0.0.2/24 dev eth0; ip link set eth0 up");
  const disk = createDisk({ world, name: "flash", profile: flashSystem });
  attachDrive(host, "disk", disk);
  const common = { world, client, address, sectors: disk.sectors };
  if (place === "virtual machine") {
    const drives = [{ path: drive, drive: disk }];
    const vm = host.kvm({ cpus: cores, memory: GiB(1), network: true, drives, processor });
    host.sh(
      `ip link add br0 type bridge; ip link set eth0 master br0; ip link set ${vm.interface ?? ""} master br0;
       for one in br0 eth0 ${vm.interface ?? ""}; do ip link set $one up; done`,
    );
    vm.boot().linux.sh(`ip addr add ${address}/24 dev eth0; ip link set eth0 up`);
    return { ...common, drive: "/dev/vdb", launch: begin(vm.linux) };
  }
  host.sh(`ip addr add ${address}/24 dev eth0; ip link set eth0 up`);
  if (place === "native") return { ...common, drive, launch: begin(host) };
  const docker = host.docker();
  docker.pull(serviceImage);
  return {
    ...common,
    drive,
    launch(body) {
      host.install({ name: serviceName, main: body });
      docker.run(serviceImage, {
        entrypoint: serviceEntrypoint,
        devices: [drive],
        ...(place === "container" ? { network: "host" } : { publish: { [servedPort]: servedPort } }),
      });
    },
  };
}

const begin =
  (kernel: Linux) =>
  (body: (sys: Sys) => Activity<void>): void => {
    const { init } = kernel.pidNamespace;
    if (init !== undefined) kernel.start(body, init);
  };
