import { UsageError } from "../../core/index.js";
import {
  formatAddress,
  formatIpv4,
  formatMac,
  formatPrefix,
  interfaceAddress,
  isLoopback,
  mac,
  prefix,
  within,
  type Ipv4,
  type NetworkInterface,
} from "../../net/index.js";
import { E } from "../errno.js";
import type { NetNamespace } from "../namespace/net-namespace.js";
import { capable } from "../security/credentials.js";
import type { Task } from "../task/task.js";
import { addressOf } from "./socket.js";
import { operState, parentOf, peerOf, wasUp } from "./links.js";
import type {
  AddressRow,
  LinkRow,
  NeighbourRow,
  NetlinkRequest,
  NetworkOf,
  RouteRow,
  SocketRow,
} from "./rtnetlink-messages.js";

/** @throws EPERM without CAP_NET_ADMIN over the namespace */
export function demandAdmin(task: Task, { userNamespace }: NetNamespace): void {
  if (!capable(task.credentials, userNamespace, "NET_ADMIN")) throw E.EPERM;
}

function namespaceOf(task: Task, which: NetworkOf): NetNamespace {
  if ("pid" in which) {
    const other = task.pidNamespace.tasks.get(which.pid);
    if (other === undefined) throw E.ESRCH;
    return other.namespaces.net;
  }
  const inode = task.files.file(which.fd).place?.inode;
  // What setns(2) takes, too: a file of /proc/PID/ns.
  const namespace = inode !== undefined && "namespace" in inode ? inode.namespace : undefined;
  if (typeof namespace !== "object" || namespace === null || !("settle" in namespace)) throw E.EINVAL;
  return namespace as NetNamespace;
}

/** The other namespace that a link goes to: to be administered, too. */
function foreign(task: Task, own: NetNamespace, which: NetworkOf | undefined): NetNamespace {
  const other = which === undefined ? own : namespaceOf(task, which);
  demandAdmin(task, other);
  return other;
}

