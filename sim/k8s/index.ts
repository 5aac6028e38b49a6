/**
 * k8s: Kubernetes, from the store up.
 */
export * from "./raft/index.js";
export { RaftCluster, type RaftClusterOptions } from "./consensus/cluster.js";
export type { NetworkOptions } from "./consensus/network.js";
export type { NodeFlaw, Outcome, RaftNode, StateMachine } from "./consensus/node.js";
export { electionTrials, type ElectionTrialOptions } from "./consensus/elections.js";
