import { RestoredTable } from "../node/restored-table.js";
import { mark, type ProxyMode } from "./mode.js";
import { hashOf } from "./names.js";
import type { Endpoint, ServicePort } from "./service-port.js";

/** What leads into the proxy's chains: put in once, before what others have there (kubernetes, iptablesJumpChains). */
const jumps: readonly { readonly table: "nat" | "filter"; readonly rule: string }[] = [
  [
    "filter",
    "INPUT",
    "-m conntrack --ctstate NEW",
    "kubernetes externally-visible service portals",
    "KUBE-EXTERNAL-SERVICES",
  ],
  [
    "filter",
    "FORWARD",
    "-m conntrack --ctstate NEW",
    "kubernetes externally-visible service portals",
    "KUBE-EXTERNAL-SERVICES",
  ],
  ["filter", "FORWARD", "-m conntrack --ctstate NEW", "kubernetes service portals", "KUBE-SERVICES"],
  ["filter", "OUTPUT", "-m conntrack --ctstate NEW", "kubernetes service portals", "KUBE-SERVICES"],
  ["filter", "FORWARD", "", "kubernetes forwarding rules", "KUBE-FORWARD"],
  ["nat", "OUTPUT", "", "kubernetes service portals", "KUBE-SERVICES"],
  ["nat", "PREROUTING", "", "kubernetes service portals", "KUBE-SERVICES"],
  ["nat", "POSTROUTING", "", "kubernetes postrouting rules", "KUBE-POSTROUTING"],
].map(([table = "", chain = "", match = "", comment = "", target = ""]) => ({
  table: table === "nat" ? "nat" : "filter",
  rule: `${chain} ${match === "" ? "" : `${match} `}-m comment --comment "${comment}" -j ${target}`,
}));

/** kube-proxy in mode iptables: a rule for each service in KUBE-SERVICES, which is written anew each time; of the services' own chains those that changed. */
export function iptablesMode(clusterCIDR: string): ProxyMode {
  const table = new RestoredTable("nat", [
    ...(["filter", "nat"] as const).flatMap((name) => baseChains[name].map((chain) => `-t ${name} -N ${chain}`)),
    ...jumps.map(({ table: name, rule }) => `-t ${name} -I ${rule}`),
  ]);
  return { requests: (ports) => table.requests(iptablesRules(ports, clusterCIDR)) };
}

/** Chains that there are whatever services there are. */
const baseChains = {
  filter: ["KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-FORWARD"],
  nat: ["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ"],
} as const;

const comment = (text: string): string => `-m comment --comment "${text}"`;

/** The tables' rules, as they are being written. */
interface Writing {
  readonly filter: string[];
  readonly nat: string[];
  readonly chains: string[];
  readonly nodePorts: string[];
}

/**
 * What kube-proxy in mode iptables gives iptables-restore --noflush for a node, chain by chain as the real one (kubernetes,
 * `pkg/proxy/iptables/proxier.go`, syncProxyRules).
 * @param clusterCIDR what doesn't come from there is masqueraded on its way to a cluster address
 * @returns the text, and the chains of services and endpoints that it makes
 */
