import type { Activity } from "../../../core/index.js";
import type { LinkRow, NetlinkRequest, NeighbourRow, RouteRow } from "../../../os/index.js";
import type { Invocation } from "../../program/command.js";
import { ask, IpError, json, linkNamed, links, wrong, type Words } from "./ip-text.js";

const routeTypes = ["unicast", "blackhole", "unreachable", "prohibit"] as const;

/** A host's route is written without its length. */
const destinationOf = ({ to }: RouteRow): string => to.replace(/\/32$/, "");

function routeObject(row: RouteRow, down: boolean): Readonly<Record<string, unknown>> {
  const onLink = row.via === undefined && row.kind === "unicast";
  return {
    ...(row.kind !== "unicast" && { type: row.kind }),
    dst: destinationOf(row),
    ...(row.via !== undefined && { gateway: row.via }),
    ...(row.dev !== undefined && { dev: row.dev }),
    ...(row.connected && { protocol: "kernel" }),
    ...(onLink && { scope: "link" }),
    ...(row.src !== undefined && { prefsrc: row.src }),
    ...(row.metric !== 0 && { metric: row.metric }),
    flags: down ? ["linkdown"] : [],
  };
}

function routeText(row: RouteRow, down: boolean): string {
  const words = [
    ...(row.kind === "unicast" ? [] : [row.kind]),
    destinationOf(row),
    ...(row.via === undefined ? [] : ["via", row.via]),
    ...(row.dev === undefined ? [] : ["dev", row.dev]),
    ...(row.connected ? ["proto", "kernel"] : []),
    ...(row.via === undefined && row.kind === "unicast" ? ["scope", "link"] : []),
    ...(row.src === undefined ? [] : ["src", row.src]),
    ...(row.metric === 0 ? [] : ["metric", String(row.metric)]),
    ...(down ? ["linkdown"] : []),
  ];
  return `${words.join(" ")} \n`;
}

/** @throws IpError for what is neither a number nor a table's name, rt_tables */
function tableOf(name: string): number {
  const known: Readonly<Record<string, number>> = { main: 254, default: 253, local: 255 };
  const table = known[name] ?? Number(name);
  if (!Number.isInteger(table)) throw wrong(`argument "${name}" is wrong: "table" value is invalid\n`);
  return table;
}

const byNetwork = (a: RouteRow, b: RouteRow): number => {
  const key = ({ to }: RouteRow): number =>
    to === "default"
      ? -1
      : to
          .replace(/\/.*/, "")
          .split(".")
          .reduce((sum, part) => sum * 256 + Number(part), 0);
  return key(a) - key(b) || a.metric - b.metric;
};

function* show(it: Invocation, words: Words): Activity<undefined> {
  let [dev, table, to, via]: (string | undefined)[] = [];
  while (!words.done) {
    const word = words.next();
    if (word === "dev") dev = words.next();
    else if (word === "table") table = words.next();
    else if (word === "via") via = words.next();
    else to = word === "to" || word === "exact" || word === "root" ? words.next() : word;
  }
  if (dev !== undefined) yield* linkNamed(it, dev, `Cannot find device "${dev}"`);
  const request = { type: "RTM_GETROUTE", ...(table !== undefined && { table: tableOf(table) }) } as const;
  const all = yield* links(it);
  const down = ({ dev: out }: RouteRow): boolean => isDown(all.find(({ name }) => name === out));
  const rows = (yield* ask(it, request))
    .filter((row) => (dev === undefined || row.dev === dev) && (via === undefined || row.via === via))
    .filter((row) => to === undefined || to === row.to || to === destinationOf(row))
    .toSorted(byNetwork);
  if (it.has("json"))
    json(
      it,
      rows.map((row) => routeObject(row, down(row))),
    );
  else
    for (const row of rows) {
      const text = routeText(row, down(row));
      // Who asks for a device's routes isn't told the device.
      it.out.put(dev === undefined ? text : text.replace(`dev ${dev} `, ""));
    }
  return undefined;
}

/** Whether an interface that is up has no carrier. */
const isDown = (link: LinkRow | undefined): boolean =>
  link?.up === true && (link.operstate === "DOWN" || link.operstate === "LOWERLAYERDOWN");

function* get(it: Invocation, words: Words): Activity<undefined> {
  const word = words.next();
  const to = word === "to" ? words.next() : word;
  const [row] = yield* ask(it, { type: "RTM_GETROUTE", get: to });
  if (row === undefined) return undefined;
  const via = row.via === undefined ? "" : `via ${row.via} `;
  const local = row.dev === "lo" ? "local " : "";
  const uid = yield* it.sys.geteuid();
  it.out.put(
    `${local}${to} ${via}dev ${row.dev ?? ""} src ${row.src ?? ""} uid ${uid} \n    cache ${local === "" ? "" : "<local> "}\n`,
  );
  return undefined;
}

type NewRoute = Extract<NetlinkRequest, { readonly type: "RTM_NEWROUTE" }>;

