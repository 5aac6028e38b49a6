/**
 * os: a simulated Linux. Its programs are generators, its system calls, file systems, namespaces and control groups are
 * Linux's own in names, rules and errors.
 *
 * Glossary
 *   task        a process, with one thread; it has a state, a parent, credentials, and frames of activities that it runs
 *   program     `function* main(sys, argv, env)`: it makes system calls by `yield* sys.open(…)`, and its return is its exit
 *   sys         the system calls of one task; an error is thrown as `Errno` where the program called
 *   debt        work that a task has to do on a CPU before it goes on: what its calls and computing cost
 *   interposer  `(call, next) => outcome`, between programs and the kernel: strace, a sandbox; seccomp has its own place
 *   inode       a file as its file system knows it; a *place* is an inode seen through a mount; a *channel* is an inode opened
 *   mount       a file system, or a part, in a namespace's tree; *peers* and *slaves* receive each other's mount events
 *   kernel id   a user's or group's id in the initial user namespace: what inodes and credentials hold
 *   cgroup      a control group: tasks that share CPU time, memory, disks and a number of pids
 *   batch       pages of a file that lie beside each other and age together; a *page user* is a task as the page cache sees it
 *
 * The way of a call: `sys.NAME` → perform (cost) → interposers → seccomp → handler → a value, or an activity that waits.
 * What doesn't wait is done at once, without an event of the engine: a task runs ahead of the clock until its debt comes
 * to 100 µs or it waits; then a CPU works the debt off, and the task goes on. A wait is a signal of sim/core; a signal
 * (7) that has a handler ends it with EINTR, or has the call begin again.
 *
 * kernel          boots, holds what all tasks share; machine: where CPUs come from and what the kernel's work costs
 * root            the root file system and what is mounted first
 * task/           task (state), execution (how it goes on), waiting, signals and their sending, clone, execve, exit, memory, groups
 * syscall/        table (perform, Sys, the rows), handlers by what they are about, what is absent, what is younger than a release (since)
 * scheduler/      who runs: entities and groups, shares, cpu.max, allowed CPUs; queue: who is next
 * memory/         pages of files: page-cache, lru (batches by their use), aging (what moves them), reclaim, writeback; page-user
 * block/          disks: block-disk (its queue), disk-use (what a group did and may do with one), io-limits (the same up the hierarchy)
 * vfs/            inodes, content, mounts, propagation, resolution of paths, permissions, descriptors; tmpfs, overlay/,
 *                 pseudo (made-up files), devices, block-devices (drives of sim/storage)
 * ipc/            pipes, Unix sockets, event counters, timers, signals as files, epoll; tty/: terminals; wait-queue: where tasks wait
 * namespace/      the eight kinds; unsharing: new ones
 * cgroup/         groups, their files (by controller), who is in them; device-rules: what they may do with devices; high: memory.high;
 *                 pressure: time lost for want of something
 * security/       credentials, capabilities, seccomp filters; flaws: mistakes that a kernel may be given; take-over: what follows
 * proc/           proc and sysfs; file-systems: what mount(2) knows
 * network/        where sim/net and this room meet: sockets as files, interfaces by netlink, packets' work on CPUs, getaddrinfo
 * view/           processes, mounts, namespaces, cgroups, system calls as views; strace
 *
 * Sources: the man pages named where they count; Documentation/filesystems/overlayfs.rst,
 * Documentation/admin-guide/cgroup-v2.rst; the kernel's source where these are silent.
 */
export { E, Errno } from "./errno.js";
export * from "./flags.js";
export { Kernel } from "./kernel.js";
export type { KernelOptions } from "./kernel-options.js";
export type { DiskSpeed } from "./block/block-disk.js";
export type { CpuSource, NetworkCard, Run } from "./machine.js";
export { attempt, systemCallTable, type ChildBody, type Sys } from "./syscall/table.js";
export { isActivity, type SystemCallInterposer } from "./syscall/interposer.js";
export { getaddrinfo, getnameinfo, type NameError } from "./network/getaddrinfo.js";
export { askServers, resolverSettings, type ResolverSettings } from "./network/resolver.js";
export { netlink } from "./network/netlink-request.js";
export type {
  AddressRow,
  LinkRow,
  NeighbourRow,
  NetlinkRequest,
  RouteRow,
  SocketRow,
} from "./network/rtnetlink-messages.js";
export type { NetworkAddress } from "./network/socket.js";
export { EPOLLET, EPOLLONESHOT } from "./ipc/epoll.js";
export { executable, type Program } from "./task/program.js";
export { describeStatus, signalNumbers, type SignalName } from "./task/signals.js";
export { allCapabilities, capabilityNames, CapabilitySet, noCapabilities } from "./security/capabilities.js";
export type { Filter } from "./security/seccomp.js";
export type { DeviceRule } from "./cgroup/device-rules.js";
export type { Channel } from "./vfs/inode.js";
export { Strace } from "./view/strace.js";
export {
  cgroupTable,
  mountTable,
  namespaceTable,
  processTable,
  processTree,
  systemCallView,
} from "./view/system-views.js";
export { mappedFiles, type MappedFile } from "./view/mapped-files.js";
export type { KernelFlaw } from "./security/flaws.js";
export { takeOver, type KernelWrite } from "./security/take-over.js";
export { attachDrive } from "./vfs/block-devices.js";
export { formattedDisk, plugDisk, pullDisk, type FormattedDisk } from "./vfs/formatted-disks.js";
export type { Task } from "./task/task.js";
