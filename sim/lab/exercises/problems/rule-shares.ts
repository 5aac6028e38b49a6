import type { Problem } from "../problem.js";

/** Where a connection goes: `local` says that the address is one of the node's own. */
export interface Destination {
  readonly address: string;
  readonly port: number;
  readonly local: boolean;
}

/**
 * Where a node's rules lead new connections.
 * @param rules table nat as `iptables -t nat -S` prints it
 * @param to where they go; they are of TCP, and the first chain is KUBE-SERVICES
 * @returns for each "address:port" behind a DNAT that they may get to, the share of connections in whole percent
 */
export type RuleShares = (rules: readonly string[], to: Destination) => Readonly<Record<string, number>>;

interface Reading {
  readonly matches: (rule: string, to: Destination) => boolean;
  /** What a rule takes of what comes to it, where it names a probability. */
  readonly chance: (probability: number, left: number) => number;
}

const word = (rule: string, option: string): string | undefined =>
  new RegExp(` ${option} (\\S+)`).exec(rule)?.[1]?.replace(/\/32$/, "");

const matches = (rule: string, { address, port, local }: Destination): boolean =>
  [undefined, address].includes(word(rule, "-d")) &&
  [undefined, String(port)].includes(word(rule, "--dport")) &&
  (local || word(rule, "--dst-type") !== "LOCAL");

/** iptables-extensions(8), `statistic`: a rule sees only what those before it left. */
const read =
  ({ matches, chance }: Reading): RuleShares =>
  (rules, to) => {
    const shares: Record<string, number> = {};
    /** Sends a share through a chain. @returns what comes out at its end */
    const walk = (chain: string, share: number): number => {
      let left = share;
      for (const rule of rules) {
        if (!rule.startsWith(`-A ${chain} `) || !matches(rule, to)) continue;
        const taken = chance(Number(word(rule, "--probability") ?? 1), left);
        const end = word(rule, "--to-destination");
        if (end === undefined) left += walk(word(rule, "-j") ?? "", taken) - taken;
        else {
          shares[end] = (shares[end] ?? 0) + taken;
          left -= taken;
        }
      }
      return left;
    };
    walk("KUBE-SERVICES", 1);
    return Object.fromEntries(
      Object.entries(shares)
        .map(([end, share]): [string, number] => [end, Math.round(100 * share)])
        .filter(([, percent]) => percent > 0),
    );
  };

const left = (probability: number, share: number): number => probability * share;

/** A service's own chain, and one for each of its endpoints; with a node port, what leads to it from there. */
function serviceRules(name: string, address: string, endpoints: readonly string[], nodePort?: number): string[] {
  const sep = (place: number): string => `KUBE-SEP-${name}${place + 1}`;
  return [
    `-A KUBE-SERVICES -d ${address}/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-${name}`,
    ...(nodePort === undefined
      ? []
      : [
          `-A KUBE-NODEPORTS -p tcp -m tcp --dport ${nodePort} -j KUBE-EXT-${name}`,
          `-A KUBE-EXT-${name} -j KUBE-MARK-MASQ`,
          `-A KUBE-EXT-${name} -j KUBE-SVC-${name}`,
        ]),
    ...endpoints.flatMap((end, place) => {
      const rest = endpoints.length - place;
      const dice = rest > 1 ? ` -m statistic --mode random --probability ${(1 / rest).toFixed(10)}` : "";
      return [
        `-A KUBE-SVC-${name}${dice} -j ${sep(place)}`,
        `-A ${sep(place)} -s ${end}/32 -j KUBE-MARK-MASQ`,
        `-A ${sep(place)} -p tcp -m tcp -j DNAT --to-destination ${end}:80`,
      ];
    }),
  ];
}

const table = [
  "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
  ...serviceRules("WEB", "10.96.0.80", ["10.244.1.2", "10.244.2.2", "10.244.2.3"], 30_080),
  ...serviceRules("SHOP", "10.96.0.90", ["10.244.1.7", "10.244.2.7"]),
  "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
];

export const ruleShares: Problem<RuleShares> = {
  title: "Where do the rules lead?",
  statement:
    'rules is a node\'s table nat, a rule in each string ("-A CHAIN … -j TARGET"), to a connection\'s destination { address, port, local }; local is true for an address of the node itself. Begin in the chain KUBE-SERVICES and return, for each "address:port" behind --to-destination that the connection may get to, the share in whole percent (Math.round). A rule matches unless it names another -d, another --dport, or --dst-type LOCAL where local is false (-s and -p need no look here). What a rule with --probability doesn\'t take goes to the next rule; what no rule of a chain ends comes back to where it was called.',
  hints: [
    "Write walk(chain, share), which goes through the chain's rules with what is left of the share, and returns what is left at the end.",
    'word = (rule, option) => new RegExp(` ${option} (\\\\S+)`).exec(rule)?.[1] reads an option. An address there ends with "/32".',
    "A rule takes taken = left * probability (1 where there is none). DNAT keeps it: left -= taken. Another chain gives back what it didn't end: left += walk(target, taken) - taken; KUBE-MARK-MASQ gives all back, since it only marks.",
  ],
  examples: [
    { about: "a service's address, two pods", args: [table, { address: "10.96.0.90", port: 80, local: false }] },
    { about: "three pods", args: [table, { address: "10.96.0.80", port: 80, local: false }] },
    { about: "another port of it", args: [table, { address: "10.96.0.80", port: 443, local: false }] },
    { about: "a node port, from outside", args: [table, { address: "192.168.0.2", port: 30_080, local: true }] },
    { about: "that port of another computer", args: [table, { address: "192.168.7.7", port: 30_080, local: false }] },
    { about: "an address that is no service's", args: [table, { address: "10.96.0.70", port: 80, local: false }] },
  ],
  reference: read({ matches, chance: left }),
  slips: [
    {
      step: "a probability is of what the rules before it left",
      solution: read({ matches, chance: (probability) => probability }),
    },
    {
      step: "the dice are thrown: not all goes to the first",
      solution: read({ matches, chance: (_, share) => share }),
    },
    {
      step: "--dport has to match",
      solution: read({
        matches: (rule, to) => matches(rule, { ...to, port: Number(word(rule, "--dport") ?? 0) }),
        chance: left,
      }),
    },
    {
      step: "-d has to match",
      solution: read({
        matches: (rule, to) => matches(rule, { ...to, address: word(rule, "-d") ?? "" }),
        chance: left,
      }),
    },
    {
      step: "--dst-type LOCAL holds for the node's own addresses alone",
      solution: read({ matches: (rule, to) => matches(rule, { ...to, local: true }), chance: left }),
    },
    {
      step: "chains are followed further: KUBE-NODEPORTS leads to a service as well",
      solution: read({ matches: (rule, to) => !rule.includes("NODEPORTS") && matches(rule, to), chance: left }),
    },
  ],
};
