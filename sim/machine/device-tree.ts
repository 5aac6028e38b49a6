import { plicSources } from "./devices/plic.js";
import { cells64, flatten, type PropertyValue, type TreeNode } from "./fdt.js";
import { interruptSource, memoryMap, ticksPerSecond, virtioPlaces } from "./memory-map.js";

/** What a device tree says of a machine besides what every machine has. */
export interface TreeSpec {
  readonly harts: number;
  /** As in RISC-V's naming convention: `rv64imac_zicsr_zifencei`. */
  readonly isa: string;
  readonly memory: number;
  /** The kernel's command line. */
  readonly append: string;
  /** Where an initial RAM disk lies. */
  readonly initrd: { readonly start: number; readonly end: number } | undefined;
  /** Entropy for the kernel's first random numbers. */
  readonly seed: Uint8Array;
}

/** Interrupts by their numbers in mip. */
const line = { softwareM: 3, timerM: 7, externalS: 9, externalM: 11 } as const;
/** The UART's clock divided by 16 is its highest rate; QEMU's number. */
const uartClock = 3_686_400;

/** Phandles: the nodes that others point at. */
const phandle = { plic: 1, test: 2, hart: 3 } as const;

function node(name: string, properties: Readonly<Record<string, PropertyValue>>, ...children: TreeNode[]): TreeNode {
  return { name, properties, children };
}

function placed(name: string, at: number, size: number, properties: Readonly<Record<string, PropertyValue>>): TreeNode {
  return node(`${name}@${at.toString(16)}`, { ...properties, reg: [...cells64(at), ...cells64(size)] });
}

/** A device that interrupts through the PLIC. */
function interrupting(source: number): Readonly<Record<string, PropertyValue>> {
  return { interrupts: [source], "interrupt-parent": [phandle.plic] };
}

/**
 * The flattened device tree of a machine, by which firmware and kernels find what there is.
 * Sources: Devicetree Specification 0.4; the bindings are those of Linux's `Documentation/devicetree/bindings` for each
 * `compatible`.
 */
export function deviceTree(spec: TreeSpec): Uint8Array<ArrayBuffer> {
  const harts = Array.from({ length: spec.harts }, (_, hart) => hart);
  const lines = (...numbers: number[]): number[] =>
    harts.flatMap((hart) => numbers.flatMap((number) => [phandle.hart + hart, number]));

  const cpus = node(
    "cpus",
    { "#address-cells": [1], "#size-cells": [0], "timebase-frequency": [ticksPerSecond] },
    ...harts.map((hart) =>
      node(
        `cpu@${hart.toString(16)}`,
        {
          device_type: "cpu",
          reg: [hart],
          status: "okay",
          compatible: "riscv",
          "riscv,isa": spec.isa,
          "riscv,isa-base": "rv64i",
          "riscv,isa-extensions": extensionsOf(spec.isa),
          "mmu-type": "riscv,sv39",
        },
        node("interrupt-controller", {
          "#interrupt-cells": [1],
          "#address-cells": [0],
          "interrupt-controller": true,
          compatible: "riscv,cpu-intc",
          phandle: [phandle.hart + hart],
        }),
      ),
    ),
  );

  const virtio = Array.from({ length: virtioPlaces }, (_, place) =>
    placed("virtio_mmio", memoryMap.virtio + place * memoryMap.virtioStride, memoryMap.virtioStride, {
      compatible: "virtio,mmio",
      ...interrupting(interruptSource.virtio + place),
    }),
  );
  const soc = node(
    "soc",
    { "#address-cells": [2], "#size-cells": [2], compatible: "simple-bus", ranges: true },
    placed("test", memoryMap.test, 0x1000, {
      compatible: ["sifive,test1", "sifive,test0", "syscon"],
      phandle: [phandle.test],
    }),
    placed("rtc", memoryMap.rtc, 0x1000, {
      compatible: "google,goldfish-rtc",
      ...interrupting(interruptSource.rtc),
    }),
    placed("clint", memoryMap.clint, 0x10000, {
      compatible: ["sifive,clint0", "riscv,clint0"],
      "interrupts-extended": lines(line.softwareM, line.timerM),
    }),
    placed("plic", memoryMap.plic, 0x600000, {
      compatible: ["sifive,plic-1.0.0", "riscv,plic0"],
      "#interrupt-cells": [1],
      "#address-cells": [0],
      "interrupt-controller": true,
      "interrupts-extended": lines(line.externalM, line.externalS),
      "riscv,ndev": [plicSources],
      phandle: [phandle.plic],
    }),
    placed("serial", memoryMap.uart, 0x100, {
      compatible: "ns16550a",
      "clock-frequency": [uartClock],
      ...interrupting(interruptSource.uart),
    }),
    ...virtio,
  );

  const chosen: Record<string, PropertyValue> = {
    bootargs: spec.append,
    "stdout-path": `/soc/serial@${memoryMap.uart.toString(16)}`,
    "rng-seed": spec.seed,
  };
  if (spec.initrd !== undefined) {
    chosen["linux,initrd-start"] = cells64(spec.initrd.start);
    chosen["linux,initrd-end"] = cells64(spec.initrd.end);
  }

  return flatten(
    node(
      "",
      { "#address-cells": [2], "#size-cells": [2], compatible: "riscv-virtio", model: "virtlab,virt" },
      node("chosen", chosen),
      node(`memory@${memoryMap.ram.toString(16)}`, {
        device_type: "memory",
        reg: [...cells64(memoryMap.ram), ...cells64(spec.memory)],
      }),
      cpus,
      soc,
      syscon("poweroff", 0x5555),
      syscon("reboot", 0x7777),
    ),
  );
}

/** Power-off and reboot by a store to the finisher. */
function syscon(what: "poweroff" | "reboot", value: number): TreeNode {
  return node(what, { compatible: `syscon-${what}`, regmap: [phandle.test], offset: [0], value: [value] });
}

/** `rv64imac_zicsr` → i, m, a, c, zicsr. */
function extensionsOf(isa: string): string[] {
  const [letters = "", ...names] = isa.replace(/^rv64/, "").split("_");
  return [...Array.from(letters), ...names];
}
