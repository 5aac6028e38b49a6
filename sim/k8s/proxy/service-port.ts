import type { ObjectOf } from "../client/client.js";
import { at, listAt, stringAt } from "../objects/value.js";

type Service = ObjectOf<"services">;
type EndpointSlice = ObjectOf<"endpointslices">;

/** Where a service's connections may go. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  /** Whether it is on the node that asks. */
  readonly local: boolean;
}

/** One port of a service, as a proxy sees it (kubernetes, `pkg/proxy/servicechangetracker.go`). */
export interface ServicePort {
  /** `namespace/name:port`; without the colon where the port has no name. */
  readonly name: string;
  readonly protocol: "tcp" | "udp";
  readonly clusterIP: string;
  readonly port: number;
  /** 0 where it has none. */
  readonly nodePort: number;
  /** Further addresses at which it is reached from outside: its own, and those of its load balancer. */
  readonly externalIPs: readonly string[];
  /** For how many seconds a client stays with an endpoint (`ClientIP`); 0 where it doesn't. */
  readonly affinity: number;
  /** Whether what comes from outside, or from inside, goes to endpoints of the same node alone. */
  readonly externalLocal: boolean;
  readonly internalLocal: boolean;
  /** Those that are ready; where none is, those that end but still serve (KEP-1669). */
  readonly endpoints: readonly Endpoint[];
}

/** Ports with addresses, by name: what a node's rules are made of. @param node the node's name */
export function servicePorts(
  services: Iterable<Service>,
  slices: Iterable<EndpointSlice>,
  node: string,
): readonly ServicePort[] {
  const bySlices = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const { namespace = "", labels } = slice.metadata;
    const of = `${namespace}/${labels?.["kubernetes.io/service-name"] ?? ""}`;
    const others = bySlices.get(of);
    if (others === undefined) bySlices.set(of, [slice]);
    else others.push(slice);
  }
  const found: ServicePort[] = [];
  for (const service of services) {
    const { clusterIP = "", type = "ClusterIP", ports = [] } = service.spec;
    if (clusterIP === "" || clusterIP === "None" || type === "ExternalName") continue;
    const { name = "", namespace = "" } = service.metadata;
    const { spec, status } = service;
    const whole = `${namespace}/${name}`;
    const outside = type === "LoadBalancer" ? (status?.loadBalancer?.ingress ?? []) : [];
    const own = listAt(spec, "externalIPs").filter((each) => typeof each === "string");
    const timeout = at(spec, "sessionAffinityConfig", "clientIP", "timeoutSeconds");
    for (const port of ports) {
      const protocol = (port.protocol ?? "TCP").toLowerCase();
      if (protocol !== "tcp" && protocol !== "udp") continue;
      found.push({
        name: port.name === undefined || port.name === "" ? whole : `${whole}:${port.name}`,
        protocol,
        clusterIP,
        port: port.port,
        nodePort: type === "ClusterIP" ? 0 : (port.nodePort ?? 0),
        externalIPs: [...own, ...outside.flatMap(({ ip }) => (ip === undefined ? [] : [ip]))],
        affinity:
          stringAt(spec, "sessionAffinity") === "ClientIP" ? (typeof timeout === "number" ? timeout : 10_800) : 0,
        externalLocal: stringAt(spec, "externalTrafficPolicy") === "Local",
        internalLocal: stringAt(spec, "internalTrafficPolicy") === "Local",
        endpoints: endpointsOf(bySlices.get(whole) ?? [], port.name ?? "", node),
      });
    }
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function endpointsOf(slices: readonly EndpointSlice[], portName: string, node: string): readonly Endpoint[] {
  const ready = new Map<string, Endpoint>();
  const ending = new Map<string, Endpoint>();
  for (const { addressType, endpoints, ports = [] } of slices) {
    const port = ports.find(({ name = "" }) => name === portName)?.port;
    if (addressType !== "IPv4" || port === undefined) continue;
    for (const { addresses, conditions = {}, nodeName } of endpoints) {
      const [ip] = addresses;
      if (ip === undefined) continue;
      const { ready: isReady = true, serving = isReady, terminating = false } = conditions;
      const endpoint = { ip, port, local: nodeName === node };
      if (isReady) ready.set(`${ip}:${port}`, endpoint);
      else if (serving && terminating) ending.set(`${ip}:${port}`, endpoint);
    }
  }
  const usable = [...(ready.size > 0 ? ready : ending)];
  return usable.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}
