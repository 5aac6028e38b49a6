import { encodeUtf8 } from "../../core/index.js";
import { fileEntry, writeTar } from "../../userland/index.js";
import { FileTree } from "./filesystem.js";
import { alpineDatabase, debianDatabase } from "./packages/distribution.js";

/** Commands that busybox has, and Debian's coreutils and friends: each is a program of its name. */
const core = (
  "cat chgrp chmod chown cp date dd df dirname du echo env expr false head id ln ls mkdir mkfifo mknod mktemp mv nproc " +
  "printenv printf pwd readlink realpath rm rmdir seq sleep sort stat stty sync tail tee test touch tr true tty uname " +
  "uniq wc who whoami yes basename cut sha256sum md5sum timeout xargs find grep sed awk tar gzip gunzip ps kill hostname " +
  "free top mount umount dmesg"
).split(" ");
const network = "ip ping wget nc nslookup ifconfig netstat".split(" ");

/** /etc/passwd of an image: its usual lines, and more. */
export const passwd = (shell: string, more = ""): string =>
  `root:x:0:0:root:/root:${shell}\ndaemon:x:1:1:daemon:/usr/sbin:/sbin/nologin\n${more}nobody:x:65534:65534:nobody:/:/sbin/nologin\n`;
export const group = (more = ""): string => `root:x:0:\ndaemon:x:1:\ntty:x:5:\n${more}nogroup:x:65534:\n`;

/** Directories that every image has. */
function skeleton(tree: FileTree): FileTree {
  for (const name of "bin dev etc home lib mnt opt proc root/ run sbin srv sys tmp/ usr/bin usr/lib usr/sbin usr/local/bin var/lib var/log".split(
    " ",
  ))
    if (!name.endsWith("/")) tree.directory(name);
  return tree.directory("root", 0o700).directory("tmp", 0o1777).text("etc/hostname", "localhost\n");
}

/** Fills a layer up to the size that the real one has. */
export function upTo(tree: FileTree, path: string, size: number): FileTree {
  return tree.ballast(path, size - tree.size);
}

export function busybox(machine: string, mtime: number): FileTree {
  const tree = skeleton(new FileTree(machine, mtime))
    .programs("bin", ["sh", "busybox", ...core, ...network], 0)
    .text("etc/passwd", passwd("/bin/sh"))
    .text("etc/group", group());
  return upTo(tree, "lib/libc.so.6", 4_270_000);
}

export function alpine(machine: string, mtime: number): FileTree {
  const database = alpineDatabase(machine);
  const tree = skeleton(new FileTree(machine, mtime))
    .programs("bin", ["sh", "busybox", ...core], 0)
    .program("bin/ash", 0, "sh")
    .programs("sbin", ["apk", ...network], 0)
    .text("etc/passwd", passwd("/bin/ash", "nginx:x:100:101:nginx:/var/lib/nginx:/sbin/nologin\n"))
    .text("etc/group", group())
    .text("etc/alpine-release", "3.20.3\n")
    .text("etc/os-release", 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n')
    .text("etc/apk/repositories", "http://packages.virtlab/alpine/v3.20/main\n")
    .text("etc/apk/arch", `${machine}\n`)
    .text("etc/apk/world", database.world)
    .text("lib/apk/db/installed", database.installed)
    .text("lib/apk/db/triggers", database.triggers)
    .bytes(
      "lib/apk/db/scripts.tar",
      writeTar(database.scripts.map(([name, body]) => fileEntry(name, encodeUtf8(body), { mode: 0o755 }))),
    )
    .directory("var/cache/apk");
  return upTo(tree, "lib/ld-musl.so.1", 7_800_000);
}

interface Release {
  readonly id: string;
  readonly pretty: string;
  readonly version: string;
  readonly codename: string;
  readonly size: number;
}

export function debianLike(machine: string, mtime: number, { id, pretty, version, codename, size }: Release): FileTree {
  const database = debianDatabase(machine);
  const tree = skeleton(new FileTree(machine, mtime))
    .programs("usr/bin", [...core, "apt", "apt-cache", "apt-get", "dpkg", "dpkg-query", "perl"], 40_000)
    .program("usr/bin/dash", 125_000, "sh")
    .program("usr/bin/bash", 1_265_000, "sh")
    .program("bin/sh", 125_000)
    .program("bin/bash", 1_265_000, "sh")
    .link("bin/ls", "../usr/bin/ls")
    .link("bin/cat", "../usr/bin/cat")
    .text("etc/passwd", passwd("/bin/bash", "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n"))
    .text("etc/group", group("www-data:x:33:\n"))
    .text("etc/debian_version", "12.7\n")
    .text(
      "etc/os-release",
      `PRETTY_NAME="${pretty}"\nNAME="${pretty.split(" ")[0] ?? id}"\nVERSION_ID="${version}"\nVERSION_CODENAME=${codename}\nID=${id}\n`,
    )
    .text("etc/apt/sources.list", `deb [trusted=yes] http://packages.virtlab/${id} ${codename} main\n`)
    .text("var/lib/dpkg/status", database.status)
    .text("var/lib/apt/extended_states", "")
    .directory("var/lib/apt/lists")
    .directory("var/cache/apt/archives");
  for (const [name, list] of database.lists) tree.text(`var/lib/dpkg/info/${name}.list`, list);
  return upTo(tree, "usr/lib/libs.so", size);
}
