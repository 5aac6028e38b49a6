import type { Activity } from "../../../core/index.js";
import { attempt, Errno, netlink, O_RDONLY, type LinkRow, type NetlinkRequest } from "../../../os/index.js";
import type { Invocation } from "../../program/command.js";

/** Ends `ip` with a line that has no name before it, as its own have none. */
export class IpError extends Error {
  override readonly name = "IpError";
  readonly status: number;

  constructor(line: string, status = 1) {
    super(line);
    this.status = status;
  }
}

/** A mistake on the command line: status 255, as iproute2 has it. */
export const wrong = (line: string): IpError => new IpError(`Error: ${line}`, 255);

/** The rest of a command line, taken word by word; keywords may be cut short, as `matches()` of iproute2 allows. */
export class Words {
  readonly #words: string[];

  constructor(words: readonly string[]) {
    this.#words = [...words];
  }

  get done(): boolean {
    return this.#words.length === 0;
  }

  get rest(): readonly string[] {
    return this.#words;
  }

  next(): string {
    const word = this.#words.shift();
    if (word === undefined) throw new IpError('Command line is not complete. Try option "help"', 255);
    return word;
  }

  /** Takes the next word where it is one of these, or their beginning; the first that fits counts. */
  command<K extends string>(known: readonly K[], fallback: K, object: string): K {
    const word = this.#words.shift();
    if (word === undefined) return fallback;
    const found = known.find((one) => one.startsWith(word));
    if (found === undefined) throw new IpError(`Command "${word}" is unknown, try "ip ${object} help".`, 255);
    return found;
  }

