import type { Target } from "../../net/index.js";
import type { NetlinkRequest } from "../../os/index.js";
import { removal } from "../node/restored-table.js";
import { endpointsFor, isOpen, mark, type ProxyMode } from "./mode.js";
import { hashOf } from "./names.js";
import type { Endpoint, ServicePort } from "./service-port.js";

/** What the kernel is to hold: chains of services and endpoints, and maps that lead to them. */
interface Programme {
  readonly chains: Map<string, readonly string[]>;
  readonly maps: Readonly<Record<MapName, Map<string, Target>>>;
}

type MapName = "service-ips" | "service-nodeports" | "no-endpoint-services" | "no-endpoint-nodeports";
const mapNames = ["service-ips", "service-nodeports", "no-endpoint-services", "no-endpoint-nodeports"] as const;

const blank = (): Programme => ({
  chains: new Map(),
  maps: {
    "service-ips": new Map(),
    "service-nodeports": new Map(),
    "no-endpoint-services": new Map(),
    "no-endpoint-nodeports": new Map(),
  },
});

const byAddress = (map: MapName): string => `-j MAP --key destination,protocol,dport --map ${map}`;
const byPort = (map: MapName): string => `-m addrtype --dst-type LOCAL -j MAP --key protocol,dport --map ${map}`;

/** What doesn't grow with services: a look-up in a map leads to each one's chain. */
const base: readonly NetlinkRequest[] = [
  {
    type: "NFT_MSG_RESTORE",
    keep: true,
    text: [
      "*filter",
      ":service-endpoints-check - [0:0]",
      `-A service-endpoints-check ${byAddress("no-endpoint-services")}`,
      `-A service-endpoints-check ${byPort("no-endpoint-nodeports")}`,
      "COMMIT",
      "*nat",
      ...["services", "masquerading", "mark-for-masquerade"].map((chain) => `:${chain} - [0:0]`),
      `-A services ${byAddress("service-ips")}`,
      `-A services ${byPort("service-nodeports")}`,
      `-A mark-for-masquerade -j MARK --set-xmark ${mark}`,
      `-A masquerading -m mark ! --mark ${mark} -j RETURN`,
      "-A masquerading -j MARK --set-xmark 0x4000/0x0",
      "-A masquerading -j MASQUERADE --random-fully",
      "COMMIT",
      "",
    ].join("\n"),
  },
  ...["INPUT", "FORWARD", "OUTPUT"].map((hook): NetlinkRequest => ({
    type: "NFT_MSG_NEWRULE",
    line: `-t filter -I ${hook} -m conntrack --ctstate NEW -j service-endpoints-check`,
  })),
  ...["PREROUTING -j services", "OUTPUT -j services", "POSTROUTING -j masquerading"].map((jump): NetlinkRequest => ({
    type: "NFT_MSG_NEWRULE",
    line: `-t nat -I ${jump}`,
  })),
];

/**
 * kube-proxy in mode nftables (KEP-3866; kubernetes, `pkg/proxy/nftables/proxier.go`): verdict maps from address, protocol and port to a
 * service's chain, so that a packet takes one look-up however many services there are. Only chains and elements that changed are written. The
 * real one has a table of its own; here its chains are in the tables nat and filter.
 */
export function nftablesMode(clusterCIDR: string): ProxyMode {
  let written: Programme | undefined;
  return {
    requests: (ports) => {
      const wanted = blank();
      for (const port of ports) writePort(wanted, port, clusterCIDR);
      const before = written ?? blank();
      const begin = written === undefined ? base : [];
      written = wanted;
      return [...begin, ...difference(before, wanted)];
    },
  };
}

function difference(before: Programme, wanted: Programme): readonly NetlinkRequest[] {
  const fresh = [...wanted.chains].filter(
    ([chain, rules]) => before.chains.get(chain)?.join("\n") !== rules.join("\n"),
  );
  const declared = fresh.map(([chain]) => `:${chain} - [0:0]`);
  const text = ["*nat", ...declared, ...fresh.flatMap(([, rules]) => rules), "COMMIT", ""].join("\n");
  const gone = [...before.chains.keys()].filter((chain) => !wanted.chains.has(chain));
  return [
    ...(fresh.length === 0 ? [] : [{ type: "NFT_MSG_RESTORE", text, keep: true } as const]),
    ...mapNames.flatMap((map): NetlinkRequest[] => {
      const [had, has] = [before.maps[map], wanted.maps[map]];
      const entries = [...has].filter(([key, target]) => JSON.stringify(had.get(key)) !== JSON.stringify(target));
      const keys = [...had.keys()].filter((key) => !has.has(key));
      return [
        ...(entries.length === 0 ? [] : [{ type: "NFT_MSG_NEWSETELEM", map, entries } as const]),
        ...(keys.length === 0 ? [] : [{ type: "NFT_MSG_DELSETELEM", map, keys } as const]),
      ];
    }),
    ...removal("nat", gone),
  ];
}

