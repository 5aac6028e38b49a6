import type { Signal, Activity } from "../../core/index.js";
import type { Cgroup } from "../cgroup/cgroup.js";

/** A task as the page cache sees it: its group pays for pages, and it waits for disks. */
export interface PageUser {
  readonly cgroup: Cgroup;
  /** Pages that it has taken since it last left the kernel. */
  chargedPages: number;
  /** Waits, and no signal ends it. @param place the kernel's function that does, as /proc/PID/wchan has it */
  waitForDisk(signal: Signal<unknown>, place: string): Activity<unknown>;
}
