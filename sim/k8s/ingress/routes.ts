import type { NetworkAddress } from "../../os/index.js";
import { keyOf } from "../client/address.js";
import type { ObjectOf } from "../client/client.js";
import type { IngressBackend, IngressPath } from "../client/ingress-types.js";

type Ingress = ObjectOf<"ingresses">;

/** The controller that a class names, and so this one (ingress-nginx's `--controller-class`). */
export const controllerName = "k8s.io/ingress-nginx";
/** What chose a class before there were any. */
const classAnnotation = "kubernetes.io/ingress.class";

/** What the controller knows of the cluster. */
export interface Known {
  readonly ingresses: readonly Ingress[];
  readonly classes: readonly ObjectOf<"ingressclasses">[];
  readonly services: readonly ObjectOf<"services">[];
  readonly slices: readonly ObjectOf<"endpointslices">[];
}

/** Where requests go: to the ready pods of one port of a service. Without endpoints they are answered by 503. */
export interface Upstream {
  /** `namespace-service-port`, as ingress-nginx names them. */
  readonly name: string;
  readonly endpoints: readonly NetworkAddress[];
}

/** One way of a host. */
export interface Route {
  /** This very path, all that begins with its elements (`/foo` and `/foo/bar`), or with its letters (`/foobar`, too). */
  readonly match: "exact" | "prefix" | "letters";
  /** A prefix' without a slash at its end. */
  readonly path: string;
  readonly upstream: Upstream;
  /** Whose it is: `namespace/name`. */
  readonly ingress: string;
}

/** A host's ways; what takes none of them goes to the default backend, which answers 404. */
export interface VirtualServer {
  /** A name, `*.` and a name, or "" for requests to all hosts that no other server has. */
  readonly host: string;
  readonly routes: readonly Route[];
}

/**
 * The Ingresses that are this controller's: those whose class names it, or whose annotation names a class of it.
 * Older ones come first: they win where two say something of the same path.
 */
export function ownIngresses({ ingresses, classes }: Pick<Known, "ingresses" | "classes">): readonly Ingress[] {
  const own = new Set(
    classes.filter(({ spec }) => spec?.controller === controllerName).map(({ metadata }) => metadata.name),
  );
  const key = ({ metadata: { creationTimestamp = "", namespace = "", name = "" } }: Ingress): string =>
    `${creationTimestamp}/${namespace}/${name}`;
  return ingresses
    .filter(({ spec, metadata }) => own.has(spec?.ingressClassName ?? metadata.annotations?.[classAnnotation]))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/**
 * What Ingresses, services and slices say of each host, after ingress-nginx: a prefix goes by whole elements of the path, the longest one
 * wins, and an exact path wins over a prefix. `ImplementationSpecific` is nginx's own prefix, which looks at letters.
 * @returns the server without a host first, then hosts by name, then wildcards
 */
export function virtualServers(known: Known): readonly VirtualServer[] {
  const upstream = upstreamsOf(known);
  const hosts = new Map<string, Map<string, Route>>([["", new Map()]]);
  for (const { metadata, spec = {} } of ownIngresses(known)) {
    const { namespace = "", name = "" } = metadata;
    const { rules = [], defaultBackend } = spec;
    const add = (host: string, match: Route["match"], path: string, backend: IngressBackend): void => {
      const routes = hosts.get(host) ?? new Map<string, Route>();
      hosts.set(host, routes);
      const at = `${match} ${path}`;
      if (routes.has(at)) return;
      routes.set(at, { match, path, upstream: upstream(namespace, backend), ingress: `${namespace}/${name}` });
    };
    for (const { host = "", http } of rules)
      for (const path of http?.paths ?? []) add(host, ...wayOf(path), path.backend);
    // Behind the rules: what they take isn't left for it.
    if (defaultBackend === undefined) continue;
    for (const host of rules.length === 0 ? [""] : new Set(rules.map((rule) => rule.host ?? "")))
      add(host, "prefix", "/", defaultBackend);
  }
  const order = (host: string): string => (host === "" ? "0" : host.startsWith("*") ? `2${host}` : `1${host}`);
  return [...hosts]
    .sort(([a], [b]) => (order(a) < order(b) ? -1 : 1))
    .map(([host, routes]) => ({ host, routes: [...routes.values()].sort(byLength) }));
}

/** Exact paths first, then the longest prefix. */
const byLength = (a: Route, b: Route): number =>
  (a.match === "exact") === (b.match === "exact")
    ? b.path.length - a.path.length || (a.path < b.path ? -1 : 1)
    : a.match === "exact"
      ? -1
      : 1;

function wayOf({ path = "", pathType }: IngressPath): readonly [Route["match"], string] {
  if (path === "") return ["prefix", "/"];
  if (pathType === "Exact") return ["exact", path];
  if (pathType === "ImplementationSpecific") return ["letters", path];
  return ["prefix", path === "/" ? path : path.replace(/\/$/, "")];
}

/** The upstream of a backend: each is made once. */
function upstreamsOf({ services, slices }: Known): (namespace: string, backend: IngressBackend) => Upstream {
  const byName = new Map(services.map((service) => [keyOf(service), service]));
  const byService = new Map<string, ObjectOf<"endpointslices">[]>();
  for (const slice of slices) {
    const { namespace = "", labels } = slice.metadata;
    const of = `${namespace}/${labels?.["kubernetes.io/service-name"] ?? ""}`;
    byService.set(of, [...(byService.get(of) ?? []), slice]);
  }
  const made = new Map<string, Upstream>();
  return (namespace, { service }) => {
    const { name: wanted, number } = service?.port ?? {};
    const name = `${namespace}-${service?.name ?? "resource"}-${wanted ?? number ?? 0}`;
    const key = `${namespace}/${service?.name ?? ""}`;
    const port = byName
      .get(key)
      ?.spec.ports?.find((each) => (wanted === undefined ? each.port === number : each.name === wanted));
    const endpoints = port === undefined ? [] : readyEndpoints(byService.get(key) ?? [], port.name ?? "");
    const upstream = made.get(name) ?? { name, endpoints };
    made.set(name, upstream);
    return upstream;
  };
}

function readyEndpoints(slices: readonly ObjectOf<"endpointslices">[], portName: string): readonly NetworkAddress[] {
  const found = new Map<string, NetworkAddress>();
  for (const { addressType, endpoints, ports = [] } of slices) {
    const port = ports.find(({ name = "" }) => name === portName)?.port;
    if (addressType !== "IPv4" || port === undefined) continue;
    for (const { addresses, conditions = {} } of endpoints)
      for (const address of conditions.ready === false ? [] : addresses)
        found.set(`${address}:${port}`, { address, port });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}
