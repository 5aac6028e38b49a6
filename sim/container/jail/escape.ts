import { BsdError } from "./errno.js";
import type { FreeBsdSys } from "./table.js";

/** What root does to get out of where it is. */
export interface EscapeAttempt {
  readonly name: string;
  /** Who says no to a jail's root, or what leads nowhere. */
  readonly mechanism: string;
  /** Tries it. @returns whether it has reached the host; @throws BsdError where it was refused */
  attempt(sys: FreeBsdSys, target: EscapeTarget): boolean;
}

/** What there is to be reached: something of the host's that is nowhere inside. */
export interface EscapeTarget {
  /** A path below the host's root, without the leading slash, that nothing inside has. */
  readonly file: string;
  /** Text that is in it. */
  readonly secret: string;
  /** A process of the host's. */
  readonly pid: number;
  /** A descriptor of the host's root directory, which the process was started with: undefined where it was closed on the way in. */
  readonly leaked: number | undefined;
}

const text = (bytes: Uint8Array): string => bytes.reduce((sum, byte) => sum + String.fromCharCode(byte), "");
const reads = (sys: FreeBsdSys, path: string, secret: string): boolean =>
  text(sys.read(sys.open(path))).includes(secret);
const upwards = (file: string): string => `${"../".repeat(12)}${file}`;

/** The attempts: the same calls are made under a bare chroot(2) and in a jail. */
export const escapeAttempts: readonly EscapeAttempt[] = [
  {
    name: "a path full of ..",
    mechanism: "namei: .. ends at the root",
    attempt: (sys, { file, secret }) => reads(sys, upwards(file), secret),
  },
  {
    name: "fchdir to a directory that was opened before",
    mechanism: "jail(8) closes descriptors (closefrom)",
    attempt(sys, { file, secret, leaked }) {
      sys.fchdir(leaked ?? 99);
      return reads(sys, file, secret);
    },
  },
  {
    name: "chroot below, fchdir back, then ..",
    mechanism: "chroot(2) refuses with open directories; .. ends at the prison's root",
    attempt(sys, { file, secret }) {
      const directory = sys.open(".");
      sys.mkdir("/tmp/below");
      sys.chroot("/tmp/below");
      sys.fchdir(directory);
      return reads(sys, upwards(file), secret);
    },
  },
  {
    name: "ptrace a process of the host",
    mechanism: "prison_check",
    attempt(sys, { pid, secret }) {
      sys.ptrace("PT_ATTACH", pid);
      return text(sys.ptrace("PT_READ_D", pid)).includes(secret);
    },
  },
  {
    name: "kill a process of the host",
    mechanism: "prison_check",
    attempt(sys, { pid }) {
      sys.kill(pid, 0);
      return true;
    },
  },
  {
    name: "mount devfs, read the disk",
    mechanism: "prison_priv_check: VFS_MOUNT",
    attempt(sys, { secret }) {
      sys.nmount({ fstype: "devfs", fspath: "/mnt" });
      return reads(sys, "/mnt/ada0", secret);
    },
  },
  {
    name: "open the disk in /dev",
    mechanism: "devfs ruleset 4",
    attempt: (sys, { secret }) => reads(sys, "/dev/ada0", secret),
  },
  {
    name: "make a device node",
    mechanism: "prison_priv_check: VFS_MKNOD_DEV",
    attempt(sys) {
      sys.mknodat("/tmp/ada0");
      return true;
    },
  },
  {
    name: "open a raw socket",
    mechanism: "prison_priv_check: NETINET_RAW",
    attempt(sys) {
      sys.socket("AF_INET", "SOCK_RAW");
      return true;
    },
  },
  {
    name: "take the host's address",
    mechanism: "prison_local_ip4",
    attempt(sys) {
      const socket = sys.socket("AF_INET", "SOCK_STREAM");
      sys.bind(socket, "192.0.2.10", 2222);
      return true;
    },
  },
  {
    name: "load a kernel module",
    mechanism: "prison_priv_check: KLD_LOAD",
    attempt(sys) {
      sys.kldload("rootkit");
      return true;
    },
  },
  {
    name: "set the clock",
    mechanism: "prison_priv_check: CLOCK_SETTIME",
    attempt(sys) {
      sys.settimeofday(sys.gettimeofday() + 3600);
      return true;
    },
  },
  {
    name: "change a setting of the kernel",
    mechanism: "prison_priv_check: SYSCTL_WRITE",
    attempt(sys) {
      sys.__sysctl("kern.maxproc", 5000);
      return true;
    },
  },
  {
    name: "read the host's shared memory",
    mechanism: "sysvshm: the jail has none, or its own",
    attempt: (sys, { secret }) => text(sys.shmget(42)).includes(secret),
  },
  {
    name: "reboot",
    mechanism: "prison_priv_check: REBOOT",
    attempt(sys) {
      sys.reboot();
      return true;
    },
  },
];

/** How an attempt came out: "out", or what stopped it. */
export function tryEscape(sys: FreeBsdSys, way: EscapeAttempt, target: EscapeTarget): string {
  try {
    return way.attempt(sys, target) ? "out" : "reached nothing";
  } catch (error) {
    if (error instanceof BsdError) return error.code;
    throw error;
  }
}
