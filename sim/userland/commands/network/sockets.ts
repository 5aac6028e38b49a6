import type { Activity } from "../../../core/index.js";
import { netlink, type SocketRow } from "../../../os/index.js";
import type { Command, Invocation } from "../../program/command.js";

/** TCP's states as ss names them. */
const stateNames: Readonly<Record<string, string>> = {
  LISTEN: "LISTEN",
  ESTABLISHED: "ESTAB",
  SYN_SENT: "SYN-SENT",
  SYN_RECEIVED: "SYN-RECV",
  FIN_WAIT_1: "FIN-WAIT-1",
  FIN_WAIT_2: "FIN-WAIT-2",
  TIME_WAIT: "TIME-WAIT",
  CLOSE_WAIT: "CLOSE-WAIT",
  LAST_ACK: "LAST-ACK",
  CLOSING: "CLOSING",
  UNCONN: "UNCONN",
};

/** Those that `netstat` names otherwise. */
const longNames: Readonly<Record<string, string>> = {
  SYN_RECEIVED: "SYN_RECV",
  FIN_WAIT_1: "FIN_WAIT1",
  FIN_WAIT_2: "FIN_WAIT2",
};

/** Which sockets are meant: of the kinds that are named, all, listening or connected. */
function* chosen(it: Invocation): Activity<readonly SocketRow[]> {
  const rows = yield* netlink(it.sys, { type: "SOCK_DIAG_BY_FAMILY" });
  const kinds = (["tcp", "udp"] as const).filter((kind) => it.has(kind === "tcp" ? "t" : "u"));
  const waits = ({ state }: SocketRow): boolean => state === "LISTEN" || state === "UNCONN";
  return rows
    .filter(({ state }) => state !== "CLOSED")
    .filter(({ protocol }) => kinds.length === 0 || kinds.includes(protocol))
    .filter((row) => it.has("a") || waits(row) === it.has("l"))
    .toSorted((a, b) => (a.protocol === b.protocol ? 0 : a.protocol === "udp" ? -1 : 1));
}

/** `ss`. Its columns are as wide as their widest cell, as where its output is no terminal. */
function* ss(it: Invocation): Activity<number> {
  const rows = yield* chosen(it);
  const both = it.has("t") === it.has("u");
  const end = (address: string, port: number): readonly [string, string] => [address, port === 0 ? "*" : String(port)];
  const cells = rows.map((row) => {
    const [local, remote] = [end(row.local, row.localPort), end(row.remote, row.remotePort)];
    const queues = [String(row.receiveQueue), String(row.sendQueue)];
    return [...(both ? [row.protocol] : []), stateNames[row.state] ?? row.state, ...queues, ...local, ...remote];
  });
  const heads = [
    ...(both ? ["Netid"] : []),
    "State",
    "Recv-Q",
    "Send-Q",
    "Local Address",
    "Port",
    "Peer Address",
    "Port",
  ];
  const all = it.has("H") ? cells : [heads, ...cells];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  // Addresses stand to the right, ports to the left of their colons.
  const first = heads.indexOf("Local Address");
  for (const row of all) {
    const plain = row.slice(0, first).map((cell, at) => cell.padEnd(widths[at] ?? 0));
    const ends = [first, first + 2].map((at) => {
      const address = (row[at] ?? "").padStart(widths[at] ?? 0);
      return `${address}:${(row[at + 1] ?? "").padEnd(widths[at + 1] ?? 0)}`;
    });
    const process = row === heads ? "Process" : "";
    it.out.put(`${[...plain, ...ends].join(" ")}${process}\n`);
  }
  return 0;
}

/** `netstat`, of net-tools: its columns are fixed. */
function* netstat(it: Invocation): Activity<number> {
  const what = it.has("l") ? "only servers" : it.has("a") ? "servers and established" : "w/o servers";
  it.out.put(`Active Internet connections (${what})\n`);
  it.out.put("Proto Recv-Q Send-Q Local Address           Foreign Address         State      \n");
  const rows = yield* chosen(it);
  for (const kind of ["tcp", "udp"])
    for (const row of rows.filter(({ protocol }) => protocol === kind)) {
      const end = (address: string, port: number): string => `${address}:${port === 0 ? "*" : port}`.padEnd(23);
      const state = row.state === "UNCONN" ? "" : (longNames[row.state] ?? row.state);
      const queues = `${String(row.receiveQueue).padStart(6)} ${String(row.sendQueue).padStart(6)}`;
      const ends = `${end(row.local, row.localPort)} ${end(row.remote, row.remotePort)}`;
      it.out.put(`${kind.padEnd(5)} ${queues} ${ends} ${state.padEnd(11)}\n`);
    }
  return 0;
}

const selection: Command["options"] = [
  { short: "a", long: "all", help: "display all sockets" },
  { short: "l", long: "listening", help: "display only listening sockets" },
  { short: "n", long: "numeric", help: "names of ports are never looked up" },
  { short: "t", long: "tcp", help: "display only TCP sockets" },
  { short: "u", long: "udp", help: "display only UDP sockets" },
  { short: "4", long: "ipv4", help: "display only IPv4 sockets" },
];

export const socketCommands: readonly Command[] = [
  {
    name: "ss",
    usage: ["[ OPTIONS ]"],
    about: "Investigate sockets. Which process holds one isn't told.",
    options: [...selection, { short: "H", long: "no-header", help: "suppress header line" }],
    usageStatus: 255,
    run: ss,
  },
  {
    name: "netstat",
    usage: ["[-alntu]"],
    about: "Print network connections.",
    options: selection,
    run: netstat,
  },
];
