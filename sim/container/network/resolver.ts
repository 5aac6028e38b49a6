import { s, type Activity } from "../../core/index.js";
import { decodeDns, encodeDns, type DnsMessage, type DnsRecord, type Ipv4 } from "../../net/index.js";
import { AF_INET, askServers, attempt, Errno, PR_SET_NAME, SOCK_DGRAM, type Sys } from "../../os/index.js";
import { ask, closeAllBut, inNamespace } from "./sandbox.js";

/** What Docker's server knows when one container asks. */
export interface NameTable {
  /** Of those that share a network with the asker. */
  addressesOf(name: string): readonly Ipv4[];
  nameOf(address: Ipv4): string | undefined;
  /** Who is asked about all other names; nobody where the asker is in internal networks alone. */
  servers(): readonly string[];
}

const address = "127.0.0.11";
const ttl = 600;

/** "4.3.2.1.in-addr.arpa" as the address that it asks about. */
function reversed(name: string): Ipv4 | undefined {
  const parts = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  if (parts === null) return undefined;
  return parts.slice(1).reduceRight((sum, part) => sum * 256 + Number(part), 0) as Ipv4;
}

/** What the table says; undefined for names of others. */
function known(table: NameTable, { questions }: DnsMessage): readonly DnsRecord[] | undefined {
  const [question] = questions;
  if (question === undefined) return undefined;
  const { name, type } = question;
  const about = reversed(name);
  if (about !== undefined) {
    const target = table.nameOf(about);
    return target === undefined ? undefined : [{ name, ttl, type: "PTR", target }];
  }
  const found = table.addressesOf(name);
  if (found.length === 0) return undefined;
  // There is no IPv6: the name is known, and has no such address.
  return type === "A" ? found.map((one) => ({ name, ttl, type: "A", address: one })) : [];
}

/** Several addresses of a name come in any order, as moby's resolver has it: who takes the first spreads its load. */
function* shuffled(sys: Sys, records: readonly DnsRecord[]): Activity<readonly DnsRecord[]> {
  const all = [...records];
  for (let last = all.length - 1; last > 0; last--) {
    const [byte = 0] = yield* sys.getrandom(1);
    const other = byte % (last + 1);
    const [a, b] = [all[last], all[other]];
    if (a !== undefined && b !== undefined) [all[last], all[other]] = [b, a];
  }
  return all;
}

function* respond(sys: Sys, table: NameTable, query: DnsMessage): Activity<DnsMessage> {
  const head = { ...query, response: true, authoritative: false, recursionAvailable: true, authorities: [] };
  const answers = known(table, query);
  if (answers !== undefined) return { ...head, rcode: "NOERROR", answers: yield* shuffled(sys, answers) };
  const servers = table.servers();
  const [question] = query.questions;
  if (question === undefined || servers.length === 0) return { ...head, rcode: "SERVFAIL", answers: [] };
  const got = yield* askServers(sys, question, { servers, search: [], ndots: 1, timeout: s(4), attempts: 1 });
  return { ...head, rcode: got?.rcode ?? "SERVFAIL", answers: got?.answers ?? [] };
}

/** Answers questions until it is killed; each that goes elsewhere has a child of its own, so that the others needn't wait. */
function* serve(sys: Sys, fd: number, table: NameTable): Activity<number> {
  yield* sys.rt_sigaction("SIGCHLD", "SIG_IGN");
  for (;;) {
    const { bytes, from } = yield* sys.recvfrom(fd, 1500);
    const query = decodeDns(bytes);
    if (query === undefined || query.response || typeof from !== "object") continue;
    const reply = function* (own: Sys): Activity<number> {
      yield* attempt(own.sendto(fd, encodeDns(yield* respond(own, table, query)), from));
      return 0;
    };
    if (known(table, query) === undefined) yield* sys.clone(reply);
    else yield* reply(sys);
  }
}

/**
 * Docker's embedded name server, in a container's network namespace: a socket there at 127.0.0.11 and any port, to which rules
 * of the namespace lead port 53. Who answers is a child in the caller's namespaces, which is also where it asks others from.
 * @returns its pid
 */
export function* serveNames(sys: Sys, pid: number, table: NameTable): Activity<number> {
  const fd = yield* inNamespace(sys, pid, function* () {
    const made = yield* sys.socket(AF_INET, SOCK_DGRAM);
    yield* sys.bind(made, { address, port: 0 });
    const name = yield* sys.getsockname(made);
    const port = typeof name === "object" && "port" in name ? name.port : 0;
    const rules = [
      "-N DOCKER_OUTPUT",
      "-N DOCKER_POSTROUTING",
      `-A OUTPUT -d ${address}/32 -j DOCKER_OUTPUT`,
      `-A POSTROUTING -d ${address}/32 -j DOCKER_POSTROUTING`,
      `-A DOCKER_OUTPUT -d ${address}/32 -p udp -m udp --dport 53 -j DNAT --to-destination ${address}:${port}`,
      `-A DOCKER_POSTROUTING -s ${address}/32 -p udp -m udp --sport ${port} -j SNAT --to-source :53`,
    ];
    yield* ask(sys, ...rules.map((line) => ({ type: "NFT_MSG_NEWRULE", line: `-t nat ${line}` }) as const));
    return made;
  });
  const server = yield* sys.clone(function* (child) {
    yield* closeAllBut(child, fd);
    yield* child.prctl(PR_SET_NAME, "docker-resolver");
    return yield* serve(child, fd, table);
  });
  yield* sys.close(fd);
  return server;
}

/** Ends a child that serves; whoever's child it is by now. */
export function* endServer(sys: Sys, pid: number): Activity<undefined> {
  if ((yield* attempt(sys.kill(pid, "SIGKILL"))) instanceof Errno) return undefined;
  yield* attempt(sys.wait4(pid));
  return undefined;
}
