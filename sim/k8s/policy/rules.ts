import type { Namespace, NetworkPolicy, Peer, PolicyPort, PolicyRule } from "./policy.js";
import type { Pod } from "../client/pod-types.js";
import { matches, parseLabelSelector } from "../objects/selectors.js";
import { isObject, type JsonObject } from "../objects/value.js";
import { hashOf } from "../proxy/names.js";
import type { Rules } from "../node/restored-table.js";

/** All that policies are about. */
export interface Picture {
  readonly policies: readonly NetworkPolicy[];
  readonly pods: readonly Pod[];
  readonly namespaces: readonly Namespace[];
  /** Whose pods' rules are wanted. */
  readonly node: string;
}

type Direction = "ingress" | "egress";

/** The mark of what some policy lets through. */
const allowed = "0x10000/0x10000";

/** The chain that packets come by on their way to and from pods, and what leads there: before all others. */
const entry = "KUBE-NWPLCY";
export const entries: readonly string[] = [`-t filter -N ${entry}`, `-t filter -I FORWARD -j ${entry}`];

const labelsOf = ({ metadata }: Pod | Namespace): Readonly<Record<string, string>> => metadata.labels ?? {};
const selects = (selector: JsonObject | undefined, labels: Readonly<Record<string, string>>): boolean =>
  matches(parseLabelSelector(selector ?? {}), labels);

const addressOf = ({ status }: Pod): string => status?.podIP ?? "";
const isThere = (pod: Pod): boolean =>
  addressOf(pod) !== "" && pod.spec.hostNetwork !== true && !["Succeeded", "Failed"].includes(pod.status?.phase ?? "");

const appliesTo = ({ spec }: NetworkPolicy, direction: Direction): boolean => {
  const { policyTypes = [] } = spec;
  // Ingress always; Egress where it says something about it (networking/v1, PolicyTypes).
  if (policyTypes.length === 0) return direction === "ingress" || spec.egress !== undefined;
  return policyTypes.includes(direction === "ingress" ? "Ingress" : "Egress");
};

/**
 * A node's rules for its pods, in the manner of kube-router: a pod that a policy selects has a chain for each direction; policies' chains mark
 * what they let through, and what has no mark is dropped. Answers always pass, and so does what the node itself sends, as of its probes.
 */
export function policyRules(picture: Picture): Rules {
  const chains: string[] = [];
  const lines: string[] = [`-A ${entry} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN`];
  const written = new Set<string>();
  const own = picture.pods.filter((pod) => pod.spec.nodeName === picture.node && isThere(pod));
  for (const pod of own) {
    for (const direction of ["ingress", "egress"] as const) {
      const policies = picture.policies.filter(
        (policy) =>
          policy.metadata.namespace === pod.metadata.namespace &&
          appliesTo(policy, direction) &&
          selects(policy.spec.podSelector, labelsOf(pod)),
      );
      if (policies.length === 0) continue;
      const chain = `KUBE-POD-FW-${hashOf(pod.metadata.uid ?? "", direction)}`;
      const name = `${pod.metadata.namespace ?? ""}/${pod.metadata.name ?? ""}`;
      chains.push(chain);
      lines.push(
        `-A ${entry} -m comment --comment "${direction} of ${name}" ${direction === "ingress" ? "-d" : "-s"} ${addressOf(pod)}/32 -j ${chain}`,
      );
      lines.push(`-A ${chain} -j MARK --set-xmark 0x0/0x10000`);
      for (const policy of policies) {
        const target = `KUBE-NWPLCY-${hashOf(policy.metadata.uid ?? "", direction)}`;
        if (!written.has(target)) {
          written.add(target);
          chains.push(target);
          writePolicy(lines, chains, target, policy, direction, picture);
        }
        const title = `${policy.metadata.namespace ?? ""}/${policy.metadata.name ?? ""}`;
        lines.push(`-A ${chain} -m comment --comment "policy ${title}" -j ${target}`);
      }
      lines.push(`-A ${chain} -m comment --comment "no policy allows it" -m mark ! --mark ${allowed} -j DROP`);
    }
  }
  const heads = [entry, ...chains].map((chain) => `:${chain} - [0:0]`);
  return { text: ["*filter", ...heads, ...lines, "COMMIT", ""].join("\n"), chains };
}

