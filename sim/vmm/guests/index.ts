/**
 * guests: small kernels as source, each behind the least firmware that starts it in supervisor mode.
 *
 * firmware      what begins in machine mode, and print routines; kernel-guest: a source as a guest
 * sbi           firmware for a kernel that brings none
 * tiny          prints, computes, ends
 * timer         timer interrupts, and code that must not be interrupted
 * paging        page tables in all their kinds, faults
 * processes     two user processes, system calls, preemption
 * block         a virtio disk
 * flawed        kernels that use what makes an ISA flawed
 * ballooning    a driver for a balloon
 * writer        writes pages, as many and as often as one wants
 * monitor/      a monitor that has a guest itself; hypervisor/: one that uses the hypervisor extension
 * compute       innocuous instructions alone; trapping: privileged ones nearly alone
 * nanobenchmark  one privileged event, over and over; host-kernel: what a Type II monitor is a process of
 */
import { block } from "./block.js";
import { compute } from "./compute.js";
import { leaver, prober } from "./flawed.js";
import type { KernelGuest } from "./kernel-guest.js";
import { paging } from "./paging.js";
import { processes } from "./processes.js";
import { timer } from "./timer.js";
import { tiny } from "./tiny.js";
import { trapping } from "./trapping.js";

export { ballooning, type BallooningOptions } from "./ballooning.js";
export { writer, type WriterOptions } from "./writer.js";

export type { KernelGuest } from "./kernel-guest.js";

type GuestName = "tiny" | "timer" | "paging" | "processes" | "block" | "compute" | "trapping" | "prober" | "leaver";

/** The guests that there are, by their names. */
export const guests: Readonly<Record<GuestName, KernelGuest>> = {
  tiny,
  timer,
  paging,
  processes,
  block,
  compute,
  trapping,
  prober,
  leaver,
};
