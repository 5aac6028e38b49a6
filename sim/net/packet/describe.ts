import { formatIpv4, formatMac, type Ipv4 } from "./address.js";
import { TcpFlag, type Arp, type Frame, type Packet, type Tcp } from "./packet.js";

const flagLetters = [
  [TcpFlag.syn, "S"],
  [TcpFlag.fin, "F"],
  [TcpFlag.rst, "R"],
  [TcpFlag.psh, "P"],
  [TcpFlag.ack, "."],
] as const;

const flagsOf = (tcp: Tcp): string =>
  flagLetters
    .filter(([bit]) => (tcp.flags & bit) !== 0)
    .map(([, letter]) => letter)
    .join("");

const reasons = new Map([
  ["3/0", "net unreachable"],
  ["3/1", "host unreachable"],
  ["3/2", "protocol unreachable"],
  ["3/3", "port unreachable"],
  ["3/4", "fragmentation needed"],
  ["3/13", "administratively prohibited"],
  ["11/0", "time to live exceeded"],
  ["11/1", "fragment reassembly time exceeded"],
]);

/** Of a packet, its two ends with ports, where it has any. */
export function endsOf(packet: Packet): { readonly from: string; readonly to: string } {
  const { source, destination, payload } = packet;
  const end = (address: Ipv4, port?: number): string =>
    port === undefined ? formatIpv4(address) : `${formatIpv4(address)}:${port}`;
  return payload.kind === "tcp" || payload.kind === "udp"
    ? { from: end(source, payload.sourcePort), to: end(destination, payload.destinationPort) }
    : { from: end(source), to: end(destination) };
}

/** What a packet is for, in the words of tcpdump without its ends: `TCP [S.] seq 1, ack 2, length 0`. */
export function describePacket({ payload, protocol }: Packet): string {
  switch (payload.kind) {
    case "tcp": {
      const ack = (payload.flags & TcpFlag.ack) === 0 ? "" : `, ack ${payload.acknowledgement}`;
      return `TCP [${flagsOf(payload)}] seq ${payload.sequence}${ack}, length ${payload.data.length}`;
    }
    case "udp":
      return `UDP, length ${payload.data.length}`;
    case "echo":
      return `ICMP echo ${payload.reply ? "reply" : "request"}, seq ${payload.sequence}`;
    case "icmp-error":
      return `ICMP ${reasons.get(`${payload.type}/${payload.code}`) ?? `${payload.type}/${payload.code}`}`;
    case "fragment":
      return `fragment of protocol ${protocol} at ${payload.offset}, length ${payload.data.length}`;
    case "other":
      return `protocol ${protocol}, length ${payload.data.length}`;
  }
}

const describeArp = (arp: Arp): string =>
  arp.operation === "request"
    ? `ARP who has ${formatIpv4(arp.targetIp)}? Tell ${formatIpv4(arp.senderIp)}`
    : `ARP ${formatIpv4(arp.senderIp)} is at ${formatMac(arp.senderMac)}`;

/** A frame in a line: `VLAN 10: ARP who has 10.0.0.2? Tell 10.0.0.1`. */
export function describeFrame({ vlan, payload }: Frame): string {
  const tag = vlan === 0 ? "" : `VLAN ${vlan}: `;
  if (payload.kind === "ipv4") {
    const { from, to } = endsOf(payload);
    return `${tag}${from} > ${to}: ${describePacket(payload)}`;
  }
  return tag + (payload.kind === "arp" ? describeArp(payload) : `type 0x${payload.etherType.toString(16)}`);
}
