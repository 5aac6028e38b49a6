import { createWorld, UsageError, type Activity, type TableView } from "../../core/index.js";
import { Cable, ethernet, isErrno, NetworkNamespace } from "../../net/index.js";
import { Kernel, netlink, type NetlinkRequest } from "../../os/index.js";
import { proxyModes } from "./kube-proxy.js";
import type { ProxyModeName } from "./mode.js";
import type { ServicePort } from "./service-port.js";

/** What a mode takes, in steps of the kernel's and of kube-proxy's, for so many services. */
export interface ProxyCost {
  readonly mode: ProxyModeName;
  readonly services: number;
  /** Rules that the first packet of a connection was held against, and tables that were looked into by hash. */
  readonly firstRules: number;
  readonly firstLookups: number;
  /** The same of each further packet. */
  readonly nextRules: number;
  readonly nextLookups: number;
  /** What kube-proxy hands to the kernel when one endpoint of one service changes: rules, elements, servers. */
  readonly written: number;
}

const node = "192.168.0.2";
const neighbour = "192.168.0.3";
const port = 8080;

/** A service with two endpoints, of which the second one changes with its version. */
const service = (place: number, version = 0): ServicePort => ({
  name: `default/service-${place}`,
  protocol: "udp",
  clusterIP: `10.${96 + (place >> 16)}.${(place >> 8) & 255}.${place & 255}`,
  port: 80,
  nodePort: 0,
  externalIPs: [],
  affinity: 0,
  externalLocal: false,
  internalLocal: false,
  endpoints: [
    { ip: neighbour, port, local: false },
    { ip: neighbour, port: port + 1 + version, local: false },
  ],
});

/** How much a request has the kernel take in: rules of a table, elements of a map or set, servers, addresses. */
function sizeOf(request: NetlinkRequest): number {
  if (request.type === "NFT_MSG_RESTORE")
    return request.text.split("\n").filter((line) => line.startsWith("-A ")).length;
  if (request.type === "NFT_MSG_NEWSETELEM") return request.entries.length;
  if (request.type === "NFT_MSG_DELSETELEM") return request.keys.length;
  if (request.type === "IPSET_CMD_ADD" || request.type === "IPVS_CMD_SET_SERVICE")
    return request.add.length + request.remove.length;
  return 1;
}

/**
 * Has kube-proxy programme a node for so many services, sends two packets of a connection to the one that is asked about last, then changes
 * one endpoint.
 */
function costOf(mode: ProxyModeName, services: number): ProxyCost {
  const world = createWorld({ seed: 1 });
  const cable = new Cable(world, { name: "lan" });
  const kernel = new Kernel({ world, hostname: "node-1", cards: [{ link: cable }] });
  const other = new NetworkNamespace(world, "node-2");
  const card = other.addInterface(ethernet(world, "eth0"));
  card.plug(cable);
  other.configure(card, `${neighbour}/24`);
  const hand = (requests: readonly NetlinkRequest[]): void => {
    kernel.run(function* (sys) {
      for (const request of requests) yield* netlink(sys, request);
    });
  };
  hand([
    { type: "RTM_NEWADDR", name: "eth0", address: `${node}/24` },
    { type: "RTM_SETLINK", name: "eth0", set: { up: true } },
    { type: "RTM_NEWROUTE", to: "default", via: neighbour },
  ]);
  const proxy = proxyModes[mode]("10.244.0.0/16");
  const ports = Array.from({ length: services }, (_, i) => service(i + 1));
  hand(proxy.requests(ports, [node]));

  const { net } = kernel.namespaces.net;
  const { work } = net.netfilter;
  const arrived = { rules: 0, lookups: 0 };
  // Endpoints answer, so that the connection is established; what the answer takes isn't counted.
  function* echo(at: number): Activity<void> {
    const server = other.udpSocket();
    server.bind("0.0.0.0", at);
    for (;;) {
      const got = yield* server.receive();
      if (isErrno(got)) return;
      Object.assign(arrived, work);
      server.send(got.data, got.address, got.port);
    }
  }
  for (const at of [port, port + 1]) kernel.engine.spawn(echo(at), { name: "endpoint", background: true });
  const client = net.udpSocket();
  const send = (): { readonly rules: number; readonly lookups: number } => {
    const { rules, lookups } = work;
    client.send(new Uint8Array(1), ports.at(-1)?.clusterIP ?? "", 80);
    kernel.engine.run();
    return { rules: arrived.rules - rules, lookups: arrived.lookups - lookups };
  };
  const first = send();
  const next = send();

  const changed = [...ports.slice(0, -1), service(services, 1)];
  const requests = proxy.requests(changed, [node]);
  hand(requests);
  return {
    ...{ mode, services },
    ...{ firstRules: first.rules, firstLookups: first.lookups, nextRules: next.rules, nextLookups: next.lookups },
    written: requests.reduce((sum, request) => sum + sizeOf(request), 0),
  };
}

/**
 * What kube-proxy's modes cost, counted in the packet filter that they programme: with iptables a connection's first packet is held against a
 * rule for each service, and a change hands all of these over again; a map's element or a virtual server is found by one look-up and
 * changed alone (KEP-3866).
 * @param services how many there are, case by case. Default 10, 100 and 1,000
 * @throws UsageError for a number that can't be
 */
export function proxyCosts(services: readonly number[] = [10, 100, 1000]): TableView & {
  readonly costs: readonly ProxyCost[];
} {
  for (const count of services)
    if (!Number.isInteger(count) || count < 1 || count > 100_000)
      throw new UsageError(`there can't be ${count} services`, "Give whole numbers from 1 to 100,000.");
  const modes = Object.keys(proxyModes) as ProxyModeName[];
  const costs = services.flatMap((count) => modes.map((mode) => costOf(mode, count)));
  return {
    as: "table",
    title: "What kube-proxy's modes cost",
    columns: [
      { key: "services" },
      { key: "mode" },
      { key: "firstRules", label: "first packet: rules" },
      { key: "firstLookups", label: "look-ups" },
      { key: "nextRules", label: "further packets: rules" },
      { key: "nextLookups", label: "look-ups" },
      { key: "written", label: "written at a change" },
    ],
    rows: costs.map((cost) => ({ ...cost })),
    costs,
  };
}