function writePolicy(
  lines: string[],
  chains: string[],
  chain: string,
  { metadata, spec }: NetworkPolicy,
  direction: Direction,
  picture: Picture,
): void {
  const rules: readonly PolicyRule[] = (direction === "ingress" ? spec.ingress : spec.egress) ?? [];
  const selected = picture.pods.filter(
    (pod) => pod.metadata.namespace === metadata.namespace && selects(spec.podSelector, labelsOf(pod)),
  );
  rules.forEach((rule, place) => {
    const peers = (direction === "ingress" ? rule.from : rule.to) ?? [];
    const end = direction === "ingress" ? "-s" : "-d";
    const blocks: { readonly where: string; readonly except: readonly string[] }[] = [];
    const targets: Pod[] = [];
    for (const peer of peers) {
      if (isObject(peer.ipBlock))
        blocks.push({ where: `${end} ${peer.ipBlock.cidr}`, except: peer.ipBlock.except ?? [] });
      else
        for (const pod of podsOf(peer, metadata.namespace ?? "", picture)) {
          targets.push(pod);
          blocks.push({ where: `${end} ${addressOf(pod)}/32`, except: [] });
        }
    }
    // No peers at all are all; peers of whom there is none just now are nobody.
    if (peers.length === 0) blocks.push({ where: "", except: [] });
    // Named ports are those of the pods that packets go to.
    const ports = portsOf(rule.ports, direction === "ingress" ? selected : targets);
    blocks.forEach(({ where, except }, number) => {
      let into = chain;
      if (except.length > 0) {
        into = `KUBE-BLOCK-${hashOf(chain, String(place), String(number))}`;
        chains.push(into);
        lines.push(`-A ${chain} -j ${into}`, ...except.map((cidr) => `-A ${into} ${end} ${cidr} -j RETURN`));
      }
      for (const port of ports)
        lines.push(
          `-A ${into} ${[where, port].filter((part) => part !== "").join(" ")} -j MARK --set-xmark ${allowed}`,
        );
    });
  });
}

/** The pods that a peer stands for. */
function podsOf({ podSelector, namespaceSelector }: Peer, namespace: string, { pods, namespaces }: Picture): Pod[] {
  const within =
    namespaceSelector === undefined
      ? new Set([namespace])
      : new Set(
          namespaces
            .filter((one) => selects(namespaceSelector, labelsOf(one)))
            .map(({ metadata }) => metadata.name ?? ""),
        );
  return pods.filter(
    (pod) => isThere(pod) && within.has(pod.metadata.namespace ?? "") && selects(podSelector, labelsOf(pod)),
  );
}

/** Ports as options of iptables; one empty text for all. */
function portsOf(ports: readonly PolicyPort[] | undefined, targets: readonly Pod[]): readonly string[] {
  if (ports === undefined || ports.length === 0) return [""];
  return ports.flatMap(({ protocol = "TCP", port, endPort }): readonly string[] => {
    const name = protocol.toLowerCase();
    if (port === undefined) return [`-p ${name}`];
    if (typeof port === "number")
      return [`-p ${name} -m ${name} --dport ${port}${endPort === undefined ? "" : `:${endPort}`}`];
    const numbers = targets.flatMap(({ spec }) =>
      spec.containers.flatMap(({ ports: own = [] }) =>
        own
          .filter((each) => each.name === port && (each.protocol ?? "TCP") === protocol)
          .map(({ containerPort }) => containerPort),
      ),
    );
    return [...new Set(numbers)].map((number) => `-p ${name} -m ${name} --dport ${number}`);
  });
}
