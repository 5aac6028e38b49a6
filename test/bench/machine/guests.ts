import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** What a machine executes from power-on, in files, so that any machine can be given it. */
export interface Guest {
  /** An ELF file. */
  readonly program: string;
  /** The firmware's second stage: then `program` is firmware. */
  readonly kernel?: string;
  /** What the console shows when it is done, where it doesn't switch off. */
  readonly until?: string;
  /** Why it isn't here. */
  readonly missing?: string;
}

const here = dirname(fileURLToPath(import.meta.url));
/** Beside this file, or beside what it was compiled from. */
const sources = [join(here, "guest"), join(here, "../../../../test/bench/machine/guest")].find(existsSync) ?? here;
const folder = mkdtempSync(join(tmpdir(), "bench-machine-"));
process.once("exit", () => {
  rmSync(folder, { recursive: true, force: true });
});

const compiler = "riscv64-unknown-elf-gcc";
const missing =
  spawnSync(compiler, ["--version"]).status === 0 ? undefined : `no ${compiler} here (Debian: gcc-riscv64-unknown-elf)`;

/** Compiles the program of that name. */
export function compiled(name: string): Guest {
  const program = join(folder, `${name}.elf`);
  if (missing !== undefined) return { program, missing };
  const target = [
    "-march=rv64gc",
    "-mabi=lp64d",
    "-mcmodel=medany",
    "-ffreestanding",
    "-ffixed-x31",
    "-nostdlib",
    "-static",
  ];
  const files = ["start.S", "board.c", `${name}.c`].map((file) => join(sources, file));
  const linker = ["-T", join(sources, "guest.ld"), "-Wl,--no-warn-rwx-segments"];
  const { status, stderr } = spawnSync(compiler, ["-O2", ...target, ...linker, ...files, "-o", program], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${name}.c does not compile: ${stderr}`);
  return { program };
}

/** Debian's OpenSBI, and U-Boot up to where it waits for a key. */
export function firmware(): Guest {
  const program = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.elf";
  const kernel = "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin";
  const lacking = [program, kernel].filter((path) => !existsSync(path));
  return {
    program,
    kernel,
    until: "Hit any key",
    ...(lacking.length === 0 ? {} : { missing: `no ${lacking.join(", ")} (Debian: opensbi, u-boot-qemu)` }),
  };
}

export const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(path));
