import { ms, s, type Activity, type Nanos } from "../../core/index.js";
import { decodeDns, encodeDns, type DnsMessage, type DnsQuestion } from "../../net/index.js";
import { Errno } from "../errno.js";
import { AF_INET, O_RDONLY, POLLIN, SOCK_CLOEXEC, SOCK_DGRAM } from "../flags.js";
import type { Sys } from "../syscall/table.js";

/** What resolv.conf(5) says. */
export interface ResolverSettings {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly ndots: number;
  readonly timeout: Nanos;
  readonly attempts: number;
}

/** A file's text; empty where there is none. */
export function* contents(sys: Sys, path: string): Activity<string> {
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

/** Words of each line, without comments. */
export const linesOf = (text: string): string[][] =>
  text
    .split("\n")
    .map((line) => line.replace(/[#;].*/, "").trim())
    .filter((line) => line !== "")
    .map((line) => line.split(/\s+/));

function parse(text: string): ResolverSettings {
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

export function* resolverSettings(sys: Sys): Activity<ResolverSettings> {
  return parse(yield* contents(sys, "/etc/resolv.conf"));
}

/** Asks the servers in turn for what one name has, res_query(3). Undefined where none answers. */
export function* askServers(
  sys: Sys,
  question: DnsQuestion,
  settings: ResolverSettings,
): Activity<DnsMessage | undefined> {
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
          questions: [question],
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
