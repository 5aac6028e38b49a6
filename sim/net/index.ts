/**
 * net: packets from the wire to the socket, with what stands between.
 *
 * The words: a *frame* goes over a *link*, from one *interface* to others. A *network namespace* is a whole network stack: its
 * interfaces, *routes*, *neighbours* (who has which Ethernet address), *packet filter*, tracked *connections* and *sockets*. A
 * *passage* is a packet on its way through one. A *hook* is where the filter looks at it. A *bridge* joins Ethernets, a *router*
 * is a namespace that forwards. A *tuple* is what identifies a flow in one direction.
 *
 * packet/     addresses, frames and packets as plain objects; their bytes, both ways, with checksums; pcap
 * link/       cables and shared media, interfaces and their kinds (veth, VLAN, dummy), bridges
 * ip/         what a namespace does with packets: routes, ARP, fragments, ICMP, forwarding; VXLAN
 * netfilter/  tables, chains and rules; connection tracking and translation; sets, verdict maps, virtual servers; iptables' syntax
 * socket/     ports, UDP, echo requests
 * tcp/        TCP: handshake, windows, loss recovery, congestion control, ends
 * namespace   all of it together
 * dns/        zones, a server, the resolver of resolv.conf
 * dhcp/       a server, and a client that configures an interface
 * http/       HTTP/1.1 over sockets: a server, and a client that keeps connections
 *
 * Time is on links alone: what a processor takes for packets is `sim/os`'s to add; `netfilter.work` counts what was asked of it.
 * Absent: IPv6 (addresses are read and printed), IP options, IGMP, spanning trees, TCP's timestamps, urgent data, ECN, fast open.
 */
export * from "./packet/address.js";
export { formatIpv6, ipv6, type Ipv6 } from "./packet/ipv6.js";
export * from "./packet/packet.js";
export { checksum } from "./packet/checksum.js";
export { encodeFrame } from "./packet/encode.js";
export { decodeFrame } from "./packet/decode.js";
export { describeFrame, describePacket, endsOf } from "./packet/describe.js";
export { pcap } from "./packet/pcap.js";
export { byteLink, frameLink, type ByteLink, type FrameLink, type SendFrame } from "./link/link.js";
export { Cable, Medium } from "./link/cable.js";
export type { LinkOptions, Transmitter, TransmitterStatistics } from "./link/transmitter.js";
export {
  NetworkInterface,
  type InterfaceKind,
  type InterfaceOwner,
  type InterfaceStatistics,
  type Tapped,
} from "./link/interface.js";
export { dummy, ethernet, newMac, veth, vlan } from "./link/kinds.js";
export { Bridge, type BridgeOptions, type BridgePort, type BridgeState, type PortVlans } from "./link/bridge.js";
export { LinuxBridge } from "./link/linux-bridge.js";
export { isErrno, type Errno } from "./ip/errno.js";
export { Vxlan, type VxlanOptions } from "./ip/vxlan.js";
export type { Hook } from "./ip/passage.js";
export type { RouteRequest } from "./ip/configuration.js";
export type { IpCounters } from "./ip/ip-layer.js";
export type { NeighbourEntry, NeighbourState } from "./ip/neighbours.js";
export type { PolicyRule, Route, RouteType } from "./ip/routes.js";
export * from "./netfilter/model.js";
export type { Chain, RuleEntry, Ruleset } from "./netfilter/ruleset.js";
export type { FilterWork, Netfilter, NetfilterState } from "./netfilter/netfilter.js";
export type { Connection, Tuple } from "./netfilter/connection.js";
export type { Conntrack, SavedConnection } from "./netfilter/conntrack.js";
export type { Ipvs, IpvsScheduler, RealServer, VirtualServer } from "./netfilter/ipvs.js";
export type { IpSet, SetType, VerdictMap } from "./netfilter/sets.js";
export { parseRule } from "./netfilter/parse.js";
export { printRule } from "./netfilter/print.js";
export type { Datagram, DatagramError, UdpSocket } from "./socket/udp.js";
export type { EchoAnswer, EchoSocket } from "./socket/echo.js";
export type { Readiness, SocketAddress, TcpSocket } from "./tcp/socket.js";
export type { TcpSettings } from "./tcp/settings.js";
export type { TcpCounters, TcpState } from "./tcp/tcb.js";
export type { CongestionName } from "./tcp/congestion.js";
export { NetworkNamespace, type NamespaceOptions, type NamespaceState } from "./namespace.js";
export { Zone, reverseName, type ZoneAnswer } from "./dns/zone.js";
export { DnsServer, type DnsServerOptions } from "./dns/server.js";
export { Resolver, type ResolveError, type ResolverOptions } from "./dns/resolver.js";
export { decodeDns, encodeDns } from "./dns/codec.js";
export type { DnsData, DnsMessage, DnsQuestion, DnsRecord, DnsType, Rcode } from "./dns/message.js";
export { DhcpServer, type DhcpServerOptions, type Lease } from "./dhcp/server.js";
export { keepAddress, obtainAddress, type Configuration } from "./dhcp/client.js";
export {
  encodeHead,
  requestLine,
  statusLine,
  textOf,
  textResponse,
  type Headers,
  type HttpRequest,
  type HttpResponse,
} from "./http/message.js";
export { HttpReader, type ByteSource, type HttpError } from "./http/reader.js";
export { HttpServer, type Handler, type HttpServerOptions } from "./http/server.js";
export { HttpClient, type RequestOptions } from "./http/client.js";
