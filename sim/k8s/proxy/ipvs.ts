import type { IpvsScheduler, SetType } from "../../net/index.js";
import type { NetlinkRequest } from "../../os/index.js";
import { endpointsFor, mark, type ProxyMode } from "./mode.js";
import type { Endpoint, ServicePort } from "./service-port.js";

/** What holds services' addresses, so that packets to them come in here. */
const dummy = "kube-ipvs0";

interface Server {
  readonly protocol: "tcp" | "udp";
  readonly at: string;
  readonly scheduler: IpvsScheduler;
  readonly reals: ReadonlySet<string>;
}

/** What the kernel is to hold. */
interface Programme {
  readonly addresses: ReadonlySet<string>;
  readonly servers: ReadonlyMap<string, Server>;
  readonly sets: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Sets of what is masqueraded (kubernetes, `pkg/proxy/ipvs/proxier.go`); the real node port sets are bitmaps of ports. */
const sets: Readonly<Record<string, SetType>> = {
  "KUBE-CLUSTER-IP": "hash:ip,port",
  "KUBE-EXTERNAL-IP": "hash:ip,port",
  "KUBE-NODE-PORT": "hash:ip,port",
  "KUBE-LOOP-BACK": "hash:ip,port,ip",
};

/** The rules, which don't grow with services: sets say whom they are for. */
const rules = (clusterCIDR: string): string =>
  [
    "*nat",
    ...["KUBE-SERVICES", "KUBE-POSTROUTING", "KUBE-MARK-MASQ"].map((chain) => `:${chain} - [0:0]`),
    `-A KUBE-MARK-MASQ -j MARK --set-xmark ${mark}`,
    `-A KUBE-SERVICES ! -s ${clusterCIDR} -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ`,
    "-A KUBE-SERVICES -m set --match-set KUBE-EXTERNAL-IP dst,dst -j KUBE-MARK-MASQ",
    "-A KUBE-SERVICES -m set --match-set KUBE-NODE-PORT dst,dst -j KUBE-MARK-MASQ",
    "-A KUBE-POSTROUTING -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE",
    `-A KUBE-POSTROUTING -m mark ! --mark ${mark} -j RETURN`,
    "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
    "-A KUBE-POSTROUTING -j MASQUERADE --random-fully",
    "COMMIT",
    "",
  ].join("\n");

const noSets = Object.keys(sets).map((set): readonly [string, Set<string>] => [set, new Set()]);
const nothing: Programme = { addresses: new Set(), servers: new Map(), sets: new Map(noSets) };

/**
 * kube-proxy in mode ipvs: a virtual server for each address and port of a service, in turns (`rr`), on addresses of the interface
 * kube-ipvs0; what is to be masqueraded is in sets. Only what changed is written. Clients that stay with an endpoint do so by the hash of
 * their address, for any time: persistence isn't modelled.
 */
export function ipvsMode(clusterCIDR: string): ProxyMode {
  let written: Programme | undefined;
  return {
    requests: (ports, addresses) => {
      const wanted = programme(ports, addresses);
      const before = written ?? nothing;
      const begin = written === undefined ? beginning(clusterCIDR) : [];
      written = wanted;
      return [...begin, ...difference(before, wanted)];
    },
  };
}

function beginning(clusterCIDR: string): readonly NetlinkRequest[] {
  const jumps = ["PREROUTING -j KUBE-SERVICES", "OUTPUT -j KUBE-SERVICES", "POSTROUTING -j KUBE-POSTROUTING"];
  return [
    { type: "RTM_NEWLINK", kind: "dummy", name: dummy },
    ...Object.entries(sets).map(([set, kind]): NetlinkRequest => ({
      type: "IPSET_CMD_ADD",
      set,
      kind,
      add: [],
      remove: [],
    })),
    { type: "NFT_MSG_RESTORE", text: rules(clusterCIDR), keep: true },
    ...jumps.map((jump): NetlinkRequest => ({ type: "NFT_MSG_NEWRULE", line: `-t nat -I ${jump}` })),
  ];
}

function programme(ports: readonly ServicePort[], own: readonly string[]): Programme {
  const addresses = new Set<string>();
  const servers = new Map<string, Server>();
  const held = new Map(Object.keys(sets).map((set) => [set, new Set<string>()]));
  for (const port of ports) {
    const { protocol, clusterIP, nodePort, externalIPs, externalLocal, affinity } = port;
    const { internal, external } = endpointsFor(port);
    const serve = (address: string, number: number, ends: readonly Endpoint[], set: string | undefined): void => {
      const at = `${address}:${number}`;
      const reals = new Set(ends.map((end) => `${end.ip}:${end.port}`));
      servers.set(`${protocol} ${at}`, { protocol, at, scheduler: affinity > 0 ? "sh" : "rr", reals });
      if (set !== undefined) held.get(set)?.add(`${address},${protocol}:${number}`);
    };
    serve(clusterIP, port.port, internal, "KUBE-CLUSTER-IP");
    for (const ip of externalIPs) serve(ip, port.port, external, externalLocal ? undefined : "KUBE-EXTERNAL-IP");
    for (const ip of nodePort > 0 ? own : [])
      serve(ip, nodePort, external, externalLocal ? undefined : "KUBE-NODE-PORT");
    for (const address of [clusterIP, ...externalIPs]) addresses.add(address);
    // An endpoint that asks for its own service would answer itself.
    for (const end of port.endpoints.filter(({ local }) => local))
      held.get("KUBE-LOOP-BACK")?.add(`${end.ip},${protocol}:${end.port},${end.ip}`);
  }
  return { addresses, servers, sets: held };
}

const less = (a: ReadonlySet<string> | undefined, b: ReadonlySet<string> | undefined): string[] =>
  [...(a ?? [])].filter((each) => b?.has(each) !== true);

function difference(before: Programme, wanted: Programme): readonly NetlinkRequest[] {
  const requests: NetlinkRequest[] = [];
  for (const [set, kind] of Object.entries(sets)) {
    const [had, has] = [before.sets.get(set), wanted.sets.get(set)];
    const [add, remove] = [less(has, had), less(had, has)];
    if (add.length + remove.length > 0) requests.push({ type: "IPSET_CMD_ADD", set, kind, add, remove });
  }
  for (const [name, server] of wanted.servers) {
    const { protocol, at, scheduler, reals } = server;
    let had = before.servers.get(name);
    if (had !== undefined && had.scheduler !== scheduler) {
      requests.push({ type: "IPVS_CMD_DEL_SERVICE", protocol, at });
      had = undefined;
    }
    const [add, remove] = [less(reals, had?.reals), less(had?.reals, reals)];
    if (had === undefined || add.length + remove.length > 0)
      requests.push({ type: "IPVS_CMD_SET_SERVICE", protocol, at, scheduler, add, remove });
  }
  // An address is there once its servers are, and goes before them: in between, packets for it would be the node's own.
  const address = (type: "RTM_NEWADDR" | "RTM_DELADDR", ip: string): NetlinkRequest => ({
    ...{ type, name: dummy },
    address: `${ip}/32`,
  });
  for (const ip of less(wanted.addresses, before.addresses)) requests.push(address("RTM_NEWADDR", ip));
  for (const ip of less(before.addresses, wanted.addresses)) requests.push(address("RTM_DELADDR", ip));
  for (const [name, { protocol, at }] of before.servers)
    if (!wanted.servers.has(name)) requests.push({ type: "IPVS_CMD_DEL_SERVICE", protocol, at });
  return requests;
}
