import type { Activity } from "../../core/index.js";
import { formatIpv4, formatPrefix, type Ipv4 } from "../../net/index.js";
import { attempt, netlink, type Sys } from "../../os/index.js";
import type { Network } from "./network.js";
import type { PublishedPort } from "./ports.js";

/**
 * Docker's rules, as `iptables -S` shows them on a host: what containers may reach, what is published, which networks are kept
 * apart. A rule is held here as a line, its first word being the chain.
 */
interface ChainRule {
  readonly table: "filter" | "nat";
  /** At the chain's end, or at its beginning. */
  readonly place: "-A" | "-I";
  readonly line: string;
}

const filter = (line: string, place: "-A" | "-I" = "-A"): ChainRule => ({ table: "filter", place, line });
const nat = (line: string, place: "-A" | "-I" = "-A"): ChainRule => ({ table: "nat", place, line });

function* run(sys: Sys, table: string, rest: string): Activity<undefined> {
  yield* netlink(sys, { type: "NFT_MSG_NEWRULE", line: `-t ${table} ${rest}` });
  return undefined;
}

function* add(sys: Sys, rules: readonly ChainRule[]): Activity<undefined> {
  for (const { table, place, line } of rules) yield* run(sys, table, `${place} ${line}`);
  return undefined;
}

/** Takes rules out; one that somebody else has taken out already is no matter. */
function* take(sys: Sys, rules: readonly ChainRule[]): Activity<undefined> {
  for (const { table, line } of rules) yield* attempt(run(sys, table, `-D ${line}`));
  return undefined;
}

const chains: readonly (readonly [table: string, chain: string])[] = [
  ["nat", "DOCKER"],
  ["filter", "DOCKER"],
  ["filter", "DOCKER-ISOLATION-STAGE-1"],
  ["filter", "DOCKER-ISOLATION-STAGE-2"],
  ["filter", "DOCKER-USER"],
];

/** The chains, and what leads into them: made once, when the engine starts. Nothing is forwarded that isn't let through. */
export function* raiseFirewall(sys: Sys): Activity<undefined> {
  for (const [table, chain] of chains) yield* run(sys, table, `-N ${chain}`);
  yield* run(sys, "filter", "-P FORWARD DROP");
  return yield* add(sys, [
    nat("PREROUTING -m addrtype --dst-type LOCAL -j DOCKER"),
    nat("OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER"),
    filter("FORWARD -j DOCKER-USER"),
    filter("FORWARD -j DOCKER-ISOLATION-STAGE-1"),
    filter("DOCKER-ISOLATION-STAGE-1 -j RETURN"),
    filter("DOCKER-ISOLATION-STAGE-2 -j RETURN"),
    filter("DOCKER-USER -j RETURN"),
  ]);
}

/** What lets a bridge's containers out and each other's packets through, and keeps other bridges' away. */
function bridgeRules({ bridge, pool, internal, options }: Network): readonly ChainRule[] {
  const subnet = pool === undefined ? "" : formatPrefix(pool.subnet);
  if (internal)
    return [
      filter(`DOCKER-ISOLATION-STAGE-1 ! -s ${subnet} -o ${bridge} -j DROP`, "-I"),
      filter(`DOCKER-ISOLATION-STAGE-1 ! -d ${subnet} -i ${bridge} -j DROP`, "-I"),
      filter(`FORWARD -i ${bridge} -o ${bridge} -j ACCEPT`),
    ];
  const masquerades = options["com.docker.network.bridge.enable_ip_masquerade"] !== "false";
  return [
    ...(masquerades ? [nat(`POSTROUTING -s ${subnet} ! -o ${bridge} -j MASQUERADE`, "-I")] : []),
    nat(`DOCKER -i ${bridge} -j RETURN`, "-I"),
    filter(`DOCKER-ISOLATION-STAGE-1 -i ${bridge} ! -o ${bridge} -j DOCKER-ISOLATION-STAGE-2`, "-I"),
    filter(`DOCKER-ISOLATION-STAGE-2 -o ${bridge} -j DROP`, "-I"),
    filter(`FORWARD -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`),
    filter(`FORWARD -o ${bridge} -j DOCKER`),
    filter(`FORWARD -i ${bridge} ! -o ${bridge} -j ACCEPT`),
    filter(`FORWARD -i ${bridge} -o ${bridge} -j ACCEPT`),
  ];
}

export const admitBridge = (sys: Sys, network: Network): Activity<undefined> => add(sys, bridgeRules(network));
export const dismissBridge = (sys: Sys, network: Network): Activity<undefined> => take(sys, bridgeRules(network));

/** A published port: what comes to the host's goes to the container's, which may also call itself by it. */
function portRules({ bridge }: Network, address: Ipv4, port: PublishedPort): readonly ChainRule[] {
  const { protocol, hostIp, hostPort, containerPort } = port;
  const to = formatIpv4(address);
  const where = hostIp === "0.0.0.0" ? "" : `-d ${hostIp}/32 `;
  const named = `-p ${protocol} -m ${protocol} --dport`;
  return [
    nat(`DOCKER ${where}! -i ${bridge} ${named} ${hostPort} -j DNAT --to-destination ${to}:${containerPort}`),
    filter(`DOCKER -d ${to}/32 ! -i ${bridge} -o ${bridge} ${named} ${containerPort} -j ACCEPT`),
    nat(`POSTROUTING -s ${to}/32 -d ${to}/32 ${named} ${containerPort} -j MASQUERADE`),
  ];
}

export const openPort = (sys: Sys, network: Network, address: Ipv4, port: PublishedPort): Activity<undefined> =>
  add(sys, portRules(network, address, port));
export const shutPort = (sys: Sys, network: Network, address: Ipv4, port: PublishedPort): Activity<undefined> =>
  take(sys, portRules(network, address, port));
