import type { NetlinkRequest } from "../../os/index.js";

/** What a node's packet filter is to hold of one component's. */
export interface Rules {
  /** For iptables-restore --noflush. */
  readonly text: string;
  /** Chains that come and go with what they are for, in the component's table. */
  readonly chains: readonly string[];
}

/**
 * A component's rules in a table that others write into as well. Those of its lasting chains are written each time, those of chains that come
 * and go when they changed (kube-proxy since 1.28, KEP-3453); chains that are of no more use go.
 */
export class RestoredTable {
  readonly #table: "nat" | "filter";
  readonly #prepare: readonly string[];
  /** The lines of each chain that comes and goes, as they were written. */
  #chains: ReadonlyMap<string, string> = new Map();
  #prepared = false;

  /** @param prepare lines of iptables that are put in once, before the first rules */
  constructor(table: "nat" | "filter", prepare: readonly string[]) {
    this.#table = table;
    this.#prepare = prepare;
  }

  /** What has the table hold these rules. */
  requests({ text, chains }: Rules): readonly NetlinkRequest[] {
    const prepare = this.#prepared ? [] : this.#prepare;
    this.#prepared = true;
    const before = this.#chains;
    const lines = text.split("\n");
    const now = new Map(chains.map((chain) => [chain, ""]));
    for (const line of lines) {
      const chain = chainOf(line);
      const written = now.get(chain);
      if (written !== undefined) now.set(chain, `${written}${line}\n`);
    }
    const gone = [...before.keys()].filter((chain) => !now.has(chain));
    const same = new Set(chains.filter((chain) => before.get(chain) === now.get(chain)));
    const changed = lines.filter((line) => !same.has(chainOf(line)));
    this.#chains = now;
    return [
      ...prepare.map((line): NetlinkRequest => ({ type: "NFT_MSG_NEWRULE", line })),
      { type: "NFT_MSG_RESTORE", text: changed.join("\n"), keep: true },
      ...removal(this.#table, gone),
    ];
  }
}

/** The chain that a line of iptables-restore declares or appends to. */
const chainOf = (line: string): string => /^(?::|-A )(\S+)/.exec(line)?.[1] ?? "";

/** What takes chains out. Emptied first: they may jump to each other. */
export function removal(table: "nat" | "filter", chains: readonly string[]): readonly NetlinkRequest[] {
  if (chains.length === 0) return [];
  const emptied = chains.map((chain) => `:${chain} - [0:0]`);
  const removed = chains.map((chain) => `-X ${chain}`);
  const text = [`*${table}`, ...emptied, ...removed, "COMMIT", ""].join("\n");
  return [{ type: "NFT_MSG_RESTORE", text, keep: true }];
}
