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
  /** The same source for a PC of 32 bits, as a multiboot image, or why there is none. */
  readonly pc?: { readonly program: string } | { readonly missing: string };
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

/** Programs that a source makes by what its macros mean. */
const variants: Readonly<Record<string, { readonly source: string; readonly macros: readonly string[] }>> = {
  "matrix-integers": { source: "matrix", macros: ["-DNUMBER=uint32_t", "-DROUNDS=40"] },
  "matrix-doubles": { source: "matrix", macros: ["-DNUMBER=double", "-DROUNDS=10"] },
};

function compile(
  name: string,
  compiler: string,
  options: readonly string[],
  times: number,
  files: readonly string[],
  to: string,
): void {
  const { source, macros } = variants[name] ?? { source: name, macros: [] };
  const paths = [...files, `${source}.c`].map((file) => join(sources, file));
  const freestanding = ["-O2", "-ffreestanding", "-nostdlib", "-static", "-Wl,--no-warn-rwx-segments"];
  const { status, stderr } = spawnSync(
    compiler,
    [...freestanding, ...options, `-DTIMES=${times}`, ...macros, ...paths, "-o", to],
    {
      encoding: "utf8",
    },
  );
  if (status !== 0) throw new Error(`${name} does not compile: ${stderr}`);
}

/** Compiles the program of that name, to be gone through so many times. */
export function compiled(name: string, times = 1): Guest {
  const program = join(folder, `${name}-${times}.elf`);
  if (missing !== undefined) return { program, missing };
  const target = ["-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany", "-ffixed-x31"];
  compile(name, compiler, [...target, "-T", join(sources, "guest.ld")], times, ["start.S", "board.c"], program);
  return { program };
}

const pcCompiler = "gcc";
const pcMissing =
  process.arch === "x64" && spawnSync(pcCompiler, ["--version"]).status === 0
    ? undefined
    : `no ${pcCompiler} here that compiles for a PC`;

/** The same, and for a PC of 32 bits beside: its floating point by SSE2. */
export function compiledForBoth(name: string, times: number): Guest {
  const guest = compiled(name, times);
  if (pcMissing !== undefined) return { ...guest, pc: { missing: pcMissing } };
  const program = join(folder, `${name}-${times}.pc.elf`);
  const target = ["-m32", "-march=pentium4", "-mfpmath=sse"];
  // What Debian's gcc does by itself beyond that.
  const plain = ["-fno-pic", "-no-pie", "-fno-stack-protector", "-fcf-protection=none", "-Wl,--build-id=none"];
  const linker = ["-T", join(sources, "i386/guest.ld")];
  compile(name, pcCompiler, [...target, ...plain, ...linker], times, ["i386/start.S", "i386/board.c"], program);
  return { ...guest, pc: { program } };
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
