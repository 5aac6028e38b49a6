/**
 * k8s: Kubernetes, from the store up.
 */
export * from "./raft/index.js";
export { RaftCluster, type RaftClusterOptions } from "./consensus/cluster.js";
export type { NetworkOptions } from "./consensus/network.js";
export type { NodeFlaw, Outcome, RaftNode, StateMachine } from "./consensus/node.js";
export { electionTrials, type ElectionTrialOptions } from "./consensus/elections.js";
export { MvccStore, type StoreOptions, type StoreState } from "./etcd/store.js";
export { EtcdError, isEtcdError, type StatusCode } from "./etcd/errors.js";
export * from "./etcd/types.js";
export { Etcd, type EtcdOptions } from "./etcd/etcd.js";
export { EtcdCluster, type EtcdClusterOptions, type EtcdMember } from "./etcd/cluster.js";
export type { EtcdEndpoint, Member, Status, TimeToLive } from "./etcd/endpoint.js";
export { checkLinearizable, historyLanes, type Verdict } from "./linearizability/checker.js";
export type { Operation, RegisterCall, RegisterState } from "./linearizability/history.js";
export { linearizabilityTrial, type Nuisance, type Trial, type TrialOptions } from "./linearizability/trial.js";
