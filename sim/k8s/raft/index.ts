/** raft: what stands outside of it sees this. The files' map is in the room's door. */
export { founded, joining, Raft, type Ready, type Write } from "./raft.js";
export type { Durable, RaftFlaw, RaftOptions, ReadState, Role } from "./server.js";
export type { Entry, HardState, Message, MessageOf, MessageType, NodeId, Proposal, Snapshot } from "./message.js";
export { isJoint, membersOf, simpleConf, type ConfChange, type ConfState } from "./membership.js";
export type { Progress } from "./progress.js";