function iptablesRules(
  ports: readonly ServicePort[],
  clusterCIDR: string,
): { readonly text: string; readonly chains: readonly string[] } {
  const out: Writing = { filter: [], nat: [], chains: [], nodePorts: [] };
  for (const port of ports) writePort(out, port, clusterCIDR);
  const masquerade = comment("kubernetes service traffic requiring SNAT");
  const last = comment("kubernetes service nodeports; NOTE: this must be the last rule in this chain");
  const text = [
    "*filter",
    ...baseChains.filter.map((chain) => `:${chain} - [0:0]`),
    ...out.filter,
    "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
    `-A KUBE-FORWARD ${comment("kubernetes forwarding rules")} -m mark --mark ${mark} -j ACCEPT`,
    `-A KUBE-FORWARD ${comment("kubernetes forwarding conntrack rule")} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    "COMMIT",
    "*nat",
    ...[...baseChains.nat, ...out.chains].map((chain) => `:${chain} - [0:0]`),
    `-A KUBE-POSTROUTING -m mark ! --mark ${mark} -j RETURN`,
    "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
    `-A KUBE-POSTROUTING ${masquerade} -j MASQUERADE --random-fully`,
    `-A KUBE-MARK-MASQ -j MARK --set-xmark ${mark}`,
    ...out.nat,
    `-A KUBE-SERVICES ${last} -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`,
    ...out.nodePorts,
    "COMMIT",
    "",
  ].join("\n");
  return { text, chains: out.chains };
}

function writePort(out: Writing, port: ServicePort, clusterCIDR: string): void {
  const { name, protocol, clusterIP, nodePort, externalIPs, endpoints, externalLocal, internalLocal } = port;
  const hash = hashOf(name, protocol);
  const [svc, svl, ext] = [`KUBE-SVC-${hash}`, `KUBE-SVL-${hash}`, `KUBE-EXT-${hash}`];
  const to = `-p ${protocol} -m ${protocol}`;
  const local = endpoints.filter((each) => each.local);
  const internal = internalLocal ? local : endpoints;
  const outside = nodePort > 0 || externalIPs.length > 0;
  const external = externalLocal ? local : endpoints;
  const clusterRule = `${comment(`${name} cluster IP`)} ${to} -d ${clusterIP}/32 --dport ${port.port}`;
  const refuse = (chain: string, where: string, what: string, how: string): void => {
    out.filter.push(`-A ${chain} ${comment(`${name} has ${what}`)} ${where} -j ${how}`);
  };
  const reject = "REJECT --reject-with icmp-port-unreachable";
  if (endpoints.length === 0)
    refuse("KUBE-SERVICES", `${to} -d ${clusterIP}/32 --dport ${port.port}`, "no endpoints", reject);
  else if (internal.length === 0)
    refuse("KUBE-SERVICES", `${to} -d ${clusterIP}/32 --dport ${port.port}`, "no local endpoints", "DROP");
  else out.nat.push(`-A KUBE-SERVICES ${clusterRule} -j ${internalLocal ? svl : svc}`);
  if (outside) {
    const [what, how] = endpoints.length === 0 ? ["no endpoints", reject] : ["no local endpoints", "DROP"];
    for (const ip of externalIPs) {
      const where = `${to} -d ${ip}/32 --dport ${port.port}`;
      if (external.length === 0) refuse("KUBE-EXTERNAL-SERVICES", where, what, how);
      if (endpoints.length > 0) out.nat.push(`-A KUBE-SERVICES ${comment(`${name} external IP`)} ${where} -j ${ext}`);
    }
    if (nodePort > 0) {
      if (external.length === 0)
        refuse("KUBE-EXTERNAL-SERVICES", `-m addrtype --dst-type LOCAL ${to} --dport ${nodePort}`, what, how);
      if (endpoints.length > 0)
        out.nodePorts.push(`-A KUBE-NODEPORTS ${comment(name)} ${to} --dport ${nodePort} -j ${ext}`);
    }
  }
  if (endpoints.length === 0) return;
  if (outside) writeExternal(out, port, { svc, svl, ext }, clusterCIDR);
  const usesCluster = !internalLocal || outside;
  if (usesCluster) {
    out.chains.push(svc);
    out.nat.push(`-A ${svc} ! -s ${clusterCIDR} ${clusterRule} -j KUBE-MARK-MASQ`);
    writeChoice(out, port, svc, endpoints);
  }
  if (internalLocal || (outside && externalLocal)) {
    out.chains.push(svl);
    writeChoice(out, port, svl, local);
  }
  const used = usesCluster ? endpoints : local;
  for (const endpoint of used) writeEndpoint(out, port, endpoint);
}

/** What comes from outside: masqueraded, so that answers come back this way, unless it stays on the node. */
function writeExternal(
  out: Writing,
  { name, externalLocal }: ServicePort,
  { svc, svl, ext }: Readonly<Record<"svc" | "svl" | "ext", string>>,
  clusterCIDR: string,
): void {
  out.chains.push(ext);
  if (!externalLocal) {
    out.nat.push(`-A ${ext} ${comment(`masquerade traffic for ${name} external destinations`)} -j KUBE-MARK-MASQ`);
    out.nat.push(`-A ${ext} -j ${svc}`);
    return;
  }
  const own = "-m addrtype --src-type LOCAL";
  out.nat.push(
    `-A ${ext} ${comment(`pod traffic for ${name} external destinations`)} -s ${clusterCIDR} -j ${svc}`,
    `-A ${ext} ${comment(`masquerade LOCAL traffic for ${name} external destinations`)} ${own} -j KUBE-MARK-MASQ`,
    `-A ${ext} ${comment(`route LOCAL traffic for ${name} external destinations`)} ${own} -j ${svc}`,
    `-A ${ext} -j ${svl}`,
  );
}

const endpointChain = ({ name, protocol }: ServicePort, { ip, port }: Endpoint): string =>
  `KUBE-SEP-${hashOf(name, protocol, `${ip}:${port}`)}`;

/** One of the endpoints at random; the one of before, where clients stay. */
function writeChoice(out: Writing, port: ServicePort, chain: string, endpoints: readonly Endpoint[]): void {
  const label = ({ ip, port: number }: Endpoint): string => comment(`${port.name} -> ${ip}:${number}`);
  if (port.affinity > 0)
    for (const endpoint of endpoints) {
      const sep = endpointChain(port, endpoint);
      const known = `-m recent --name ${sep} --rcheck --seconds ${port.affinity} --reap`;
      out.nat.push(`-A ${chain} ${label(endpoint)} ${known} -j ${sep}`);
    }
  endpoints.forEach((endpoint, place) => {
    const left = endpoints.length - place;
    const chance = left > 1 ? ` -m statistic --mode random --probability ${(1 / left).toFixed(10)}` : "";
    out.nat.push(`-A ${chain} ${label(endpoint)}${chance} -j ${endpointChain(port, endpoint)}`);
  });
}

function writeEndpoint(out: Writing, port: ServicePort, endpoint: Endpoint): void {
  const { name, protocol, affinity } = port;
  const { ip, port: number } = endpoint;
  const sep = endpointChain(port, endpoint);
  const recent = affinity > 0 ? ` -m recent --name ${sep} --set` : "";
  out.chains.push(sep);
  out.nat.push(
    `-A ${sep} ${comment(name)} -s ${ip}/32 -j KUBE-MARK-MASQ`,
    `-A ${sep} ${comment(name)}${recent} -p ${protocol} -m ${protocol} -j DNAT --to-destination ${ip}:${number}`,
  );
}