function* change(it: Invocation, words: Words, verb: "add" | "replace" | "delete"): Activity<undefined> {
  let route: Omit<NewRoute, "type"> = { to: "" };
  while (!words.done) {
    const word = words.next();
    const kind = routeTypes.find((one) => one === word);
    if (kind !== undefined) route = { ...route, kind };
    else if (word === "via") route = { ...route, via: words.next() };
    else if (word === "dev") route = { ...route, dev: words.next() };
    else if (word === "src") route = { ...route, src: words.next() };
    else if (word === "metric") route = { ...route, metric: Number(words.next()) };
    else if (word === "table") route = { ...route, table: tableOf(words.next()) };
    else if (word === "proto" || word === "scope") words.next();
    else if (word !== "onlink") {
      if (route.to !== "") throw wrong(`either "to" is duplicate, or "${word}" is a garbage.`);
      const to = word === "to" ? words.next() : word;
      if (!/^(default|\d+\.\d+\.\d+\.\d+(\/\d+)?)$/.test(to))
        throw new IpError(`Error: any valid prefix is expected rather than "${to}".`);
      route = { ...route, to };
    }
  }
  const { dev, via, to, metric, table, src } = route;
  // The source that the kernel set is named where `ip route` shows it; it needn't match to delete.
  if (dev !== undefined) yield* linkNamed(it, dev, `Cannot find device "${dev}"`);
  if (verb === "delete") {
    const only = {
      to,
      ...(via !== undefined && { via }),
      ...(dev !== undefined && { dev }),
      ...(metric !== undefined && { metric }),
      ...(table !== undefined && { table }),
    };
    yield* ask(it, { type: "RTM_DELROUTE", ...only });
    return undefined;
  }
  const kernelSays = yield* refusal(it, route);
  if (kernelSays !== undefined) throw new IpError(kernelSays, 2);
  yield* ask(it, { type: "RTM_NEWROUTE", ...route, ...(src !== undefined && { src }), replace: verb === "replace" });
  return undefined;
}

/** What extended acknowledgements of the kernel say, where an errno alone would say less: fib_check_nh(). */
function* refusal(it: Invocation, { via, dev }: Omit<NewRoute, "type">): Activity<string | undefined> {
  const link = dev === undefined ? undefined : yield* linkNamed(it, dev);
  if (link?.up === false) return "Error: Device for nexthop is not up.";
  if (via === undefined) return undefined;
  const rows = yield* ask(it, { type: "RTM_GETROUTE" });
  const reached = rows.some((row) => row.via === undefined && row.to !== "default" && covers(row.to, via));
  return reached ? undefined : "Error: Nexthop has invalid gateway.";
}

function covers(network: string, address: string): boolean {
  const [base = "", length = "32"] = network.split("/");
  const bits = (text: string): number => text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(length));
  return Math.floor(bits(base) / size) === Math.floor(bits(address) / size);
}

/** `ip route`. */
export function ipRoute(it: Invocation, words: Words): Activity<undefined> {
  const verb = words.command(["show", "list", "add", "get", "replace", "change", "delete", "flush"], "show", "route");
  switch (verb) {
    case "add":
    case "replace":
    case "delete":
      return change(it, words, verb);
    case "change":
      return change(it, words, "replace");
    case "get":
      return get(it, words);
    case "flush":
      return flush(it, words);
    case "show":
    case "list":
      return show(it, words);
  }
}

function* flush(it: Invocation, words: Words): Activity<undefined> {
  const word = words.next();
  const name = word === "dev" ? words.next() : word;
  const rows = (yield* ask(it, { type: "RTM_GETROUTE" })).filter((row) => row.dev === name || row.to === name);
  for (const { to, metric } of rows) yield* ask(it, { type: "RTM_DELROUTE", to, metric });
  return undefined;
}

/** `ip neighbour`. */
export function* ipNeighbour(it: Invocation, words: Words): Activity<undefined> {
  const verb = words.command(["show", "list", "add", "replace", "flush", "delete"], "show", "neigh");
  let [address, lladdr, dev]: (string | undefined)[] = [];
  while (!words.done) {
    const word = words.next();
    if (word === "dev") dev = words.next();
    else if (word === "lladdr") lladdr = words.next();
    else if (word === "nud") words.next();
    else address = word === "to" ? words.next() : word;
  }
  if (dev !== undefined) yield* linkNamed(it, dev, `Cannot find device "${dev}"`);
  const chosen = (row: NeighbourRow): boolean =>
    (dev === undefined || row.dev === dev) && (address === undefined || row.address === address);
  switch (verb) {
    case "show":
    case "list": {
      const rows = (yield* ask(it, { type: "RTM_GETNEIGH" })).filter(chosen);
      if (it.has("json"))
        json(
          it,
          rows.map(({ address: dst, dev: out, mac, state }) => ({
            dst,
            dev: out,
            ...(mac !== undefined && { lladdr: mac }),
            state: [state],
          })),
        );
      else
        for (const { address: to, dev: out, mac, state } of rows) {
          const at = dev === undefined ? `dev ${out} ` : "";
          it.out.put(`${to} ${at}${mac === undefined ? "" : `lladdr ${mac} `}${state} \n`);
        }
      return undefined;
    }
    case "add":
    case "replace":
      if (address === undefined || dev === undefined)
        throw new IpError("Device and destination are required arguments.");
      yield* ask(it, { type: "RTM_NEWNEIGH", name: dev, address, mac: lladdr ?? "" });
      return undefined;
    case "delete":
      if (address === undefined || dev === undefined)
        throw new IpError("Device and destination are required arguments.");
      yield* ask(it, { type: "RTM_DELNEIGH", name: dev, address });
      return undefined;
    case "flush":
      for (const row of (yield* ask(it, { type: "RTM_GETNEIGH" })).filter(chosen))
        if (row.state !== "PERMANENT") yield* ask(it, { type: "RTM_DELNEIGH", name: row.dev, address: row.address });
      return undefined;
  }
}
