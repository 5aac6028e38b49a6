import {
  formatIpv4,
  ipv4,
  parseIpv4,
  reverseName,
  type DnsData,
  type DnsQuestion,
  type DnsRecord,
  type ZoneAnswer,
} from "../../net/index.js";
import type { ObjectOf } from "../client/client.js";
import type { Store } from "../client/store.js";
import { stringAt } from "../objects/value.js";

type Service = ObjectOf<"services">;
type EndpointSlice = ObjectOf<"endpointslices">;

/** What the cluster's names are made of. */
export interface Known {
  readonly domain: string;
  readonly services: Store<Service>;
  readonly slices: Store<EndpointSlice>;
}

/** In seconds: CoreDNS's plugin `kubernetes`. */
const ttl = 5;
/** How far a chain of aliases is followed. */
const mostAliases = 8;

/** Makes ready what names are looked up by. */
export function indexed({ services, slices }: Known): void {
  slices.index("service", ({ metadata: { namespace = "", labels } }) => [
    `${namespace}/${labels?.["kubernetes.io/service-name"] ?? ""}`,
  ]);
  slices.index("address", ({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses));
  services.index("address", ({ spec }) => [spec.clusterIP ?? ""]);
}

interface Target {
  /** The first word of its own name: its hostname, or its address with dashes. */
  readonly label: string;
  readonly ip: string;
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
}

/** The endpoints that a headless service's name stands for. */
function targetsOf({ slices }: Known, { metadata, spec }: Service): Target[] {
  const found = new Map<string, Target>();
  for (const { addressType, endpoints, ports = [] } of slices.by(
    "service",
    `${metadata.namespace ?? ""}/${metadata.name ?? ""}`,
  )) {
    if (addressType !== "IPv4") continue;
    const named = ports.map(({ name = "", protocol = "TCP", port = 0 }) => ({
      name,
      protocol: protocol.toLowerCase(),
      port,
    }));
    for (const { addresses, conditions, hostname } of endpoints) {
      if (conditions?.ready === false && spec.publishNotReadyAddresses !== true) continue;
      for (const ip of addresses) found.set(ip, { label: hostname ?? ip.replaceAll(".", "-"), ip, ports: named });
    }
  }
  return [...found.values()].sort((a, b) => (a.ip < b.ip ? -1 : 1));
}

const isHeadless = ({ spec }: Service): boolean => spec.clusterIP === "None" || spec.clusterIP === "";

/**
 * What the cluster says of a name of its own (Kubernetes DNS-Based Service Discovery 1.1.0): services, endpoints, ports, pods, and addresses'
 * names. @returns undefined for names of others
 */
export function clusterAnswer(known: Known, question: DnsQuestion, aliases = 0): ZoneAnswer | undefined {
  const { name, type } = question;
  const { domain } = known;
  if (type === "PTR") return named(known, name);
  if (name !== domain && !name.endsWith(`.${domain}`)) return undefined;
  const words = name
    .slice(0, -domain.length - 1)
    .split(".")
    .reverse();
  const [kind = "", namespace = "", ...rest] = words;
  const found =
    kind === "svc" ? ofService(known, namespace, rest, question) : kind === "pod" ? ofPod(rest, namespace) : undefined;
  // The authority says how long it may be remembered that there is nothing.
  const authority: DnsRecord = {
    ...{ name: domain, ttl, type: "SOA", server: `ns.dns.${domain}`, mail: `hostmaster.${domain}` },
    ...{ serial: 1, minimum: ttl },
  };
  const isKnown = found !== undefined || name === domain || (words.length === 1 && (kind === "svc" || kind === "pod"));
  const answers = (found ?? []).map((data): DnsRecord => ({ name, ttl, ...data }));
  const fitting = answers.filter((record) => record.type === type || record.type === "CNAME");
  const [alias] = fitting;
  // What an alias of the cluster's stands for is told along with it.
  if (alias?.type === "CNAME" && type !== "CNAME" && aliases < mostAliases)
    fitting.push(...(clusterAnswer(known, { name: alias.target, type }, aliases + 1)?.answers ?? []));
  return {
    rcode: isKnown ? "NOERROR" : "NXDOMAIN",
    answers: fitting,
    authorities: fitting.length === 0 ? [authority] : [],
  };
}

/** @returns undefined for a name that there isn't; nothing for one that only others lie below */
function ofService(
  known: Known,
  namespace: string,
  rest: readonly string[],
  { type }: DnsQuestion,
): DnsData[] | undefined {
  const [name = "", ...below] = rest;
  if (name === "")
    return [...known.services.values()].some(({ metadata }) => metadata.namespace === namespace) ? [] : undefined;
  const service = known.services.get(namespace, name);
  if (service === undefined) return undefined;
  const { spec } = service;
  const whole = `${name}.${namespace}.svc.${known.domain}`;
  if (spec.type === "ExternalName")
    return below.length === 0 ? [{ type: "CNAME", target: stringAt(spec, "externalName") ?? "" }] : undefined;
  const headless = isHeadless(service);
  const targets = headless ? targetsOf(known, service) : [];
  if (below.length === 0) {
    if (type === "SRV") return ports(known, service, targets, whole, undefined);
    return headless
      ? targets.map(({ ip }): DnsData => ({ type: "A", address: ipv4(ip) }))
      : [{ type: "A", address: ipv4(spec.clusterIP ?? "0.0.0.0") }];
  }
  const [protocol = "", port] = below;
  if (protocol.startsWith("_")) {
    if (port === undefined) return [];
    const found = ports(known, service, targets, whole, { port: port.slice(1), protocol: protocol.slice(1) });
    return found.length === 0 ? undefined : found;
  }
  const own = targets.filter(({ label }) => label === protocol);
  if (below.length > 1 || own.length === 0) return undefined;
  return own.map(({ ip }) => ({ type: "A", address: ipv4(ip) }));
}

/** SRV records: of a service with an address its own ports, of a headless one those of each endpoint. */
function ports(
  { domain }: Known,
  { metadata, spec }: Service,
  targets: readonly Target[],
  whole: string,
  only: { readonly port: string; readonly protocol: string } | undefined,
): DnsData[] {
  const wanted = (port: { readonly name?: string; readonly protocol?: string }): boolean =>
    only === undefined || (port.name === only.port && (port.protocol ?? "TCP").toLowerCase() === only.protocol);
  const srv = (port: number, target: string): DnsData => ({ type: "SRV", priority: 0, weight: 100, port, target });
  if (spec.clusterIP !== "None")
    return (spec.ports ?? [])
      .filter(wanted)
      .map(({ port }) => srv(port, `${metadata.name ?? ""}.${metadata.namespace ?? ""}.svc.${domain}`));
  return targets.flatMap(({ label, ports: own }) =>
    own.filter(wanted).map(({ port }) => srv(port, `${label}.${whole}`)),
  );
}

/** `10-244-1-2.default.pod`: the address itself, whether or not there is such a pod (CoreDNS, `pods insecure`). */
function ofPod([label = ""]: readonly string[], namespace: string): DnsData[] | undefined {
  const address = namespace === "" ? undefined : parseIpv4(label.replaceAll("-", "."));
  return address === undefined ? undefined : [{ type: "A", address }];
}

/** The name of a service's address, or of an endpoint's. */
function named(known: Known, name: string): ZoneAnswer | undefined {
  const parts = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name)?.slice(1).reverse().join(".");
  const address = parts === undefined ? undefined : parseIpv4(parts);
  if (address === undefined || reverseName(address) !== name) return undefined;
  const ip = formatIpv4(address);
  const targets: string[] = known.services
    .by("address", ip)
    .map(({ metadata }) => `${metadata.name ?? ""}.${metadata.namespace ?? ""}.svc.${known.domain}`);
  for (const { metadata, endpoints } of known.slices.by("address", ip)) {
    const service = metadata.labels?.["kubernetes.io/service-name"] ?? "";
    const hostname = endpoints.find(({ addresses }) => addresses.includes(ip))?.hostname ?? ip.replaceAll(".", "-");
    if (service !== "") targets.push(`${hostname}.${service}.${metadata.namespace ?? ""}.svc.${known.domain}`);
  }
  if (targets.length === 0) return undefined;
  return {
    rcode: "NOERROR",
    answers: [...new Set(targets)].map((target): DnsRecord => ({ name, ttl, type: "PTR", target })),
    authorities: [],
  };
}
