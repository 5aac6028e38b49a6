/**
 * k8s: Kubernetes 1.32, its control plane and its nodes.
 *
 * Glossary
 *   object     what the API holds: a kind, metadata, what is asked for (`spec`), what is (`status`)
 *   resource   a kind as a version of a group serves it: `deployments` of `apps/v1`
 *   struct     the fields of a kind or of a part of one, as a field table has them
 *   revision   the store's count of writes; an object's `resourceVersion` is that of its last write
 *   admission  what every write passes before it is stored
 *   promise    what a server under Raft says only when its disk will remember it: a vote, an entry that it has
 *   learner    a server that gets the log and has no vote
 *   endpoint   an etcd server as its clients see it
 *
 * objects/    kinds and their field tables (tables/, notation): from these reading (decode), defaults, validation (rules/),
 *             conversion, columns of tables, OpenAPI; quantities, times, selectors
 * apiserver/  requests and answers: server, handlers, registry (how objects come and go), collection (the watch cache),
 *             listing, watching, patch/, fields/ (server-side apply), discovery; storage is what it needs of a store
 * admission/  the plugins of the admission chain
 * raft/       consensus as a pure core: ticks and messages in, messages, entries to keep and committed ones out
 * consensus/  servers around it: clocks, disks that lose what wasn't synced, a network
 * etcd/       the store: revisions, ranges, transactions, leases, watches; alone, and behind Raft
 * linearizability/  histories of a troubled cluster, and whether one register could have given them
 */
export { ApiServer, type ApiServerOptions } from "./apiserver/server.js";
export type {
  ApiRequest,
  ApiResponse,
  ApiStream,
  StreamSink,
  User,
  WatchEvent as ApiWatchEvent,
} from "./apiserver/request.js";
export type { Conflict, Ranged, Storage, StorageEvent, StorageFailure, Stored, Written } from "./apiserver/storage.js";
export type { NodeCall, NodeProxy } from "./apiserver/node-proxy.js";
export type { Json, JsonArray, JsonObject, KubeObject, ObjectMeta, OwnerReference } from "./objects/value.js";
export {
  founded,
  isJoint,
  joining,
  membersOf,
  Raft,
  simpleConf,
  type ConfChange,
  type ConfState,
  type Durable,
  type Entry,
  type HardState,
  type Message,
  type MessageOf,
  type MessageType,
  type NodeId,
  type Progress,
  type Proposal,
  type RaftFlaw,
  type RaftOptions,
  type ReadState,
  type Ready,
  type Role,
  type Snapshot,
  type Write,
} from "./raft/index.js";
export { RaftCluster, type RaftClusterOptions } from "./consensus/cluster.js";
export { electionTrials, type ElectionTrialOptions } from "./consensus/elections.js";
export type { NetworkOptions } from "./consensus/network.js";
export type { NodeFlaw, Outcome, RaftNode, StateMachine } from "./consensus/node.js";
export { MvccStore } from "./etcd/store.js";
export type { StoreOptions, StoreState } from "./etcd/store-state.js";
export { EtcdError, isEtcdError, type StatusCode } from "./etcd/errors.js";
export * from "./etcd/types.js";
export { Etcd, type EtcdOptions } from "./etcd/etcd.js";
export { EtcdCluster, type EtcdClusterOptions, type EtcdMember } from "./etcd/cluster.js";
export type { EtcdEndpoint, Member, Status, TimeToLive } from "./etcd/endpoint.js";
export { checkLinearizable, historyLanes, type Verdict } from "./linearizability/checker.js";
export type { Operation, RegisterCall, RegisterState } from "./linearizability/history.js";
export { linearizabilityTrial, type Nuisance, type Trial, type TrialOptions } from "./linearizability/trial.js";
