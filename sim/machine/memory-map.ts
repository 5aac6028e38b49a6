/** Where things are, as in QEMU's `virt` board, for which firmware and kernels are built (`hw/riscv/virt.c`). */
export const memoryMap = {
  test: 0x10_0000,
  rtc: 0x10_1000,
  clint: 0x200_0000,
  plic: 0xc00_0000,
  uart: 0x1000_0000,
  virtio: 0x1000_1000,
  virtioStride: 0x1000,
  ram: 0x8000_0000,
} as const;

/** Which of the PLIC's sources a device's line is. */
export const interruptSource = {
  virtio: 1,
  uart: 10,
  rtc: 11,
} as const;

export const virtioPlaces = 8;

/** Of mtime. */
export const ticksPerSecond = 10_000_000;
export const nanosecondsPerTick: number = 1e9 / ticksPerSecond;
