import { ms, s, type Activity, type Nanos } from "../../core/index.js";
import { decodeDns, encodeDns, formatIpv4, parseIpv4, type DnsMessage } from "../../net/index.js";
import { Errno } from "../errno.js";
import { AF_INET, O_RDONLY, POLLIN, SOCK_CLOEXEC, SOCK_DGRAM } from "../flags.js";
import type { Sys } from "../syscall/table.js";

/** Why a name has no address: getaddrinfo(3), in the words of gai_strerror(3). */
export type NameError =
  | { readonly code: "EAI_NONAME"; readonly message: "Name or service not known" }
  | { readonly code: "EAI_AGAIN"; readonly message: "Temporary failure in name resolution" };

const unknown: NameError = { code: "EAI_NONAME", message: "Name or service not known" };
const later: NameError = { code: "EAI_AGAIN", message: "Temporary failure in name resolution" };

/** What resolv.conf(5) says. */
interface Settings {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly ndots: number;
  readonly timeout: Nanos;
  readonly attempts: number;
}

function* contents(sys: Sys, path: string): Activity<string> {
  try {
    const fd = yield* sys.open(path, O_RDONLY);
    let text = "";
    for (;;) {
      const bytes = yield* sys.read(fd, 4096);
      if (bytes.length === 0) break;
      text += String.fromCharCode(...bytes);
    }
    yield* sys.close(fd);
    return text;
  } catch (error) {
    // A file that isn't there says nothing.
    if (error instanceof Errno) return "";
    throw error;
  }
}

const linesOf = (text: string): string[][] =>
  text
    .split("\n")
    .map((line) => line.replace(/[#;].*/, "").trim())
    .filter((line) => line !== "")
    .map((line) => line.split(/\s+/));

function parse(text: string): Settings {
  let [servers, search]: [string[], string[]] = [[], []];
  let [ndots, timeout, attempts] = [1, 5, 2];
  for (const [keyword, ...values] of linesOf(text)) {
    if (keyword === "nameserver") servers = [...servers, ...values].slice(0, 3);
    else if (keyword === "search" || keyword === "domain") search = values;
    else if (keyword === "options") {
      for (const value of values) {
        const [name, number] = value.split(":");
        if (name === "ndots") ndots = Number(number);
        if (name === "timeout") timeout = Number(number);
        if (name === "attempts") attempts = Number(number);
      }
    }
  }
  // Without a server the own machine is asked.
  return { servers: servers.length === 0 ? ["127.0.0.1"] : servers, search, ndots, timeout: s(timeout), attempts };
}

/** The names that are tried, in order. */
function candidates(name: string, { search, ndots }: Settings): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const longer = search.map((end) => `${name}.${end}`);
  return name.split(".").length - 1 >= ndots ? [name, ...longer] : [...longer, name];
}

/** Asks the servers in turn for one name. Undefined where none answers. */
function* query(sys: Sys, name: string, settings: Settings): Activity<DnsMessage | undefined> {
  const fd = yield* sys.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC);
  try {
    for (let attempt = 0; attempt < settings.attempts; attempt++) {
      for (const server of settings.servers) {
        const [high = 0, low = 0] = yield* sys.getrandom(2);
        const id = high * 256 + low;
        const asked = encodeDns({
          id,
          response: false,
          authoritative: false,
          recursionDesired: true,
          recursionAvailable: false,
          rcode: "NOERROR",
          questions: [{ name, type: "A" }],
          answers: [],
          authorities: [],
        });
        try {
          yield* sys.connect(fd, { address: server, port: 53 });
          yield* sys.sendto(fd, asked);
          const ready = yield* sys.poll([{ fd, events: POLLIN }], settings.timeout);
          if (ready.length === 0) continue;
          const { bytes } = yield* sys.recvfrom(fd, 1500);
          const message = decodeDns(bytes);
          if (message?.id === id && message.rcode !== "SERVFAIL" && message.rcode !== "REFUSED") return message;
        } catch (error) {
          // The server isn't there: the next one.
          if (!(error instanceof Errno)) throw error;
          yield* sys.nanosleep(ms(0));
        }
      }
    }
    return undefined;
  } finally {
    yield* sys.close(fd);
  }
}

/**
 * A name's IPv4 addresses, as programs of the C library find them: an address stands for itself, then /etc/hosts, then the
 * servers of /etc/resolv.conf, each file read anew. Nothing is kept.
 */
export function* getaddrinfo(sys: Sys, name: string): Activity<readonly string[] | NameError> {
  const fixed = parseIpv4(name);
  if (fixed !== undefined) return [formatIpv4(fixed)];
  const wanted = name.toLowerCase();
  const hosts = linesOf(yield* contents(sys, "/etc/hosts"))
    .filter(([address = "", ...names]) => names.includes(wanted) && parseIpv4(address) !== undefined)
    .map(([address = ""]) => address);
  if (hosts.length > 0) return hosts;
  if (wanted === "localhost") return ["127.0.0.1"];
  const settings = parse(yield* contents(sys, "/etc/resolv.conf"));
  for (const candidate of candidates(wanted, settings)) {
    const message = yield* query(sys, candidate, settings);
    if (message === undefined) return later;
    const found = message.answers.flatMap((record) => (record.type === "A" ? [formatIpv4(record.address)] : []));
    if (found.length > 0) return found;
  }
  return unknown;
}
