import { Signal, UsageError, type Activity, type Bytes, type World } from "../../core/index.js";
import { ContainerEngine, ContentStore, ImageStore, type Session } from "../../container/index.js";
import type { FrameLink, NetworkNamespace } from "../../net/index.js";
import { Kernel, netlink, PR_SET_NAME, type Program, type Sys } from "../../os/index.js";
import { furnish, runShell, type Result } from "../../userland/index.js";
import type { NodeSystem } from "../kubelet/runtime.js";
import { epoch } from "../objects/time.js";
import { addProgramImage, pause, pauseImage, type ProgramImage } from "./system-images.js";
import { PodNetwork, type PodNetworkOptions } from "./pod-network.js";

export interface NodeMachineOptions extends PodNetworkOptions {
  readonly world: World;
  readonly name: string;
  /** With the length of the nodes' network: `192.168.0.2/16`. */
  readonly address: string;
  /** Its router. */
  readonly gateway: string;
  /** What its card is plugged into. */
  readonly link: FrameLink;
  readonly cpus: number;
  readonly memory: Bytes;
  /** Where images come from. */
  readonly registries: (name: string) => Session | undefined;
  /** Programs that executables of images may name, beside the userland's. */
  readonly programs?: readonly Program<Sys>[];
  /** Images that it has from the start, beside that of pods' sandboxes. */
  readonly systemImages?: readonly ProgramImage[];
}

/**
 * The computer beneath a kubelet: a simulated Linux with one card in the nodes' network, a container engine, and the network of its pods.
 */
export class NodeMachine implements NodeSystem {
  readonly name: string;
  /** In the nodes' network. */
  readonly address: string;
  readonly kernel: Kernel;
  readonly engine: ContainerEngine;
  readonly network: PodNetwork;

  /** @throws UsageError inside of an event: make it before the world runs */
  constructor(options: NodeMachineOptions) {
    const { world, name, address, gateway, link, cpus, memory, registries, programs = [], systemImages = [] } = options;
    this.name = name;
    [this.address = address] = address.split("/");
    const kernel = new Kernel({ world, hostname: name, cpus, memory, cards: [{ link }], bootTime: epoch * 1e9 });
    this.kernel = kernel;
    furnish(kernel);
    for (const program of [pause, ...programs]) kernel.install(program);
    const images = new ImageStore(new ContentStore());
    addProgramImage(images, kernel, { name: pauseImage, program: pause.name, size: 740_000, user: "65535:65535" });
    for (const image of systemImages) addProgramImage(images, kernel, image);
    this.engine = new ContainerEngine(kernel, { registries, images, networks: false });
    this.network = new PodNetwork(options);
    const { network } = this;
    kernel.run(function* (sys) {
      yield* netlink(sys, { type: "RTM_NEWADDR", name: "eth0", address });
      yield* netlink(sys, { type: "RTM_SETLINK", name: "eth0", set: { up: true } });
      yield* netlink(sys, { type: "RTM_NEWROUTE", to: "default", via: gateway });
      yield* network.start(sys);
    });
  }

  /** The node's own network. */
  get stack(): NetworkNamespace {
    return this.kernel.namespaces.net.net;
  }

  *serve<T>(name: string, body: (sys: Sys) => Activity<T>): Activity<T> {
    const done = new Signal<T>(name);
    this.start(name, function* (sys) {
      try {
        done.fire(yield* body(sys));
      } catch (error) {
        done.fail(error);
      }
    });
    return yield* done;
  }

  /** Starts a process of the node's own. */
  start(name: string, body: (sys: Sys) => Activity<unknown>): void {
    const { init } = this.kernel.pidNamespace;
    if (init === undefined)
      throw new UsageError(`${this.name} has no pid 1`, "Its kernel has ended: make another one.");
    this.kernel.start(function* (sys) {
      yield* sys.prctl(PR_SET_NAME, name);
      yield* sys.rt_sigaction("SIGCHLD", "SIG_DFL");
      yield* body(sys);
    }, init);
  }

  /** Runs a script on the node, as its administrator; virtual time passes until it has ended. @throws UsageError */
  sh(script: string): Result {
    return runShell(this.kernel, script);
  }
}
