/**
 * lab: the simulator as a cell calls it.
 *
 * lab         a world with the simulator's nouns on it
 * isa         the sets of instructions that machines can have
 * vmm         virtual machine monitors
 * linux       a simulated Linux with its shell and commands (shell-result: what these gave); `os` has all of its names
 * clusters    who is told of Kubernetes clusters
 * docker/     Docker on such a Linux: its verbs, requests of its API (reply), who asks what of whom (recording, telling-calls), and the
 *             registries of a world; kvm/: virtual machines on it
 * comparison/ containers and virtual machines, measured side by side
 * freebsd     a small FreeBSD with jails; fvm: a small Windows-like system with FVM; isolation/: the same application in each kind of
 *             container, and what it reaches
 * network/    hosts, switches and links, measured
 * exercises/  predict, reveal, check, problem, hint, checkpoint, claim
 */
export * from "../core/index.js";
export * from "../storage/index.js";
export * from "./exercises/index.js";
export * from "./network/index.js";
export {
  asm,
  assemble,
  AssemblyError,
  disassemble,
  disassemblyView,
  GdbStub,
  hearConsoles,
  hub,
  instructionTable,
  lesson,
  loopback,
  machine,
  machineTarget,
  pseudoInstructionTable,
  wire,
  type AddressName,
  type AssemblerOptions,
  type Bird,
  type BirdOptions,
  type Bochs,
  type BochsOptions,
  type Console,
  type Counter,
  type DebugTarget,
  type DisassembledLine,
  type DisassemblerOptions,
  type CompareOptions,
  type Crusoe,
  type CrusoeOptions,
  type Dynamo,
  type DynamoOptions,
  type Executable,
  type Flaw,
  type ImageSymbol,
  type Interpolated,
  type Isa,
  type Link,
  type Machine,
  type MachineOptions,
  type MachineState,
  type MachineStop,
  type MachineWork,
  type Place,
  type Problem,
  type Program,
  type ProgramSymbol,
  type RecordOptions,
  type ReferenceOptions,
  type RunOptions,
  type Send,
  type Segment,
  type SourceLine,
  type LessonName,
  type TranslatedLine,
  type Translation,
  type Wire,
  type WireOptions,
  type WireState,
} from "../machine/index.js";
/** The network stack itself, for cells that go below hosts and links: addresses, frames, namespaces, sockets. */
export * as net from "../net/index.js";
export type {
  Behaviour,
  Cluster,
  ClusterOptions,
  GetOptions,
  HollowImage,
  HollowRuntimeOptions,
  Listing,
  Manifest,
} from "../k8s/index.js";
/** Kubernetes' parts, for cells that go below a cluster: Raft, etcd, their trials, a kubelet alone. */
export * as k8s from "../k8s/index.js";
export { isa } from "./isa.js";
export { lab, type Lab, type LabOptions } from "./lab.js";
export type { BootPhase, ExitCounts, KvmOptions, MonitorName, ProcessorOptions, VirtualLinux } from "./kvm/index.js";
export { comparison } from "./comparison/index.js";
export type { Density, Felter, FelterOptions, Footprint, FootprintOptions } from "./comparison/index.js";
export { hearClusters, nodeHost, type ShellHost } from "./clusters.js";
export { hearHosts, Linux, linux } from "./linux.js";
export { describeEnd, type ShellResult } from "./shell-result.js";
export { FreeBsd, freebsd } from "./freebsd.js";
export { fvm, FvmHost, type FvmOptions } from "./fvm.js";
export { isolation, type Isolation } from "./isolation/index.js";
export { Docker, DockerContainer, type DockerOptions } from "./docker/docker.js";
export type { Message as DockerMessage, Recording } from "./docker/recording.js";
export type { RegistryOptions } from "./docker/registries.js";
export type { Reply } from "./docker/reply.js";
/** Containers' parts, for cells that go below `docker()`: an engine of one's own, registries, images as bytes. */
export * as container from "../container/index.js";
export type { ContainerOptions, ImageOptions } from "./docker/options.js";
export type { Console as LinuxConsole, RunOptions as ShellOptions } from "../userland/index.js";
/** The simulated Linux itself: its constants, programs, views. */
export * as os from "../os/index.js";
export { vmm } from "./vmm.js";
export type {
  Backing,
  BallooningOptions,
  Certainty,
  Classification,
  ClassificationFilter,
  Classified,
  CostParameters,
  Decision,
  Dependence,
  Difference,
  Exit,
  ExitReason,
  Exits,
  Fault,
  Finding,
  Frame,
  FrameTable,
  Guest,
  GuestState,
  HostState,
  InstructionClass,
  Isomorphism,
  IsomorphismOptions,
  MemoryClaim,
  Migration,
  MigrationMethod,
  MigrationOptions,
  MonitorKind,
  PgMode,
  PreCopyRule,
  Recursion,
  RecursionOptions,
  RiscvConfiguration,
  RiscvOptions,
  Round,
  RoundEnd,
  Scan,
  Snapshot,
  Snapshots,
  Square,
  Technique,
  TechniqueName,
  Theorem,
  Theorems,
  ThirdGeneration,
  Verdict,
  VirtualMachine,
  VmmOptions,
  VmmRunOptions,
  Witness,
  WorkingSet,
  WorkingSetOptions,
  WriterOptions,
} from "../vmm/index.js";
