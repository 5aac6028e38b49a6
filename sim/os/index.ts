export * from "./errno.js";
export * from "./flags.js";
export { Kernel, type KernelOptions } from "./kernel.js";
export { bareCpus, measuredCosts, type Costs, type CpuSource, type Run } from "./machine.js";
export { attempt, systemCallTable, type ChildBody, type Sys, type SystemCallRow } from "./syscall/table.js";
export { type SystemCallInterposer, type SystemCall } from "./syscall/interposer.js";
export { executable, type Program } from "./task/program.js";
export { describeStatus, nameOfSignal, signalNumbers, type SignalName } from "./task/signals.js";
export { Task } from "./task/task.js";
export {
  allCapabilities,
  capabilityNames,
  CapabilitySet,
  noCapabilities,
  type Capability,
} from "./security/capabilities.js";
export type { ArgumentRule, Filter, FilterAction } from "./security/seccomp.js";
export { AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from "./syscall/channel-calls.js";
export { Cgroup } from "./cgroup/cgroup.js";