  /** Takes the next word where it is this one. */
  takes(word: string): boolean {
    if (this.#words[0] !== word) return false;
    this.#words.shift();
    return true;
  }
}

/** Asks the kernel; its refusal ends `ip` in its words. */
export function* ask<R extends NetlinkRequest>(it: Invocation, request: R): ReturnType<typeof netlink<R>> {
  const answer = yield* attempt(netlink(it.sys, request));
  if (answer instanceof Errno) throw new IpError(`RTNETLINK answers: ${answer.message}`, 2);
  return answer;
}

export const links = (it: Invocation): Activity<readonly LinkRow[]> => ask(it, { type: "RTM_GETLINK" });

/** @param words how it is said that there is none: they differ from command to command */
export function* linkNamed(
  it: Invocation,
  name: string,
  words = `Device "${name}" does not exist.`,
): Activity<LinkRow> {
  const found = (yield* links(it)).find((link) => link.name === name);
  if (found === undefined) throw new IpError(words);
  return found;
}

/** Where `ip netns` keeps namespaces by name. */
export const netnsDirectory = "/run/netns";

/** The names of `ip netns`, in the order of the directory. */
export function* namespaces(it: Invocation): Activity<string[]> {
  const fd = yield* attempt(it.sys.open(netnsDirectory, O_RDONLY));
  if (fd instanceof Errno) return [];
  const entries = yield* it.sys.getdents64(fd);
  yield* it.sys.close(fd);
  return entries.map(({ name }) => name).filter((name) => name !== "." && name !== "..");
}

/** A namespace by the name that `ip netns` gave it. @returns its opened file */
export function* openNamespace(it: Invocation, name: string): Activity<number> {
  const fd = yield* attempt(it.sys.open(`${netnsDirectory}/${name}`, O_RDONLY));
  if (fd instanceof Errno) throw new IpError(`Cannot open network namespace "${name}": ${fd.message}`, 255);
  return fd;
}

/** The network of `netns NAME|PID`. */
export function* networkNamed(
  it: Invocation,
  name: string,
): Activity<{ readonly fd: number } | { readonly pid: number }> {
  const fd = yield* attempt(it.sys.open(`${netnsDirectory}/${name}`, O_RDONLY));
  if (!(fd instanceof Errno)) return { fd };
  if (/^\d+$/.test(name)) return { pid: Number(name) };
  throw wrong(`Invalid "netns" value "${name}"`);
}

/** IFF_… as `ip` names them, in its order. */
export function flagsOf(link: LinkRow, all: readonly LinkRow[]): string[] {
  const { kind, up, operstate } = link;
  const carrier = operstate === "UP" || operstate === "UNKNOWN";
  const peer = link.linkName === undefined ? undefined : all.find(({ name }) => name === link.linkName);
  return [
    ...(up && !carrier ? ["NO-CARRIER"] : []),
    ...(kind === "loopback" ? ["LOOPBACK"] : kind === "dummy" ? ["BROADCAST", "NOARP"] : ["BROADCAST", "MULTICAST"]),
    ...(up ? ["UP"] : []),
    ...(up && carrier ? ["LOWER_UP"] : []),
    ...(peer?.up === false ? ["M-DOWN"] : []),
  ];
}

export const shownName = ({ name, link, linkName }: LinkRow): string =>
  link === undefined ? name : `${name}@${linkName ?? `if${link}`}`;

/** What `ip` knows besides a link. */
interface Around {
  readonly all: readonly LinkRow[];
  /** Names of `ip netns` for the namespaces that links lead to, by their numbers. */
  readonly named: ReadonlyMap<number, string>;
  /** `ip link` tells the link mode, `ip address` doesn't. */
  readonly mode: boolean;
}

/** Names for the namespaces that links lead to: of those below /run/netns that this one has a number for. */
export function* namespaceNames(it: Invocation, chosen: readonly LinkRow[]): Activity<ReadonlyMap<number, string>> {
  const named = new Map<number, string>();
  if (chosen.every(({ netnsid }) => netnsid === undefined)) return named;
  for (const name of yield* namespaces(it)) {
    const fd = yield* attempt(it.sys.open(`${netnsDirectory}/${name}`, O_RDONLY));
    if (fd instanceof Errno) continue;
    const number = yield* attempt(netlink(it.sys, { type: "RTM_GETNSID", net: { fd } }));
    if (typeof number === "number") named.set(number, name);
    yield* it.sys.close(fd);
  }
  return named;
}

/** A link as JSON has it, in the order in which `ip -j` prints it. */
export function linkObject(link: LinkRow, { all, named, mode }: Around): Readonly<Record<string, unknown>> {
  const loopback = link.kind === "loopback";
  return {
    ifindex: link.index,
    ...(link.linkName !== undefined && { link: link.linkName }),
    ...(link.linkName === undefined && link.link !== undefined && { link_index: link.link }),
    ifname: link.name,
    flags: flagsOf(link, all),
    mtu: link.mtu,
    qdisc: link.qdisc,
    ...(link.master !== undefined && { master: link.master }),
    operstate: link.operstate,
    ...(mode && { linkmode: "DEFAULT" }),
    group: "default",
    txqlen: 1000,
    link_type: loopback ? "loopback" : "ether",
    address: link.mac,
    broadcast: loopback ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff",
    ...(link.netnsid !== undefined &&
      (named.has(link.netnsid) ? { link_netns: named.get(link.netnsid) } : { link_netnsid: link.netnsid })),
  };
}

/** The two lines that `ip link` and `ip address` begin with; of one address family, nothing is said of the link layer. */
export function linkText(link: LinkRow, { all, named, mode }: Around, layer = true): string {
  const master = link.master === undefined ? "" : `master ${link.master} `;
  const loopback = link.kind === "loopback";
  const broadcast = loopback ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff";
  const known = link.netnsid === undefined ? undefined : named.get(link.netnsid);
  const number = link.netnsid === undefined ? "" : ` link-netnsid ${link.netnsid}`;
  const netnsid = known === undefined ? number : ` link-netns ${known}`;
  return (
    `${link.index}: ${shownName(link)}: <${flagsOf(link, all).join(",")}> mtu ${link.mtu} qdisc ${link.qdisc} ` +
    `${master}state ${link.operstate} ${mode ? "mode DEFAULT " : ""}group default qlen 1000` +
    (layer ? `\n    link/${loopback ? "loopback" : "ether"} ${link.mac} brd ${broadcast}` : "") +
    `${netnsid}\n`
  );
}

/** `ip -s`: what a link counted, each column as wide as its widest entry. */
export function statisticsText({ statistics: of }: LinkRow): string {
  const line = (values: readonly number[], widths: readonly number[]): string =>
    `       ${values.map((value, at) => ` ${String(value).padStart(widths[at] ?? 0)}`).join("")} \n`;
  const head = (label: string, names: readonly string[], widths: readonly number[]): string =>
    `    ${label}:${names.map((name, at) => ` ${name.padStart(widths[at] ?? 0)}`).join("")}           \n`;
  const received = [of.rxBytes, of.rxPackets, 0, of.rxDropped, 0, 0];
  const sent = [of.txBytes, of.txPackets, 0, of.txDropped, 0, 0];
  const [rx, tx] = [
    ["bytes", "packets", "errors", "dropped", " missed", "  mcast"],
    ["bytes", "packets", "errors", "dropped", "carrier", "collsns"],
  ] as const;
  const widths = rx.map((name, at) =>
    Math.max(name.length, String(received[at]).length, String(sent[at]).length, at === 0 ? 6 : 0),
  );
  return head("RX", rx, widths) + line(received, widths) + head("TX", tx, widths) + line(sent, widths);
}

export function json(it: Invocation, value: unknown): void {
  it.out.put(`${it.has("pretty") ? JSON.stringify(value, undefined, 4) : JSON.stringify(value)}\n`);
}
