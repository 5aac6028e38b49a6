import type { World } from "../core/index.js";
import type { Costs, CpuSource, NetworkCard } from "./machine.js";
import type { DiskSpeed } from "./block/block-disk.js";
import type { KernelFlaw } from "./security/flaws.js";
import type { FileSystem } from "./vfs/inode.js";

export interface KernelOptions {
  readonly world: World;
  readonly hostname: string;
  readonly cpus: CpuSource | number;
  /** In bytes. */
  readonly memory: number;
  /** How fast /dev/vda is, which the root file system lies on; undefined takes no time but what io.max asks. */
  readonly disk: DiskSpeed | undefined;
  /** The processor, as uname(2) names it: executables are made for one. */
  readonly machine: string;
  /** A version, as uname(2) gives it: calls that are younger fail with ENOSYS. */
  readonly release: string;
  /** Mistakes that it has. */
  readonly flaws: readonly KernelFlaw[];
  readonly costs: Costs;
  /** Time of day at the world's beginning, in nanoseconds since 1970. */
  readonly bootTime: number;
  /** The root file system; an empty tmpfs with the usual directories where absent. */
  readonly root: FileSystem | undefined;
  /** Whether it has a network at all; without one there are only sockets of AF_UNIX. */
  readonly network: boolean;
  /** Network cards: eth0 and on, in this order. More may be plugged in by `plug`. */
  readonly cards: readonly NetworkCard[];
}
