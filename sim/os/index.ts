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
 *   cgroup      a control group: tasks that share CPU time, memory and a number of pids
 *
 * The way of a call: `sys.NAME` → perform (cost) → interposers → seccomp → handler → a value, or an activity that waits.
 * What doesn't wait is done at once, without an event of the engine: a task runs ahead of the clock until its debt comes
 * to 100 µs or it waits; then a CPU works the debt off, and the task goes on. A wait is a signal of sim/core; a signal
 * (7) that has a handler ends it with EINTR, or has the call begin again.
 *
 * kernel          boots, holds what all tasks share; machine: where CPUs come from and what the kernel's work costs
 * task/           task (state), execution (how it goes on), signals and their sending, clone, execve, exit, memory, groups
 * syscall/        table (perform, Sys, the rows), handlers by what they are about, what is absent
 * scheduler/      who runs: entities and groups, shares, cpu.max
 * vfs/            inodes, content, mounts, propagation, resolution of paths, permissions, descriptors; tmpfs, overlay/,
 *                 pseudo (made-up files), devices
 * ipc/            pipes, event counters, Unix sockets; tty/: terminals; wait-queue: where tasks wait
 * namespace/      the eight kinds; unsharing: new ones
 * cgroup/         groups, their files, who is in them
 * security/       credentials, capabilities, seccomp filters
 * proc/           proc and sysfs; file-systems: what mount(2) knows; network: what a machine with a network gives
 * view/           processes, mounts, namespaces, cgroups, system calls as views; strace
 *
 * Sources: the man pages named where they count; Documentation/filesystems/overlayfs.rst,
 * Documentation/admin-guide/cgroup-v2.rst; the kernel's source where these are silent.
 */
export { E, Errno, type ErrnoName } from "./errno.js";
export * from "./flags.js";
export { Kernel, type KernelOptions } from "./kernel.js";
export { bareCpus, measuredCosts, type Costs, type CpuSource, type Run } from "./machine.js";
export type { NetworkAddress, NetworkSocket, NetworkStack, Received } from "./network.js";
export { attempt, systemCallTable, type ChildBody, type Sys, type SystemCallRow } from "./syscall/table.js";
export { isActivity, type Outcome, type SystemCall, type SystemCallInterposer } from "./syscall/interposer.js";
export type { Waited } from "./syscall/task-calls.js";
export type { Disposition } from "./syscall/signal-calls.js";
export { AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, type Polled } from "./syscall/channel-calls.js";
export { executable, type Body, type Program } from "./task/program.js";
export { describeStatus, nameOfSignal, signalNumbers, type SignalName } from "./task/signals.js";
export { Task, type KernelState, type Limits } from "./task/task.js";
export { wait } from "./task/execution.js";
export { WaitQueue } from "./wait-queue.js";
export { Cgroup, controllers, type Controller } from "./cgroup/cgroup.js";
export { freeze, killAll, moveTask, pathFrom } from "./cgroup/membership.js";
export { namespaceKinds, type Namespace, type NamespaceKind } from "./namespace/namespace.js";
export { PidNamespace } from "./namespace/pid-namespace.js";
export { UserNamespace, type IdExtent } from "./namespace/user-namespace.js";
export type { NamespaceSet } from "./namespace/plain-namespaces.js";
export { capable, type Credentials } from "./security/credentials.js";
export {
  allCapabilities,
  capabilityNames,
  CapabilitySet,
  noCapabilities,
  type Capability,
} from "./security/capabilities.js";
export type { ArgumentRule, Filter, FilterAction } from "./security/seccomp.js";
export type { Caller } from "./vfs/caller.js";
export { Content, pageSize } from "./vfs/content.js";
export {
  Inode,
  type Attributes,
  type Changes,
  type Channel,
  type Creation,
  type FileSystem,
  type Space,
} from "./vfs/inode.js";
export { Mount, MountNamespace, type Place } from "./vfs/mount.js";
export { OpenFile } from "./vfs/open-file.js";
export { Overlayfs, type OverlayOptions } from "./vfs/overlay/overlayfs.js";
export { PseudoDirectory, PseudoFs, type Text } from "./vfs/pseudo.js";
export { pathOf, resolve, type Walker } from "./vfs/resolve.js";
export { Tmpfs, type TmpfsOptions } from "./vfs/tmpfs.js";
export { TmpfsInode, type PageAccount } from "./vfs/tmpfs-inode.js";
export { Terminal, type WindowSize } from "./tty/terminal.js";
export { Strace, type TracedCall } from "./view/strace.js";
export {
  cgroupTable,
  mountTable,
  namespaceTable,
  processTable,
  processTree,
  systemCallView,
} from "./view/system-views.js";
