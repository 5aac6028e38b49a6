import type { World } from "../../core/index.js";
import { NetworkNamespace, type NetworkInterface, type Packet } from "../../net/index.js";
import type { PacketCosts } from "../machine.js";
import type { NetNamespace, NetworkHost, Payer } from "../namespace/net-namespace.js";
import type { Scheduler } from "../scheduler/scheduler.js";
import type { Task } from "../task/task.js";
import type { MountNamespace } from "../vfs/mount.js";
import { Softirq } from "./softirq.js";

/** What the network namespaces of one machine share: its CPUs, and who keeps which. */
export class Networks implements NetworkHost {
  readonly world: World;
  readonly costs: PacketCosts;
  initial: NetNamespace | undefined;
  /** The task in whose system call packets are being sent. */
  payer: Payer | undefined;
  readonly #tasks: () => Iterable<Task>;
  readonly #softirqs: readonly Softirq[];
  readonly #queues = new WeakMap<NetworkInterface, Softirq>();
  #nextQueue = 0;
  /** What sends in a batch: its work is the CPU's. */
  #current: Softirq | undefined;
  #mounted = false;
  readonly #kept = new Set<NetNamespace>();

  constructor(world: World, costs: PacketCosts, scheduler: Scheduler<Task>, tasks: () => Iterable<Task>) {
    this.world = world;
    this.costs = costs;
    this.#tasks = tasks;
    this.#softirqs = Array.from(
      { length: scheduler.cpus },
      (_, cpu) =>
        new Softirq(cpu, (number, work, done) => {
          scheduler.raise(number, work, done);
        }),
    );
  }

  stack(name: string, loopback: boolean): NetworkNamespace {
    return new KernelNetwork(this, name, loopback);
  }

  bridging(pass: () => void): void {
    this.run(this.#softirqs[0], this.costs.packetHop + this.costs.packetBridge, pass);
  }

  /** A namespace's file was bound to another: from now on mounts may keep namespaces. */
  noteMount(): void {
    this.#mounted = true;
  }

  pins(namespace: NetNamespace): boolean {
    if (!this.#mounted) return false;
    const seen = new Set<MountNamespace>();
    for (const { namespaces } of this.#tasks()) seen.add(namespaces.mnt);
    for (const { mounts } of seen) {
      for (const { root } of mounts) {
        if (!("namespace" in root) || root.namespace !== namespace) continue;
        this.#kept.add(namespace);
        return true;
      }
    }
    return false;
  }

  /** Mounts have gone: namespaces that only they kept may end. */
  settle(): void {
    for (const namespace of [...this.#kept]) {
      this.#kept.delete(namespace);
      namespace.settle();
    }
  }

  /** Each interface's packets are one CPU's work, as its interrupts go there. */
  queueOf(from: NetworkInterface): Softirq | undefined {
    let queue = this.#queues.get(from);
    if (queue === undefined) {
      queue = this.#softirqs[this.#nextQueue++ % this.#softirqs.length];
      if (queue !== undefined) this.#queues.set(from, queue);
    }
    return queue;
  }

  run(queue: Softirq | undefined, cost: number, action: () => void): void {
    queue?.submit(cost, () => {
      this.#current = queue;
      action();
      this.#current = undefined;
    });
  }

  /** Work for packets that are on their way already: the sender's, or the CPU's that deals with packets. */
  pay(cost: number): void {
    const { payer } = this;
    if (payer === undefined) {
      (this.#current ?? this.#softirqs[0])?.owe(cost);
      return;
    }
    payer.debt += Math.round(cost);
    payer.systemTime += Math.round(cost);
  }
}

/** Whether two packets are neighbours of one stream, which go up the stack as one (GRO, net/core/gro.c). */
function merges(packet: Packet, before: Packet | undefined): boolean {
  const [one, other] = [packet.payload, before?.payload];
  if (one.kind !== "tcp" || other?.kind !== "tcp" || one.data.length === 0 || other.data.length === 0) return false;
  return (
    packet.source === before?.source &&
    packet.destination === before.destination &&
    one.sourcePort === other.sourcePort &&
    one.destinationPort === other.destinationPort
  );
}

/** A network stack whose packets cost its machine's CPUs time. */
class KernelNetwork extends NetworkNamespace {
  readonly #host: Networks;
  #before: Packet | undefined;

  constructor(host: Networks, name: string, loopback: boolean) {
    super(host.world, name, { loopback });
    this.#host = host;
  }

  override receivePacket(...given: Parameters<NetworkNamespace["receivePacket"]>): void {
    const [packet, from] = given;
    const { costs } = this.#host;
    const hop = from === this.lo ? 0 : costs.packetHop;
    const up = this.isLocal(packet.destination) ? costs.packetDeliver : costs.packetForward;
    const cost = merges(packet, this.#before) ? hop + costs.packetMerge : hop + up;
    this.#before = packet;
    this.#host.run(this.#host.queueOf(from), cost, () => {
      this.#filtered(() => {
        super.receivePacket(...given);
      });
    });
  }

  override send(...given: Parameters<NetworkNamespace["send"]>): ReturnType<NetworkNamespace["send"]> {
    this.#host.pay(this.#host.costs.packetSend);
    return this.#filtered(() => super.send(...given));
  }

  /** Adds what the packet filter had to do on the way. */
  #filtered<T>(action: () => T): T {
    if (this.filter === undefined) return action();
    const { work } = this.netfilter;
    const { hooks, rules, lookups } = work;
    const result = action();
    const { filterHook, filterRule, filterLookup } = this.#host.costs;
    this.#host.pay(
      (work.hooks - hooks) * filterHook + (work.rules - rules) * filterRule + (work.lookups - lookups) * filterLookup,
    );
    return result;
  }
}