/** Does what a request says, in the socket's namespace. @throws Errno */
export function answer(task: Task, namespace: NetNamespace, request: NetlinkRequest): unknown {
  const { net, links } = namespace;
  const asks = request.type.startsWith("RTM_GET") || request.type === "SOCK_DIAG_BY_FAMILY";
  if (!asks) demandAdmin(task, namespace);
  switch (request.type) {
    case "RTM_NEWLINK": {
      const home = foreign(task, namespace, request.net);
      if (request.kind !== "veth") home.links.add(request.name, request);
      else {
        const peerNet = foreign(task, namespace, request.peerNet).net;
        home.links.add(request.name, { kind: "veth", peer: request.peer, peerNet });
      }
      return undefined;
    }
    case "RTM_SETLINK": {
      const goal = foreign(task, namespace, request.net);
      const { rename, ...rest } = request.set ?? {};
      if (goal === namespace) links.change(request.name, request.set ?? {});
      else {
        goal.links.take(links.find(request.name), rename);
        goal.links.change(rename ?? request.name, rest);
      }
      return undefined;
    }
    case "RTM_DELLINK":
      links.delete(request.name);
      return undefined;
    case "RTM_GETLINK":
      return net.interfaces.map((link) => linkRow(namespace, link));
    case "RTM_GETADDR":
      return net.interfaces.flatMap((link) => addressRows(namespace, link));
    case "RTM_GETNSID":
      return links.knownId(namespaceOf(task, request.net).net) ?? -1;
    case "RTM_NEWADDR": {
      const link = links.find(request.name);
      const address = parsed(() => interfaceAddress(request.address));
      if (link.has(address.address)) throw E.EEXIST;
      net.addAddress(link, address);
      const { broadcast } = request;
      links.setBroadcast(link, address.address, broadcast === undefined ? undefined : addressOf(broadcast));
      return undefined;
    }
    case "RTM_DELADDR": {
      const link = links.find(request.name);
      const address = parsed(() => interfaceAddress(request.address));
      if (!link.has(address.address)) throw E.EADDRNOTAVAIL;
      net.removeAddress(link, address);
      return undefined;
    }
    case "RTM_NEWROUTE":
      addRoute(namespace, request);
      return undefined;
    case "RTM_DELROUTE":
      removeRoute(namespace, request);
      return undefined;
    case "RTM_GETROUTE":
      return getRoutes(namespace, request.table, request.get);
    case "RTM_GETNEIGH":
      return net.neighbours.list().map(({ address, interface: dev, mac: at, state }): NeighbourRow => ({
        address: formatIpv4(address),
        dev,
        mac: at === 0 ? undefined : formatMac(at),
        state,
      }));
    case "RTM_NEWNEIGH": {
      const at = parsed(() => mac(request.mac));
      net.neighbours.set(links.find(request.name), addressOf(request.address), at);
      return undefined;
    }
    case "RTM_DELNEIGH":
      if (!net.neighbours.remove(links.find(request.name), addressOf(request.address))) throw E.ENOENT;
      return undefined;
    case "SOCK_DIAG_BY_FAMILY":
      return sockets(namespace);
    case "NFT_MSG_NEWRULE":
      return parsed(() => net.iptables(request.line));
    case "NFT_MSG_RESTORE":
      parsed(() => {
        net.netfilter.restoreRules(request.text, { keep: request.keep ?? false });
      });
      return undefined;
    case "NFT_MSG_NEWSETELEM": {
      const map = net.netfilter.map(request.map);
      for (const [key, target] of request.entries) map.set(key, target);
      return undefined;
    }
    case "NFT_MSG_DELSETELEM": {
      const map = net.netfilter.map(request.map);
      for (const key of request.keys) map.delete(key);
      return undefined;
    }
    case "IPSET_CMD_ADD": {
      const { netfilter } = net;
      parsed(() => {
        const set =
          netfilter.sets.find(({ name }) => name === request.set) ?? netfilter.addSet(request.set, request.kind);
        for (const entry of request.remove) set.delete(entry);
        for (const entry of request.add) set.add(entry);
      });
      return undefined;
    }
    case "IPVS_CMD_SET_SERVICE": {
      const { ipvs } = net.netfilter;
      const { protocol, at, scheduler, add, remove } = request;
      parsed(() => {
        const server = ipvs.at(protocol, at) ?? ipvs.add(protocol, at, scheduler);
        for (const real of remove) ipvs.removeReal(server, real);
        for (const real of add) ipvs.addReal(server, real);
      });
      return undefined;
    }
    case "IPVS_CMD_DEL_SERVICE":
      parsed(() => {
        const { ipvs } = net.netfilter;
        const server = ipvs.at(request.protocol, request.at);
        if (server !== undefined) ipvs.remove(server);
      });
      return undefined;
    case "NFT_MSG_GETRULE":
      return [...net.netfilter.rules.table(request.table).values()];
  }
}

/** sim/net says in words what is wrong; a program gets EINVAL. */
function parsed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw E.EINVAL;
    throw error;
  }
}

function linkRow({ links, net }: NetNamespace, link: NetworkInterface): LinkRow {
  const { index, name, kind, up, mtu, master, statistics } = link;
  const other = peerOf(link) ?? parentOf(link);
  const foreign = other !== undefined && other.owner !== net;
  return {
    index,
    name,
    kind,
    up,
    mtu,
    mac: formatMac(link.mac),
    addresses: link.addresses.map(formatAddress),
    master,
    link: other?.index,
    linkName: foreign ? undefined : other?.name,
    netnsid: foreign ? links.idOf(other.owner) : undefined,
    operstate: operState(link),
    qdisc: wasUp(link) ? (kind === "ethernet" ? "fq_codel" : "noqueue") : "noop",
    statistics: { ...statistics },
  };
}

/** Primary addresses first, then those that are secondary to them. */
function addressRows({ links }: NetNamespace, link: NetworkInterface): AddressRow[] {
  const rows = link.addresses.map(({ address, length }, place): AddressRow => {
    const broadcast = links.broadcastOf(link, address);
    return {
      dev: link.name,
      address: formatIpv4(address),
      length,
      broadcast: broadcast === undefined ? undefined : formatIpv4(broadcast),
      scope: isLoopback(address) ? "host" : "global",
      secondary: link.addresses
        .slice(0, place)
        .some((before) => before.length === length && within(before.address, { network: address, length })),
    };
  });
  return [...rows.filter(({ secondary }) => !secondary), ...rows.filter(({ secondary }) => secondary)];
}

