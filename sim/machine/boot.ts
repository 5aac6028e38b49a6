import { UsageError, type Rng } from "../core/index.js";
import type { Board } from "./board.js";
import { deviceTree } from "./device-tree.js";
import type { Isa } from "./instructions/index.js";
import type { Image } from "./image/image.js";
import { endOf, loadImage, readImage, type Executable } from "./image/load.js";
import { memoryMap } from "./memory-map.js";

export interface BootSpec {
  readonly isa: Isa;
  readonly memory: number;
  readonly program: Executable | null;
  readonly firmware: Executable | null;
  readonly kernel: Executable | null;
  readonly initrd: Uint8Array | null;
  readonly append: string;
}

/** Where kernels expect to lie behind the firmware, as QEMU loads them. */
const kernelOffset = 0x20_0000;
const mebibyte = 2 ** 20;

/** What lies in memory at power-on, and with what the harts begin. */
export interface Boot {
  /** Programs with their symbols, firmware first. */
  readonly images: readonly Image[];
  /** Puts it there. */
  load(board: Board): void;
}

/**
 * Plans what is in memory at power-on. A program alone begins in machine mode. With firmware, that begins, and is told where the
 * kernel is by OpenSBI's `struct fw_dynamic_info` in a2. In all cases a0 is the hart's number and a1 the device tree, 0 where
 * there is no room for it. Left out: the reset vector in ROM that sets these registers on real boards.
 * Sources: OpenSBI `docs/firmware/fw_dynamic.md` and `include/sbi/fw_dynamic.h`; Linux `Documentation/arch/riscv/boot.rst`;
 * places as in QEMU 7.2 `hw/riscv/boot.c`.
 * @throws UsageError for programs that contradict one another, cannot be read or don't fit
 */
export function planBoot(spec: BootSpec, random: Rng): Boot {
  const { ram } = memoryMap;
  checkTogether(spec);
  const first = spec.firmware ?? spec.program;
  const firmware =
    first === null ? undefined : readImage(spec.firmware === null ? "program" : "firmware", first, ram, ram);
  const kernel = spec.kernel === null ? undefined : readImage("kernel", spec.kernel, ram + kernelOffset, ram);
  const images = [firmware, kernel].filter((image) => image !== undefined);
  const end = Math.max(ram, ...images.map(endOf));
  checkApart(images);

  const initrd = placeInitrd(spec, end);
  const seed = Uint8Array.from({ length: 32 }, () => random.uint32() & 0xff);
  const makeTree = (harts: number): Uint8Array =>
    deviceTree({
      harts,
      isa: `${spec.isa.name}_sstc`,
      memory: spec.memory,
      append: spec.append,
      initrd: initrd === undefined ? undefined : { start: initrd.address, end: initrd.address + initrd.size },
      seed,
    });

  return {
    images,
    load(board) {
      const tree = makeTree(board.harts.length);
      const parts = initrd === undefined ? [] : [{ name: "initrd", segments: [initrd], entry: 0n, symbols: [] }];
      for (const image of [...images, ...parts]) loadImage(board.bus, image);
      const info = dynamicInfo(kernel?.entry ?? 0n);
      // Firmware reads the info by words of 64 bits.
      const room = Math.ceil(tree.length / 8) * 8;
      const treeAt = placeTree(spec.memory, room + info.length);
      const top = initrd === undefined ? end : initrd.address + initrd.size;
      const fits = treeAt >= top;
      if (!fits && spec.firmware !== null) {
        throw new UsageError(
          "the machine has no memory left for its device tree",
          `Give it more: memory: MiB(${Math.ceil((top - ram) / mebibyte) + 4}).`,
        );
      }
      const infoAt = treeAt + room;
      if (fits) {
        for (const [address, bytes] of [
          [treeAt, tree],
          [infoAt, info],
        ] as const) {
          board.bus.bytes(address, bytes.length)?.set(bytes);
          board.bus.written(address, bytes.length);
        }
      }
      for (const hart of board.harts) {
        hart.pc = firmware?.entry ?? BigInt(ram);
        hart.setX(10, BigInt(hart.id));
        hart.setX(11, fits ? BigInt(treeAt) : 0n);
        hart.setX(12, fits && spec.firmware !== null ? BigInt(infoAt) : 0n);
      }
    },
  };
}

function checkTogether({ program, firmware, kernel, initrd }: BootSpec): void {
  if (program !== null && (firmware !== null || kernel !== null)) {
    throw new UsageError(
      "a machine begins with a program or with firmware, not with both",
      "Give the program as the kernel, which the firmware starts, or take the firmware away.",
    );
  }
  if (kernel !== null && firmware === null) {
    throw new UsageError(
      "a kernel needs firmware under it",
      "Give { firmware }: OpenSBI's fw_dynamic.bin, which Debian's package \"opensbi\" has.",
    );
  }
  if (initrd !== null && kernel === null) {
    throw new UsageError(
      "an initrd is for a kernel, and there is none",
      "Give { kernel } too, or take the initrd away.",
    );
  }
}

/** Firmware and kernel must not lie over one another. */
function checkApart(images: readonly Image[]): void {
  const parts = images.flatMap(({ name, segments }) => segments.map((segment) => ({ name, ...segment })));
  for (const [index, a] of parts.entries()) {
    const b = parts
      .slice(index + 1)
      .find((other) => other.address < a.address + a.size && a.address < other.address + other.size);
    if (b === undefined) continue;
    throw new UsageError(
      `the ${a.name} and the ${b.name} both go to 0x${Math.max(a.address, b.address).toString(16)}`,
      "Link one of them elsewhere.",
    );
  }
}

/** Behind the kernel, half into RAM or 128 MiB, whichever is less. */
function placeInitrd(
  { initrd, memory }: BootSpec,
  end: number,
): { address: number; bytes: Uint8Array; size: number } | undefined {
  if (initrd === null) return undefined;
  const wanted = memoryMap.ram + kernelOffset + Math.min(memory / 2, 128 * mebibyte);
  const address = Math.ceil(Math.max(wanted, end) / 4096) * 4096;
  return { address, bytes: initrd, size: initrd.length };
}

/** At the end of RAM, at 2 MiB where there are so many; below 3 GiB, where all can address it. */
function placeTree(memory: number, size: number): number {
  const { ram } = memoryMap;
  const grain = memory >= 4 * mebibyte ? 2 * mebibyte : 8;
  const end = Math.min(ram + memory, 3 * 1024 * mebibyte);
  return Math.floor((end - size) / grain) * grain;
}

/** `struct fw_dynamic_info`: magic, version, where the next stage is, its mode (S), options, the hart that boots. */
function dynamicInfo(next: bigint): Uint8Array {
  return new Uint8Array(BigInt64Array.of(0x4942534fn, 2n, next, 1n, 0n, 0n).buffer);
}
