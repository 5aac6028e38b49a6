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
  readonly pc?: Compiled;
  /** The same source as a program of Linux, for this computer's processor and for others. */
  readonly linux?: Readonly<Record<LinuxTarget, Compiled>>;
  /** The same source as WebAssembly, which exports `program`. */
  readonly wasm?: Readonly<Record<WasmKind, Compiled>>;
  /** How many times main() goes through it. */
  readonly times?: number;
}

type Compiled = { readonly program: string } | { readonly missing: string };

/** 64 and 32 bits of a PC, and RV64. */
export type LinuxTarget = "x86_64" | "i386" | "riscv64";

/** The program alone; and with what an exact translator to WebAssembly does besides for each access and block (checks.c). */
export type WasmKind = "WebAssembly" | "WebAssembly, checked";

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
  const { status, stderr } = spawnSync(
    compiler,
    ["-O2", "-ffreestanding", "-nostdlib", ...options, `-DTIMES=${times}`, ...macros, ...paths, "-o", to],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`${name} does not compile: ${stderr}`);
}

const linked = ["-static", "-Wl,--no-warn-rwx-segments"];
const riscv = ["-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany", "-ffixed-x31", ...linked];
const script = ["-T", join(sources, "guest.ld")];

/** Compiles the program of that name, to be gone through so many times. */
export function compiled(name: string, times = 1): Guest {
  const program = join(folder, `${name}-${times}.elf`);
  if (missing !== undefined) return { program, missing };
  compile(name, compiler, [...riscv, ...script], times, ["start.S", "board.c"], program);
  return { program };
}

/** The same with the hypervisor extension: the program in VS-mode, its addresses through Sv39 and Sv39x4, leaves of 4 KiB both. */
export function compiledForGuest(name: string, times = 1): Guest {
  const program = join(folder, `${name}-${times}-guest.elf`);
  if (missing !== undefined) return { program, missing };
  compile(name, compiler, [...riscv, "-DHYPERVISOR", ...script], times, ["start.S", "board.c"], program);
  return { program };
}

const pcCompiler = "gcc";
const pcMissing =
  process.arch === "x64" && spawnSync(pcCompiler, ["--version"]).status === 0
    ? undefined
    : `no ${pcCompiler} here that compiles for a PC`;

/** Of 32 bits; floating point by SSE2. */
const pc32 = ["-m32", "-march=pentium4", "-mfpmath=sse"];
/** What Debian's gcc does by itself beyond that. */
const plain = [
  ...["-fno-pic", "-no-pie", "-fno-stack-protector", "-fcf-protection=none", "-Wl,--build-id=none"],
  ...linked,
];

/** By which compiler and how, or why not. */
const linuxTargets: Readonly<Record<LinuxTarget, readonly [lack: string | undefined, string, readonly string[]]>> = {
  x86_64: [pcMissing, pcCompiler, plain],
  i386: [pcMissing, pcCompiler, [...pc32, ...plain]],
  // Nobody sets gp.
  riscv64: [missing, compiler, [...riscv, "-Wl,--no-relax"]],
};

const wasmCompiler = "clang";
const wasmLinker = "wasm-ld";
const wasmMissing =
  spawnSync(wasmLinker, ["--version"]).status === 0 &&
  spawnSync(wasmCompiler, ["--print-targets"], { encoding: "utf8" }).stdout.includes("wasm32")
    ? undefined
    : `no ${wasmCompiler} here that compiles to WebAssembly (Debian: clang, lld)`;

/** Inlined when it links. clang does not know gcc's attribute for calls that stay calls. */
const wasm = [
  ...["--target=wasm32", "-flto", "-fno-optimize-sibling-calls", "-Wno-unknown-attributes"],
  ...["-Wl,--no-entry", "-Wl,--export=program"],
];
const wasmKinds: Readonly<Record<WasmKind, readonly [options: readonly string[], files: readonly string[]]>> = {
  WebAssembly: [[], []],
  "WebAssembly, checked": [["-Xclang", "-fsanitize=thread", "-fsanitize-coverage=trace-pc"], ["wasm/checks.c"]],
};
export const wasmNames: readonly WasmKind[] = Object.keys(wasmKinds) as WasmKind[];

/** The same, and beside it for a PC of 32 bits, for Linux, and as WebAssembly. */
export function compiledForAll(name: string, times: number): Guest {
  const forLinux = (target: LinuxTarget): Compiled => {
    const [lack, by, options] = linuxTargets[target];
    if (lack !== undefined) return { missing: lack };
    const program = join(folder, `${name}-${times}.${target}.elf`);
    compile(name, by, options, times, ["linux/board.c"], program);
    return { program };
  };
  const asWasm = (kind: WasmKind): Compiled => {
    if (wasmMissing !== undefined) return { missing: wasmMissing };
    const [options, files] = wasmKinds[kind];
    const program = join(folder, `${name}-${files.length}.wasm`);
    compile(name, wasmCompiler, [...wasm, ...options], times, files, program);
    return { program };
  };
  const guest = {
    ...compiled(name, times),
    times,
    wasm: { WebAssembly: asWasm("WebAssembly"), "WebAssembly, checked": asWasm("WebAssembly, checked") },
    linux: { x86_64: forLinux("x86_64"), i386: forLinux("i386"), riscv64: forLinux("riscv64") },
  };
  if (pcMissing !== undefined) return { ...guest, pc: { missing: pcMissing } };
  const program = join(folder, `${name}-${times}.pc.elf`);
  const linker = ["-T", join(sources, "i386/guest.ld")];
  compile(name, pcCompiler, [...pc32, ...plain, ...linker], times, ["i386/start.S", "i386/board.c"], program);
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
