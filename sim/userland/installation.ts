import type { Activity } from "../core/index.js";
import { attempt, executable, O_CREAT, O_TRUNC, O_WRONLY, type Kernel, type Program, type Sys } from "../os/index.js";
import { encode } from "./program/encoding.js";
import { writeAll } from "./program/streams.js";
import { programs } from "./programs.js";
import { servers } from "./servers/index.js";

/** A file of a root file system. */
interface RootFile {
  readonly path: string;
  /** With the type where it is no regular file: 0o040000 for a directory, 0o120000 for a link. */
  readonly mode: number;
  readonly content: Uint8Array;
}

const text = (path: string, content: string, mode = 0o644): RootFile => ({ path, mode, content: encode(content) });

/** /etc as Debian has it, as far as programs here look at it. */
const configuration: readonly RootFile[] = [
  text(
    "/etc/passwd",
    `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
user:x:1000:1000::/home/user:/bin/sh
`,
  ),
  text(
    "/etc/group",
    "root:x:0:\ndaemon:x:1:\ntty:x:5:\ndisk:x:6:\nwww-data:x:33:\nusers:x:100:\nnogroup:x:65534:\nuser:x:1000:\n",
  ),
  text("/etc/hosts", "127.0.0.1\tlocalhost\n"),
  text(
    "/etc/os-release",
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
  ),
];

/** Where programs lie that an administrator uses. */
const sbin = new Set([
  "chroot",
  "pivot_root",
  "capsh",
  "ip",
  "iptables",
  "iptables-save",
  "iptables-restore",
  "sysctl",
]);

/** The path of a program: /usr/bin, with /bin a link to it, as Debian has it since 12. */
const programPath = (name: string): string => `/usr/${sbin.has(name) ? "sbin" : "bin"}/${name}`;

/**
 * The files of a root file system with this userland, parents before children.
 * @param machine for which processor the executables are, as uname(2) names it
 */
function rootFiles(machine: string, only?: readonly string[]): readonly RootFile[] {
  const names = only ?? programs.map(({ name }) => name);
  const directory = (path: string, mode = 0o755): RootFile => ({
    path,
    mode: 0o040000 | mode,
    content: new Uint8Array(0),
  });
  return [
    ...["/usr", "/usr/bin", "/usr/sbin", "/etc", "/home", "/var", "/var/log"].map((path) => directory(path)),
    directory("/tmp", 0o1777),
    ...names.map((name) => ({ path: programPath(name), mode: 0o755, content: executable(name, machine) })),
    ...configuration,
  ];
}

/** Makes the programs known to a kernel: executables that name them run them. */
export function installPrograms(kernel: Kernel, more: readonly Program<Sys>[] = []): void {
  for (const program of [...programs, ...servers, ...more]) kernel.install(program);
}

/** Writes the userland's files into a root file system that has only directories, /bin and /sbin as links. */
export function* writeRoot(sys: Sys, root = ""): Activity<undefined> {
  const { machine } = yield* sys.uname();
  for (const { path, mode, content } of rootFiles(machine)) {
    const place = root + path;
    if ((mode & 0o040000) !== 0) yield* attempt(sys.mkdir(place, mode & 0o7777));
    else {
      const fd = yield* sys.open(place, O_CREAT | O_WRONLY | O_TRUNC, mode & 0o7777);
      yield* writeAll(sys, fd, content);
      yield* sys.close(fd);
    }
  }
  for (const name of ["bin", "sbin"]) {
    yield* attempt(sys.rmdir(`${root}/${name}`));
    yield* attempt(sys.symlink(`usr/${name}`, `${root}/${name}`));
  }
  yield* attempt(sys.mkdir(`${root}/home/user`, 0o755));
  yield* attempt(sys.chown(`${root}/home/user`, 1000, 1000));
  return undefined;
}

/**
 * Puts the userland's files into a kernel's root file system as if they had been there when it booted: no task does it, no time
 * passes, and no pid is used. Afterwards it is as `writeRoot` leaves it.
 */
export function furnish(kernel: Kernel): void {
  installPrograms(kernel);
  const { caller } = kernel;
  const owner = { uid: 0, gid: 0 };
  const make = (path: string, mode: number, content: Uint8Array, target = ""): void => {
    const names = path.split("/").slice(1);
    const name = names.pop() ?? "";
    const directory = names.reduce((at, part) => at.lookup(part, caller) ?? at, kernel.root.inode);
    const there = directory.lookup(name, caller);
    if (there !== undefined && (mode & 0o170000) === 0o120000) directory.remove(name, there.isDirectory, caller);
    else if (there !== undefined) {
      there.change({ mode: mode & 0o7777 });
      return;
    }
    const inode = directory.create(name, { mode, target, ...owner }, caller);
    if (content.length === 0) return;
    const channel = inode.open(O_WRONLY, caller);
    channel.write(caller, 0, content, true);
    channel.release?.();
  };
  const none = new Uint8Array(0);
  for (const { path, mode, content } of rootFiles(kernel.machine))
    make(path, (mode & 0o170000) === 0 ? 0o100000 | mode : mode, content);
  for (const name of ["bin", "sbin"]) make(`/${name}`, 0o120777, none, `usr/${name}`);
  make("/home/user", 0o040755, none);
  kernel.root.inode.lookup("home", caller)?.lookup("user", caller)?.change({ uid: 1000, gid: 1000 });
}
