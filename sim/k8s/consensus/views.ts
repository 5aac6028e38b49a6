import {
  formatDuration,
  type LanesView,
  type Nanos,
  type Role as Colour,
  type SequenceView,
} from "../../core/index.js";
import type { Message, MessageType, NodeId, Role } from "../raft/index.js";
import type { Fate } from "./network.js";

export interface RoleChange {
  readonly time: Nanos;
  readonly node: NodeId;
  readonly role: Role | "down" | "paused";
  readonly term: number;
}

export interface SentMessage {
  readonly time: Nanos;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly type: MessageType;
  readonly fate: Fate;
  readonly text: string;
}

/** What a message says, in a line. */
export function describeMessage(message: Message): string {
  const term = message.term === 0 ? "" : ` term ${message.term}`;
  switch (message.type) {
    case "vote":
    case "preVote":
      return `${message.type}${term}, log ends at ${message.lastIndex}/${message.lastTerm}`;
    case "voteResponse":
    case "preVoteResponse":
      return `${message.type}${term}: ${message.granted ? "granted" : "refused"}`;
    case "append": {
      const { entries, previousIndex, previousTerm, commit } = message;
      const what = entries.length === 0 ? "nothing" : `${entries.length} from ${previousIndex + 1}`;
      return `append${term}: ${what} behind ${previousIndex}/${previousTerm}, commit ${commit}`;
    }
    case "appendResponse": {
      const { rejected, index } = message;
      const hint = rejected === undefined ? "" : `, hint ${rejected.hintIndex}/${rejected.hintTerm}`;
      return `appendResponse${term}: ${rejected === undefined ? "has" : "lacks"} ${index}${hint}`;
    }
    case "heartbeat":
      return `heartbeat${term}, commit ${message.commit}`;
    case "snapshot":
      return `snapshot${term} up to ${message.snapshot.index}/${message.snapshot.term}`;
    case "propose":
      return `propose ${message.proposals.length}`;
    case "readIndexResponse":
      return `readIndexResponse${term}: ${message.index}`;
    case "transferLeader":
      return `transferLeader to ${message.target}`;
    case "heartbeatResponse":
    case "timeoutNow":
    case "readIndex":
      return `${message.type}${term}`;
  }
}

const colours: Readonly<Record<RoleChange["role"], Colour>> = {
  follower: "guest",
  preCandidate: "network",
  candidate: "trap",
  leader: "host",
  paused: "idle",
  down: "fault",
};

export function roleLanes(roles: readonly RoleChange[], now: Nanos, name: string, caption: string): LanesView {
  const servers = [...new Set(roles.map(({ node }) => node))].sort((a, b) => a - b);
  const lanes = servers.map((server) => {
    const own = roles.filter(({ node }) => node === server);
    const spans = own.map(({ time, role, term }, place) => ({
      from: time / 1e9,
      to: (own[place + 1]?.time ?? now) / 1e9,
      label: role === "down" || role === "paused" ? role : `${role}, term ${term}`,
      kind: role,
      role: colours[role],
    }));
    return { name: `${name}-${server}`, spans: spans.filter(({ from, to }) => to > from) };
  });
  return { as: "lanes", title: "Who leads?", caption, x: { label: "virtual time", unit: "s" }, lanes };
}

export function messageSequence(
  messages: readonly SentMessage[],
  options: { readonly from?: Nanos; readonly to?: Nanos; readonly heartbeats?: boolean },
  caption: string,
): SequenceView {
  const { from = 0, to = Infinity, heartbeats = false } = options;
  const shown = messages.filter(
    ({ time, type, fate }) =>
      time >= from && time <= to && fate !== "sent" && (heartbeats || !type.startsWith("heartbeat")),
  );
  const servers = [...new Set(shown.flatMap((message) => [message.from, message.to]))].sort((a, b) => a - b);
  return {
    as: "sequence",
    title: "Who tells whom what?",
    caption: `${caption}; messages as they arrive`,
    participants: servers.map(String),
    messages: shown.map((message) => ({
      from: String(message.from),
      to: String(message.to),
      label: message.fate === "delivered" ? message.text : `${message.text} (${message.fate})`,
      reply: message.type.endsWith("Response"),
    })),
  };
}

/** Roles, and messages as they arrive or don't, without heartbeats. */
export function transcript(roles: readonly RoleChange[], messages: readonly SentMessage[]): string {
  const lines = [
    ...roles.map(({ time, node, role, term }) => ({ time, text: `${node}: ${role}, term ${term}` })),
    ...messages
      .filter(({ type, fate }) => fate !== "sent" && !type.startsWith("heartbeat"))
      .map(({ time, from, to, text, fate }) => ({
        time,
        text: `${from} → ${to}: ${text}${fate === "delivered" ? "" : ` (${fate})`}`,
      })),
  ];
  // A message comes before what it makes of a role at the same time.
  return lines
    .map((line, order) => ({ ...line, order: order < roles.length ? 1 : 0 }))
    .sort((a, b) => a.time - b.time || a.order - b.order)
    .map(({ time, text }) => `${formatDuration(time)}  ${text}\n`)
    .join("");
}
