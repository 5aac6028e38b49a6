/**
 * network: computers, switches and routers joined by links, as a cell builds and measures them.
 *
 * network          the builder: hosts, routers, switches, media, links; who answers whom
 * host             a computer's stack with ping, traceroute, throughput, HTTP
 * virtual-network  networks of guests over the one of their computers, by VLAN or VXLAN
 * measurements     what the experiments do, and what they give
 * capture          frames that passed, as a table, a sequence, a pcap file
 */
export * from "./capture.js";
export { NetworkHost } from "./host.js";
export {
  PingResult,
  ThroughputResult,
  type FlowSample,
  type PingOptions,
  type ThroughputOptions,
} from "./measurements.js";
export * from "./network.js";
export { VirtualNetwork, type Carrier } from "./virtual-network.js";
