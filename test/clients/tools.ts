import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "vitest";

/** The programs that these suites run, and the Debian package that has each. */
const packages = {
  "qemu-img": "qemu-utils",
  "qemu-io": "qemu-utils",
  "qemu-nbd": "qemu-utils",
  fdisk: "fdisk",
  sfdisk: "fdisk",
  "mkfs.ext4": "e2fsprogs",
  dumpe2fs: "e2fsprogs",
  e2fsck: "e2fsprogs",
  debugfs: "e2fsprogs",
  dtc: "device-tree-compiler",
  "mkfs.vfat": "dosfstools",
  mcopy: "mtools",
  "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf",
  "riscv64-unknown-elf-as": "binutils-riscv64-unknown-elf",
  "riscv64-unknown-elf-ld": "binutils-riscv64-unknown-elf",
  "riscv64-unknown-elf-objdump": "binutils-riscv64-unknown-elf",
  "gdb-multiarch": "gdb-multiarch",
  "qemu-riscv64": "qemu-user",
  tcpdump: "tcpdump",
  etcdctl: "etcd-client",
  "iptables-legacy-restore": "iptables",
  "iptables-legacy-save": "iptables",
  unshare: "util-linux",
  tar: "tar",
  skopeo: "skopeo",
  umoci: "umoci",
} as const;

export type Tool = keyof typeof packages;

/** Debian keeps disk tools where an ordinary user's PATH doesn't lead. */
const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];

function find(tool: Tool): string | undefined {
  return folders
    .map((folder) => join(folder, tool))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Skips the test where a program is missing, and says which Debian package has it. */
export function needs(context: TestContext, ...tools: readonly Tool[]): void {
  const missing = tools.filter((tool) => find(tool) === undefined);
  const install = [...new Set(missing.map((tool) => packages[tool]))].join(" ");
  context.skip(missing.length > 0, `${missing.join(", ")} not found: apt-get install ${install}`);
}

/** Skips the test where a file is missing; `files` names each one's Debian package. */
export function needsFiles(context: TestContext, files: Readonly<Record<string, string>>): void {
  const missing = Object.keys(files).filter((path) => !existsSync(path));
  const install = [...new Set(missing.map((path) => files[path]))].join(" ");
  context.skip(missing.length > 0, `${missing.join(", ")} not found: apt-get install ${install}`);
}

/** Runs a program to its end and gives what it printed. An exit code other than 0 is an error with its words. */
export function run(tool: Tool, ...args: readonly string[]): string {
  return execFileSync(pathOf(tool), args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** As `run`, with text on its standard input. */
export function feed(tool: Tool, input: string, ...args: readonly string[]): string {
  return execFileSync(pathOf(tool), args, { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"] });
}

export function pathOf(tool: Tool): string {
  const path = find(tool);
  if (path === undefined) throw new Error(`${tool} is missing; the test should have been skipped`);
  return path;
}
