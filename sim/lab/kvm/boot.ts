import type { ExitCounts } from "./exit-costs.js";

/** A part of a guest's way up, or down, as work: what it executes, how often it comes to its monitor, what it touches. */
export interface BootPhase {
  readonly name: string;
  readonly instructions: number;
  readonly exits: ExitCounts;
  /** Bytes of the guest's memory that it touches first. */
  readonly touches: number;
}

/**
 * Debian's Linux 6.12.107 for riscv64 with busybox as its first file system, on the virtual machine of sim/vmm under hardware assist, with 128
 * MiB and OpenSBI 1.1 as its firmware: counted as it executed, to the firmware's last line, to "Run /init", and to the shell. Its 9,220 pages
 * that hold something by then are counted with the kernel, whose image most of them are.
 */
export const debianBoot: readonly BootPhase[] = [
  {
    name: "firmware",
    instructions: 7_567_497,
    exits: { "CSR access": 279, "counter read": 1, "return from trap": 4, exception: 4, "device access": 3385 },
    touches: 0,
  },
  {
    name: "kernel",
    instructions: 887_034_380,
    exits: { "CSR access": 1216, "return from trap": 95, "supervisor call": 94, "device access": 23_625 },
    touches: 9220 * 4096,
  },
  { name: "init", instructions: 64_445_139, exits: { "device access": 304 }, touches: 0 },
];

/** The same guest's `poweroff -f`, from the key to the power's end. */
export const debianPowerOff: BootPhase = {
  name: "power-off",
  instructions: 6_495_116,
  exits: { "device access": 210, "nested fill": 93 },
  touches: 0,
};
