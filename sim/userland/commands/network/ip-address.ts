import type { Activity } from "../../../core/index.js";
import { broadcastOf, formatIpv4, parseIpv4 } from "../../../net/index.js";
import type { AddressRow, LinkRow } from "../../../os/index.js";
import type { Invocation } from "../../program/command.js";
import { select, selection } from "./ip-link.js";
import {
  ask,
  IpError,
  json,
  linkNamed,
  linkObject,
  links,
  linkText,
  namespaceNames,
  shownName,
  statisticsText,
  wrong,
  type Words,
} from "./ip-text.js";

/** INFINITY_LIFE_TIME: addresses stay until they are taken away. */
const forever = 0xffff_ffff;

const addressObject = ({ address, length, broadcast, scope, secondary, dev }: AddressRow): unknown => ({
  family: "inet",
  local: address,
  prefixlen: length,
  ...(broadcast !== undefined && { broadcast }),
  scope,
  ...(secondary && { secondary }),
  label: dev,
  valid_life_time: forever,
  preferred_life_time: forever,
});

const addressText = ({ address, length, broadcast, scope, secondary, dev }: AddressRow): string =>
  `    inet ${address}/${length} ${broadcast === undefined ? "" : `brd ${broadcast} `}scope ${scope} ` +
  `${secondary ? "secondary " : ""}${dev}\n       valid_lft forever preferred_lft forever\n`;

function* show(it: Invocation, words: Words): Activity<undefined> {
  const chosen = yield* select(it, selection(words));
  const all = yield* links(it);
  const named = yield* namespaceNames(it, chosen);
  const addresses = yield* ask(it, { type: "RTM_GETADDR" });
  const of = (link: LinkRow): readonly AddressRow[] => addresses.filter(({ dev }) => dev === link.name);
  // Who asks for a family sees the links that have addresses of it.
  const shown = it.has("4") ? chosen.filter((link) => of(link).length > 0) : chosen;
  if (it.has("json")) {
    const brief = (link: LinkRow): unknown => ({
      ...(link.linkName !== undefined && { link: link.linkName }),
      ifname: link.name,
      operstate: link.operstate,
      addr_info: of(link).map(({ address, length }) => ({ local: address, prefixlen: length })),
    });
    const full = (link: LinkRow): unknown => ({
      ...linkObject(link, { all, named, mode: false }),
      addr_info: of(link).map(addressObject),
    });
    json(it, shown.map(it.has("brief") ? brief : full));
    return undefined;
  }
  for (const link of shown) {
    if (it.has("brief")) {
      const cells = of(link).map(({ address, length }) => `${address}/${length} `);
      it.out.put(`${shownName(link).padEnd(16)} ${link.operstate.padEnd(14)} ${cells.join("")}\n`);
    } else if (it.has("o")) {
      for (const row of of(link))
        it.out.put(`${link.index}: ${link.name}${addressText(row).trimEnd().replace("\n", "\\")}\n`);
    } else {
      it.out.put(linkText(link, { all, named, mode: false }, !it.has("4")));
      for (const row of of(link)) it.out.put(addressText(row));
      if (it.has("s")) it.out.put(statisticsText(link));
    }
  }
  return undefined;
}

/** "10.0.0.1/24", and "+" for the broadcast address of its network. */
function* change(it: Invocation, words: Words, adds: boolean): Activity<undefined> {
  let [given, dev, broadcast]: (string | undefined)[] = [];
  while (!words.done) {
    const word = words.next();
    if (word === "dev") dev = words.next();
    else if (word === "brd" || word === "broadcast") broadcast = words.next();
    else if (word === "label" || word === "scope") words.next();
    else if (given === undefined) given = word === "local" ? words.next() : word;
    else throw wrong(`either "local" is duplicate, or "${word}" is a garbage.`);
  }
  if (dev === undefined) throw new IpError('Not enough information: "dev" argument is required.');
  const [host = "", length = "32"] = (given ?? "").split("/");
  const address = parseIpv4(host);
  if (address === undefined || !/^\d+$/.test(length) || Number(length) > 32)
    throw new IpError(`Error: any valid prefix is expected rather than "${given ?? ""}".`);
  yield* linkNamed(it, dev, `Cannot find device "${dev}"`);
  const whole = `${host}/${length}`;
  const known = (yield* ask(it, { type: "RTM_GETADDR" })).some((row) => row.dev === dev && row.address === host);
  // What the kernel's extended acknowledgement says, since Linux 6.7.
  if (known === adds) throw new IpError(`Error: ipv4: Address ${adds ? "already assigned" : "not found"}.`, 2);
  if (!adds) {
    yield* ask(it, { type: "RTM_DELADDR", name: dev, address: whole });
    return undefined;
  }
  if (broadcast === "+") broadcast = formatIpv4(broadcastOf(address, Number(length)));
  yield* ask(it, { type: "RTM_NEWADDR", name: dev, address: whole, ...(broadcast !== undefined && { broadcast }) });
  return undefined;
}

function* flush(it: Invocation, words: Words): Activity<undefined> {
  const chosen = selection(words);
  if (chosen.dev === undefined) throw new IpError("Flush requires arguments.", 255);
  const link = yield* linkNamed(it, chosen.dev);
  for (const address of link.addresses) yield* ask(it, { type: "RTM_DELADDR", name: link.name, address });
  return undefined;
}

/** `ip address`. */
export function ipAddress(it: Invocation, words: Words): Activity<undefined> {
  switch (words.command(["add", "show", "list", "flush", "delete"], "show", "address")) {
    case "add":
      return change(it, words, true);
    case "delete":
      return change(it, words, false);
    case "flush":
      return flush(it, words);
    case "show":
    case "list":
      return show(it, words);
  }
}
