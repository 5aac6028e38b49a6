import type { Engine, Nanos } from "../core/index.js";
import type { FrameLink } from "../net/index.js";

/** Work that a CPU does until it is through, or is stopped. */
export interface Run {
  /** Takes the work off the CPU. @returns how much of it was done */
  stop(): Nanos;
}

/**
 * Where this Linux gets its CPUs: a bare machine, a virtual machine's vCPUs, a cluster's node. Work is counted in
 * nanoseconds of an undisturbed CPU. Who shares its CPUs with others lets work take longer than that: the kernel counts
 * the difference as steal time (proc_stat(5)).
 */
export interface CpuSource {
  readonly count: number;
  /** Has CPU number `cpu` work from now on; calls `done` when `work` is done. A CPU is given one work at a time. */
  start(cpu: number, work: Nanos, done: () => void): Run;
}

/** Undisturbed CPUs, all alike. */
export function bareCpus(engine: Engine, count: number): CpuSource {
  return {
    count,
    start(_cpu, work, done) {
      const begin = engine.now;
      const cancel = engine.after(work, done, { name: "cpu" });
      return {
        stop() {
          cancel();
          return (engine.now - begin) as Nanos;
        },
      };
    },
  };
}

/** A network card: what it is plugged into, a cable or a switch of sim/net, or a machine's wire by its `frameLink`. */
export interface NetworkCard {
  readonly link: FrameLink;
  /** "eth0" and on where absent. */
  readonly name?: string;
  /** "02:42:…"; a random one where absent. */
  readonly mac?: string;
  readonly mtu?: number;
}

/** What a packet takes, in nanoseconds of a CPU. */
export interface PacketCosts {
  /** From a socket down to an interface. */
  readonly packetSend: number;
  /** Out of one interface and into the next: a veth's two ends, a card's driver. */
  readonly packetHop: number;
  /** From IP up to a socket. */
  readonly packetDeliver: number;
  /** A segment that comes right behind one of its stream: merged, and delivered with it. */
  readonly packetMerge: number;
  readonly packetForward: number;
  readonly packetBridge: number;
  /** A hook of the packet filter, a rule that is looked at, a look-up of a connection or in a set. */
  readonly filterHook: number;
  readonly filterRule: number;
  readonly filterLookup: number;
}

/** What the kernel's own work takes, in nanoseconds of a CPU. */
export interface Costs extends PacketCosts {
  /** A system call that does next to nothing. */
  readonly call: number;
  /** Walking to a file, opening it. */
  readonly path: number;
  /** Moving a page between a program and the kernel. */
  readonly page: number;
  /** A page that reclaim looks at. */
  readonly reclaim: number;
  readonly fork: number;
  readonly execve: number;
  readonly exit: number;
  /** From one task to another. */
  readonly contextSwitch: number;
  /** A new namespace of each kind but net; a network stack. */
  readonly namespace: number;
  readonly network: number;
}

/**
 * Measured with C loops on Linux 6.18 in a virtual machine on x86-64, one CPU under real-time priority: getppid(2) 143 ns;
 * access(2) 786; open(2) and close(2) 2,194; fork, exit and wait 210 µs, with execve(2) of /bin/true 752; a pipe there and
 * back between two processes 6.5 µs, two switches and four calls; unshare(2) of five kinds 409 µs with the fork around it,
 * of net 1,079. A page is 4 KiB at 10 GB/s.
 *
 * A page reclaimed is an estimate: 1 µs, as one core frees some 4 GB/s of clean pages of files.
 *
 * Packets, on the same machine: datagrams of 18 bytes sent by one task as fast as it can, with all of their way on its CPU,
 * took 2,800 ns by lo; 3,588 by a veth pair; 5,453 by two pairs and a bridge; 4,996 by two pairs and a router; with a rule in
 * FORWARD 247 more, with 100 rules more 115; with masquerading 1,317 more. 1,400 bytes cost no more than 18. So a pair costs
 * 788, a bridge 1,077 and a router 620 beside it: what P. Emmerich et al. (CloudNet 2014) found as 1.11 and 1.58 million
 * packets a second on one core. How lo's 2,800 are shared between sender and receiver, and masquerading's between hooks and
 * look-ups, is an estimate; so is a merged segment: about a tenth of one by itself.
 */
export const measuredCosts: Costs = {
  call: 143,
  path: 640,
  page: 400,
  reclaim: 1000,
  fork: 150_000,
  execve: 500_000,
  exit: 50_000,
  contextSwitch: 2500,
  namespace: 40_000,
  network: 870_000,
  packetSend: 1350,
  packetHop: 788,
  packetDeliver: 1300,
  packetMerge: 150,
  packetForward: 620,
  packetBridge: 1077,
  filterHook: 120,
  filterRule: 1.2,
  filterLookup: 400,
};
