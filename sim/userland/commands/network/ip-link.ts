import type { Activity } from "../../../core/index.js";
import { type LinkRow, type NetlinkRequest } from "../../../os/index.js";
import type { Invocation } from "../../program/command.js";
import {
  ask,
  flagsOf,
  IpError,
  json,
  linkNamed,
  linkObject,
  links,
  linkText,
  namespaceNames,
  networkNamed,
  shownName,
  statisticsText,
  wrong,
  type Words,
} from "./ip-text.js";

/** Which links are shown: `[dev] NAME`, `up`, `master NAME`, `type KIND`. */
export interface Selection {
  readonly dev?: string;
  readonly up?: boolean;
  readonly master?: string;
  readonly type?: string;
}

export function selection(words: Words): Selection {
  let chosen: Selection = {};
  while (!words.done) {
    const word = words.next();
    if (word === "up") chosen = { ...chosen, up: true };
    else if (word === "master") chosen = { ...chosen, master: words.next() };
    else if (word === "type") chosen = { ...chosen, type: words.next() };
    else chosen = { ...chosen, dev: word === "dev" ? words.next() : word };
  }
  return chosen;
}

/** @throws IpError for a device that isn't there */
export function* select(it: Invocation, chosen: Selection): Activity<readonly LinkRow[]> {
  if (chosen.dev !== undefined) return [yield* linkNamed(it, chosen.dev)];
  return (yield* links(it)).filter(
    (link) =>
      (chosen.up !== true || link.up) &&
      (chosen.master === undefined || link.master === chosen.master) &&
      (chosen.type === undefined || link.kind === chosen.type),
  );
}

function* show(it: Invocation, words: Words): Activity<undefined> {
  const chosen = yield* select(it, selection(words));
  const all = yield* links(it);
  const named = yield* namespaceNames(it, chosen);
  if (it.has("json")) {
    const brief = (link: LinkRow): unknown => ({
      ...(link.linkName !== undefined && { link: link.linkName }),
      ifname: link.name,
      operstate: link.operstate,
      address: link.mac,
      flags: flagsOf(link, all),
    });
    json(
      it,
      chosen.map((link) => (it.has("brief") ? brief(link) : linkObject(link, { all, named, mode: true }))),
    );
    return undefined;
  }
  for (const link of chosen) {
    if (it.has("brief")) {
      const flags = flagsOf(link, all).join(",");
      it.out.put(`${shownName(link).padEnd(16)} ${link.operstate.padEnd(14)} ${link.mac} <${flags}> \n`);
      continue;
    }
    const text = linkText(link, { all, named, mode: true }) + (it.has("s") ? statisticsText(link) : "");
    it.out.put(it.has("o") ? `${text.trimEnd().replaceAll("\n", "\\")}\n` : text);
  }
  return undefined;
}

type NewLink = Extract<NetlinkRequest, { readonly type: "RTM_NEWLINK" }>;
type Changes = NonNullable<Extract<NetlinkRequest, { readonly type: "RTM_SETLINK" }>["set"]>;

/** @throws IpError for what is no number */
function number(text: string, what: string): number {
  if (!/^\d+$/.test(text)) throw wrong(`argument "${text}" is wrong: Invalid "${what}" value\n`);
  return Number(text);
}

/** What stands behind `type KIND`, taken up to its end. */
function* kindOf(it: Invocation, name: string, below: string | undefined, words: Words): Activity<NewLink> {
  const kind = words.next();
  const type = "RTM_NEWLINK";
  switch (kind) {
    case "veth": {
      if (!words.takes("peer")) return { type, name, kind, peer: yield* freeName(it, "veth") };
      words.takes("name");
      const peer = words.next();
      if (!words.takes("netns")) return { type, name, kind, peer };
      return { type, name, kind, peer, peerNet: yield* networkNamed(it, words.next()) };
    }
    case "bridge":
    case "dummy":
      return { type, name, kind };
    case "vlan": {
      let id: number | undefined;
      while (!words.done) if (words.next() === "id") id = number(words.next(), "id");
      if (below === undefined || id === undefined) throw new IpError('vlan: missing "link" or "id"', 255);
      return { type, name, kind, link: below, id };
    }
    case "vxlan": {
      const given = new Map<string, string>();
      while (!words.done) given.set(words.next(), words.next());
      const [local, remote, port] = [given.get("local"), given.get("remote"), given.get("dstport")];
      return {
        type,
        name,
        kind,
        id: number(given.get("id") ?? "", "vni"),
        ...(local !== undefined && { local }),
        ...(remote !== undefined && { remote }),
        ...(port !== undefined && { port: number(port, "dstport") }),
      };
    }
    default:
      throw new IpError(`Error: Unknown device type.`, 2);
  }
}

