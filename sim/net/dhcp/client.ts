import { any, s, type Activity, type Nanos } from "../../core/index.js";
import { isErrno } from "../ip/errno.js";
import type { NetworkInterface } from "../link/interface.js";
import type { NetworkNamespace } from "../namespace.js";
import { anyIpv4, broadcastIpv4, formatIpv4, type Ipv4 } from "../packet/address.js";
import type { UdpSocket } from "../socket/udp.js";
import { decodeDhcp, encodeDhcp, type DhcpMessage, type DhcpType } from "./message.js";

/** What a client was given. */
export interface Configuration {
  readonly address: string;
  readonly router: string | undefined;
  readonly nameServers: readonly string[];
  readonly domain: string | undefined;
  readonly server: Ipv4;
  /** For how long. */
  readonly lease: Nanos;
}

/** RFC 2131, 4.1: four seconds for the first answer, then twice as long each time. */
const firstWait = 4;
const tries = 4;

/** Of a mask, how many bits stand at its beginning. */
const lengthOf = (mask: Ipv4): number => Math.clz32(~mask >>> 0);

/** Asks for an address on an interface (RFC 2131, 3.1) and configures it; undefined where nobody answers. */
export function* obtainAddress(
  namespace: NetworkNamespace,
  name: string,
  hostName: string = namespace.name,
): Activity<Configuration | undefined> {
  const on = namespace.interface(name);
  namespace.setUp(on);
  const socket = openSocket(namespace, on);
  try {
    const transaction = namespace.world.rng.stream("net.dhcp").uint32();
    const blank = {
      transaction,
      client: on.mac,
      clientAddress: anyIpv4,
      yourAddress: anyIpv4,
      routers: [],
      nameServers: [],
    };
    const offer = yield* exchange(namespace, socket, { ...blank, type: "DISCOVER", hostName }, ["OFFER"]);
    if (offer?.server === undefined) return undefined;
    const request: DhcpMessage = {
      ...blank,
      type: "REQUEST",
      requested: offer.yourAddress,
      server: offer.server,
      hostName,
    };
    const answer = yield* exchange(namespace, socket, request, ["ACK", "NAK"]);
    if (answer?.type !== "ACK") return undefined;
    const given = configurationOf(answer, offer.server);
    namespace.addAddress(on, given.address);
    if (given.router !== undefined) namespace.addRoute({ to: "default", via: given.router, dev: name });
    return given;
  } finally {
    socket.close();
  }
}

/**
 * Keeps an address: asks for it anew after half of its time (RFC 2131, 4.4.5), for as long as it is given; then gives it up. To be
 * spawned as background work. The other servers that are asked from seven eighths on are left out.
 */
export function* keepAddress(namespace: NetworkNamespace, name: string, given: Configuration): Activity<void> {
  const on = namespace.interface(name);
  const { engine, rng } = namespace.world;
  let { lease } = given;
  const clientAddress = on.addresses[0]?.address ?? anyIpv4;
  for (;;) {
    yield engine.delay(Math.floor(lease / 2) as Nanos, { background: true });
    const socket = openSocket(namespace, on);
    const transaction = rng.stream("net.dhcp").uint32();
    const blank = { transaction, client: on.mac, yourAddress: anyIpv4, routers: [], nameServers: [] };
    const answer = yield* exchange(namespace, socket, { ...blank, type: "REQUEST", clientAddress }, ["ACK", "NAK"]);
    socket.close();
    if (answer?.type === "ACK") {
      lease = configurationOf(answer, given.server).lease;
      continue;
    }
    if (answer === undefined) yield engine.delay(Math.ceil(lease / 2) as Nanos, { background: true });
    namespace.removeAddress(on, given.address);
    return;
  }
}

function configurationOf(answer: DhcpMessage, server: Ipv4): Configuration {
  return {
    address: `${formatIpv4(answer.yourAddress)}/${lengthOf(answer.mask ?? broadcastIpv4)}`,
    router: answer.routers[0] === undefined ? undefined : formatIpv4(answer.routers[0]),
    nameServers: answer.nameServers.map(formatIpv4),
    domain: answer.domain,
    server,
    lease: s(answer.lease ?? 3600),
  };
}

function openSocket(namespace: NetworkNamespace, on: NetworkInterface): UdpSocket {
  const socket = namespace.udpSocket();
  socket.device = on;
  socket.reuseAddress = true;
  socket.bind(anyIpv4, 68);
  return socket;
}

/** Sends a message until one of the wanted answers comes. */
function* exchange(
  { world: { engine } }: NetworkNamespace,
  socket: UdpSocket,
  message: DhcpMessage,
  wanted: readonly DhcpType[],
): Activity<DhcpMessage | undefined> {
  for (let turn = 0; turn < tries; turn++) {
    socket.send(encodeDhcp(message), broadcastIpv4, 67);
    const late = engine.delay(s(firstWait * 2 ** turn));
    for (;;) {
      const got = socket.tryReceive();
      if (got === "EAGAIN") {
        const first = yield* any({ answer: socket.changed, late });
        if (first.key === "late") break;
        continue;
      }
      if (isErrno(got)) return undefined;
      const answer = decodeDhcp(got.data);
      if (answer?.transaction === message.transaction && wanted.includes(answer.type)) return answer;
    }
  }
  return undefined;
}