const reject: Target = { target: "REJECT", with: "icmp-port-unreachable" };

function writePort({ chains, maps }: Programme, port: ServicePort, clusterCIDR: string): void {
  const { name, protocol, clusterIP, nodePort, externalIPs, endpoints, externalLocal, internalLocal } = port;
  const { internal, external } = endpointsFor(port);
  const tail = `${hashOf(name, protocol).slice(0, 8)}-${name.replace(":", "/")}/${protocol}`;
  const [service, local, outer] = [`service-${tail}`, `local-${tail}`, `external-${tail}`];
  const none: Target = endpoints.length === 0 ? reject : { target: "DROP" };
  const at = (ip: string): string => `${ip} . ${protocol} . ${port.port}`;
  const to = (chain: string): Target => ({ target: "GOTO", chain });
  if (internal.length === 0) maps["no-endpoint-services"].set(at(clusterIP), none);
  else maps["service-ips"].set(at(clusterIP), to(internalLocal ? local : service));
  for (const ip of externalIPs) {
    if (external.length === 0) maps["no-endpoint-services"].set(at(ip), none);
    if (endpoints.length > 0) maps["service-ips"].set(at(ip), to(outer));
  }
  if (nodePort > 0) {
    const key = `${protocol} . ${nodePort}`;
    if (external.length === 0) maps["no-endpoint-nodeports"].set(key, none);
    if (endpoints.length > 0) maps["service-nodeports"].set(key, to(outer));
  }
  if (endpoints.length === 0) return;
  if (isOpen(port)) chains.set(outer, externalRules({ service, local, outer }, externalLocal, clusterCIDR));
  const usesCluster = !internalLocal || isOpen(port);
  if (usesCluster) {
    const own = `-d ${clusterIP}/32 -p ${protocol} -m ${protocol} --dport ${port.port}`;
    const outside = `-A ${service} ! -s ${clusterCIDR} ${own} -j mark-for-masquerade`;
    chains.set(service, [outside, ...choice(port, service, endpoints)]);
  }
  const near = endpoints.filter((each) => each.local);
  if (near.length > 0 && (internalLocal || (isOpen(port) && externalLocal)))
    chains.set(local, choice(port, local, near));
  for (const endpoint of usesCluster ? endpoints : near)
    chains.set(endpointChain(port, endpoint), endpointRules(port, endpoint));
}

function externalRules(
  { service, local, outer }: Readonly<Record<"service" | "local" | "outer", string>>,
  externalLocal: boolean,
  clusterCIDR: string,
): readonly string[] {
  if (!externalLocal) return [`-A ${outer} -j mark-for-masquerade`, `-A ${outer} -g ${service}`];
  const own = "-m addrtype --src-type LOCAL";
  return [
    `-A ${outer} -s ${clusterCIDR} -g ${service}`,
    `-A ${outer} ${own} -j mark-for-masquerade`,
    `-A ${outer} ${own} -g ${service}`,
    `-A ${outer} -g ${local}`,
  ];
}

const endpointChain = ({ name, protocol }: ServicePort, { ip, port }: Endpoint): string =>
  `endpoint-${hashOf(name, protocol, `${ip}:${port}`).slice(0, 8)}-${name.replace(":", "/")}/${protocol}__${ip}/${port}`;

/** One of the endpoints by one draw; the one of before, where clients stay. */
function choice(port: ServicePort, chain: string, endpoints: readonly Endpoint[]): readonly string[] {
  const names = endpoints.map((endpoint) => endpointChain(port, endpoint));
  const known = (name: string): string => `-m recent --name ${name} --rcheck --seconds ${port.affinity} --reap`;
  return [
    ...(port.affinity > 0 ? names.map((name) => `-A ${chain} ${known(name)} -g ${name}`) : []),
    `-A ${chain} -j NUMGEN --chains ${names.join(",")}`,
  ];
}

function endpointRules(port: ServicePort, endpoint: Endpoint): readonly string[] {
  const { protocol, affinity } = port;
  const chain = endpointChain(port, endpoint);
  const recent = affinity > 0 ? `-m recent --name ${chain} --set ` : "";
  return [
    `-A ${chain} -s ${endpoint.ip}/32 -j mark-for-masquerade`,
    `-A ${chain} ${recent}-p ${protocol} -m ${protocol} -j DNAT --to-destination ${endpoint.ip}:${endpoint.port}`,
  ];
}