function* freeName(it: Invocation, stem: string): Activity<string> {
  const taken = new Set((yield* links(it)).map(({ name }) => name));
  let place = 0;
  while (taken.has(`${stem}${place}`)) place++;
  return `${stem}${place}`;
}

function* add(it: Invocation, words: Words): Activity<undefined> {
  let [name, below]: (string | undefined)[] = [];
  let set: Changes = {};
  for (;;) {
    const word = words.done ? "" : words.next();
    if (word === "type") break;
    if (word === "") throw new IpError('Not enough information: "type" argument is required');
    if (word === "link") below = words.next();
    else if (word === "up") set = { ...set, up: true };
    else if (word === "address") set = { ...set, address: words.next() };
    else if (word === "mtu") set = { ...set, mtu: number(words.next(), "mtu") };
    else if (word === "master") set = { ...set, master: words.next() };
    else name = word === "name" || word === "dev" ? words.next() : word;
  }
  if (below !== undefined) yield* linkNamed(it, below, `Cannot find device "${below}"`);
  const made = yield* kindOf(it, name ?? (yield* freeName(it, words.rest[0] ?? "link")), below, words);
  yield* ask(it, made);
  if (Object.keys(set).length > 0) yield* ask(it, { type: "RTM_SETLINK", name: made.name, set });
  return undefined;
}

function* change(it: Invocation, words: Words): Activity<undefined> {
  let name: string | undefined;
  let net: { readonly fd: number } | { readonly pid: number } | undefined;
  let set: Changes = {};
  while (!words.done) {
    const word = words.next();
    if (word === "up" || word === "down") set = { ...set, up: word === "up" };
    else if (word === "mtu") set = { ...set, mtu: number(words.next(), "mtu") };
    else if (word === "address") set = { ...set, address: words.next() };
    else if (word === "name") set = { ...set, rename: words.next() };
    else if (word === "nomaster") set = { ...set, master: "" };
    else if (word === "master") {
      const master = words.next();
      yield* linkNamed(it, master, `Error: argument "${master}" is wrong: Device does not exist\n`);
      set = { ...set, master };
    } else if (word === "netns") net = yield* networkNamed(it, words.next());
    else if (word === "hairpin") set = { ...set, hairpin: words.next() === "on" };
    else if (word === "type") words.next();
    else if (name === undefined) name = word === "dev" ? words.next() : word;
    else throw wrong(`either "dev" is duplicate, or "${word}" is a garbage.`);
  }
  if (name === undefined) throw new IpError('Not enough of information: "dev" argument is required.', 255);
  yield* linkNamed(it, name, `Cannot find device "${name}"`);
  yield* ask(it, { type: "RTM_SETLINK", name, set, ...(net !== undefined && { net }) });
  return undefined;
}

function* remove(it: Invocation, words: Words): Activity<undefined> {
  const word = words.next();
  const name = word === "dev" ? words.next() : word;
  yield* linkNamed(it, name, `Cannot find device "${name}"`);
  yield* ask(it, { type: "RTM_DELLINK", name });
  return undefined;
}

/** `ip link`. */
export function ipLink(it: Invocation, words: Words): Activity<undefined> {
  switch (words.command(["add", "set", "show", "list", "delete"], "show", "link")) {
    case "add":
      return add(it, words);
    case "set":
      return change(it, words);
    case "delete":
      return remove(it, words);
    case "show":
    case "list":
      return show(it, words);
  }
}
