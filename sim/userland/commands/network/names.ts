import type { Activity } from "../../../core/index.js";
import { formatIpv4, formatIpv6, parseIpv4, reverseName, type DnsMessage, type DnsRecord } from "../../../net/index.js";
import { askServers, getaddrinfo, getnameinfo, resolverSettings } from "../../../os/index.js";
import { Failure, UsageFailure, type Command, type Invocation } from "../../program/command.js";
import { groups, users } from "../../program/names.js";
import { quoteName } from "../../program/quoting.js";

/** Lines of a file of /etc whose key, in one of some columns, is wanted; all of them without a key. */
function* lines(it: Invocation, path: string, keys: readonly string[], columns: readonly number[]): Activity<number> {
  const text = (yield* it.readText(path)) ?? "";
  const rows = text.split("\n").filter((line) => line !== "");
  let status = 0;
  for (const key of keys.length === 0 ? [undefined] : keys) {
    const found = rows.filter((row) => key === undefined || columns.some((at) => row.split(":")[at] === key));
    if (found.length === 0 && key !== undefined) status = 2;
    for (const row of key === undefined ? found : found.slice(0, 1)) it.out.put(`${row}\n`);
  }
  return status;
}

/** The lines of /etc/hosts: an address and its names. */
function* hostLines(it: Invocation): Activity<(readonly string[])[]> {
  const text = (yield* it.readText("/etc/hosts")) ?? "";
  return text
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim().split(/\s+/))
    .filter(([address = "", name]) => parseIpv4(address) !== undefined && name !== undefined);
}

const hostText = ([address = "", ...names]: readonly string[]): string => `${address.padEnd(15)} ${names.join(" ")}\n`;

function* hosts(it: Invocation, keys: readonly string[], all: boolean): Activity<number> {
  const known = yield* hostLines(it);
  if (keys.length === 0) for (const line of known) it.out.put(hostText(line));
  let status = 0;
  for (const key of keys) {
    const line = known.find(([address, ...names]) =>
      parseIpv4(key) === undefined ? names.includes(key) : address === key,
    );
    if (line !== undefined && !all) {
      it.out.put(hostText(line));
      continue;
    }
    if (parseIpv4(key) !== undefined && !all) {
      const name = yield* getnameinfo(it.sys, key);
      if (name === undefined) status = 2;
      else it.out.put(hostText([key, name]));
      continue;
    }
    const found = yield* getaddrinfo(it.sys, key);
    if ("code" in found) status = 2;
    else if (!all) for (const address of found) it.out.put(hostText([address, key]));
    else
      for (const address of found)
        for (const [at, kind] of ["STREAM", "DGRAM", "RAW"].entries())
          it.out.put(`${address.padEnd(15)} ${kind.padEnd(6)} ${at === 0 && address === found[0] ? key : ""}\n`);
  }
  return status;
}

function* getent(it: Invocation): Activity<number> {
  const [database = "", ...keys] = it.operands;
  switch (database) {
    case "hosts":
      return yield* hosts(it, keys, false);
    case "ahosts":
    case "ahostsv4":
      return yield* hosts(it, keys, true);
    case "passwd":
      // Names and numbers, as the C library's functions find them.
      yield* users(it.sys);
      return yield* lines(it, "/etc/passwd", keys, [0, 2]);
    case "group":
      yield* groups(it.sys);
      return yield* lines(it, "/etc/group", keys, [0, 2]);
    default:
      yield* it.tell(`Unknown database: ${database}`);
      throw new UsageFailure(`unknown database ${quoteName(database)}`);
  }
}

function recordText(record: DnsRecord): string {
  switch (record.type) {
    case "A":
      return `Name:\t${record.name}\nAddress: ${formatIpv4(record.address)}\n`;
    case "AAAA":
      return `Name:\t${record.name}\nAddress: ${formatIpv6(record.address)}\n`;
    case "PTR":
      return `${record.name}\tname = ${record.target}.\n`;
    case "CNAME":
      return `${record.name}\tcanonical name = ${record.target}.\n`;
    case "NS":
      return `${record.name}\tnameserver = ${record.target}.\n`;
    case "TXT":
      return `${record.name}\ttext = "${record.text}"\n`;
    case "SRV":
      return `${record.name}\tservice = ${record.priority} ${record.weight} ${record.port} ${record.target}.\n`;
    case "SOA":
      return `${record.name}\n\torigin = ${record.server}\n\tmail addr = ${record.mail}\n\tserial = ${record.serial}\n`;
  }
}

const queryTypes = ["A", "AAAA", "CNAME", "NS", "PTR", "SOA", "SRV", "TXT"] as const;

/** `nslookup NAME [SERVER]`: names along resolv.conf's search list, until one is known. */
function* nslookup(it: Invocation): Activity<number> {
  const [name = "", given] = it.operands;
  const wanted = (it.value("type") ?? "A").toUpperCase();
  const type = parseIpv4(name) === undefined ? queryTypes.find((one) => one === wanted) : "PTR";
  if (type === undefined) throw new Failure(`unknown query type: ${it.value("type") ?? ""}`);
  let settings = yield* resolverSettings(it.sys);
  if (given !== undefined) {
    const found = yield* getaddrinfo(it.sys, given);
    if ("code" in found) throw new Failure(`couldn't get address for '${given}': not found`);
    settings = { ...settings, servers: found };
  }
  const plain = parseIpv4(name) === undefined ? name.replace(/\.$/, "") : reverseName(name);
  const longer = type === "PTR" || name.endsWith(".") ? [] : settings.search.map((end) => `${plain}.${end}`);
  const tried = plain.includes(".") ? [plain, ...longer] : [...longer, plain];
  let answer: DnsMessage | undefined;
  for (const candidate of tried) {
    answer = yield* askServers(it.sys, { name: candidate.toLowerCase(), type }, settings);
    if (answer === undefined) {
      it.out.put(";; connection timed out; no servers could be reached\n\n");
      return 1;
    }
    if (answer.rcode === "NOERROR" && answer.answers.length > 0) break;
  }
  const [server = ""] = settings.servers;
  if (type !== "PTR") it.out.put(`Server:\t\t${server}\nAddress:\t${server}#53\n\n`);
  if (answer === undefined || answer.rcode !== "NOERROR") {
    const said = type === "PTR" ? plain : name;
    it.out.put(`** server can't find ${said}: ${answer?.rcode ?? "SERVFAIL"}\n\n`);
    return 1;
  }
  if (type === "PTR") {
    for (const record of answer.answers) it.out.put(recordText(record));
    it.out.put("\n");
    return 0;
  }
  if (answer.answers.length === 0) it.out.put(`*** Can't find ${name}: No answer\n`);
  else {
    if (!answer.authoritative) it.out.put("Non-authoritative answer:\n");
    for (const record of answer.answers) it.out.put(recordText(record));
  }
  it.out.put("\n");
  return 0;
}

export const nameCommands: readonly Command[] = [
  {
    name: "getent",
    usage: ["[OPTION...] database [key ...]"],
    about: "Get entries from administrative database: hosts, ahosts, passwd, group.",
    options: [],
    operands: [1, Infinity],
    run: getent,
  },
  {
    name: "nslookup",
    usage: ["[-type=TYPE] NAME [SERVER]"],
    about: "Query Internet name servers.",
    options: [{ long: "type", argument: "TYPE", help: `kind of records: ${queryTypes.join(", ")}` }],
    operands: [1, 2],
    rewrite: (words) => words.map((word) => word.replace(/^-(?:query|querytype|type)=/, "--type=")),
    run: nslookup,
  },
];