function addRoute(
  { net, links }: NetNamespace,
  request: Extract<NetlinkRequest, { readonly type: "RTM_NEWROUTE" }>,
): void {
  const { to, via, dev, src, metric = 0, kind = "unicast", table, replace = false } = request;
  const destination = parsed(() => prefix(to));
  if (dev !== undefined && !links.find(dev).up) throw E.ENETDOWN;
  if (via !== undefined) {
    const way = net.routeTo(addressOf(via));
    // A router has to be a neighbour: fib_check_nh().
    if (dev === undefined && (way?.interface === undefined || way.gateway !== undefined)) throw E.ENETUNREACH;
  } else if (dev === undefined && kind === "unicast") throw E.ENODEV;
  if (src !== undefined && !net.isLocal(addressOf(src))) throw E.EINVAL;
  const same = net.routes.list(table).some((route) => {
    const { network, length } = route.destination;
    return network === destination.network && length === destination.length && route.metric === metric;
  });
  if (same && !replace) throw E.EEXIST;
  parsed(() => {
    net.addRoute({ to: destination, via, dev, src, metric, type: kind, table });
  });
}

function removeRoute(
  { net }: NetNamespace,
  { to, via, dev, metric, table }: Extract<NetlinkRequest, { readonly type: "RTM_DELROUTE" }>,
): void {
  const { network, length } = parsed(() => prefix(to));
  const gateway = via === undefined ? undefined : addressOf(via);
  const matches = [...net.routes.list(table)].find(
    (route) =>
      route.destination.network === network &&
      route.destination.length === length &&
      (gateway === undefined || route.gateway === gateway) &&
      (dev === undefined || route.interface?.name === dev) &&
      (metric === undefined || route.metric === metric),
  );
  if (matches === undefined) throw E.ESRCH;
  net.routes.remove((route) => route === matches, table);
}

function getRoutes({ net }: NetNamespace, table: number | undefined, get: string | undefined): RouteRow[] {
  const found = get === undefined ? net.routes.list(table) : [net.routeTo(addressOf(get))];
  return found.map((route) => {
    if (route === undefined) throw E.ENETUNREACH;
    const { destination, type: kind, gateway, interface: out, source, metric } = route;
    const shown = get === undefined ? source : net.sourceFor(addressOf(get));
    return {
      to: get ?? (destination.length === 0 ? "default" : formatPrefix(destination)),
      kind,
      via: gateway === undefined ? undefined : formatIpv4(gateway),
      dev: out?.name,
      src: typeof shown === "number" ? formatIpv4(shown) : undefined,
      metric,
      connected: gateway === undefined && source !== undefined,
    };
  });
}

function sockets({ net }: NetNamespace): SocketRow[] {
  const end = (address: number, port: number): { readonly address: string; readonly port: number } => ({
    address: formatIpv4(address as Ipv4),
    port,
  });
  const tcp = net.tcp.list().map(({ state, ends, tcb, line }): SocketRow => {
    const [local, remote] = [end(ends.localAddress, ends.localPort), end(ends.remoteAddress, ends.remotePort)];
    return {
      protocol: "tcp",
      state,
      local: local.address,
      localPort: local.port,
      remote: remote.address,
      remotePort: remote.port,
      receiveQueue: tcb?.received.readable ?? line?.waiting ?? 0,
      sendQueue: tcb?.buffered ?? line?.most ?? 0,
    };
  });
  const udp = net.udp.sockets.map((socket): SocketRow => {
    const remote = socket.remote ?? { address: 0, port: 0 };
    return {
      protocol: "udp",
      state: socket.remote === undefined ? "UNCONN" : "ESTABLISHED",
      local: formatIpv4(socket.local.address),
      localPort: socket.local.port,
      remote: end(remote.address, remote.port).address,
      remotePort: remote.port,
      receiveQueue: 0,
      sendQueue: 0,
    };
  });
  return [...tcp, ...udp];
}
