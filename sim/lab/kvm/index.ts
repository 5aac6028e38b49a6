/**
 * kvm: virtual machines on a simulated Linux, with a simulated Linux in each, beside its containers.
 *
 * virtual-linux   the virtual machine: a process of the host that boots a guest
 * virtual-cpus    its CPUs are threads of the host: steal time
 * virtio-drive, virtio-cable   its disks and its card: where a request's exits and the host's work for it are paid
 * interrupt       work for a CPU before its tasks
 * exit-costs      what leaving a guest costs: exits counted in real guests of sim/vmm, prices of its model
 * boot            a guest's boot as work: counted while Debian's Linux executed under sim/vmm
 *
 * Simplified: one queue for each device, no coalescing of interrupts, no ballooning; what a guest lets go of stays its own. Exits are those of
 * a virtio device by registers (virtio-mmio), whose handler's accesses all trap.
 */
export type { BootPhase } from "./boot.js";
export { usualProcessor, type ExitCounts, type ProcessorOptions } from "./exit-costs.js";
export { VirtualLinux, type KvmOptions, type MonitorName } from "./virtual-linux.js";
