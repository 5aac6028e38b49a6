import { UsageError, type Activity, type Process } from "../../core/index.js";
import { isErrno } from "../ip/errno.js";
import { type Ipv4 } from "../packet/address.js";
import type { Datagram, UdpSocket } from "../socket/udp.js";
import type { NetworkNamespace } from "../namespace.js";
import { decodeDns, encodeDns } from "./codec.js";
import type { DnsMessage, DnsQuestion } from "./message.js";
import { ask } from "./query.js";
import type { Zone, ZoneAnswer } from "./zone.js";

const dnsPort = 53;

export interface DnsServerOptions {
  /** The zones that it answers for; the one with the longest name decides. May be changed while it serves. */
  readonly zones: readonly Zone[];
  /** Servers that are asked about all other names; without any, they are refused. */
  readonly forward?: readonly string[];
  /** The address that it listens at; all of them where absent. */
  readonly address?: string;
  readonly port?: number;
  /** Answers before zones are looked at, as it may depend on who asks. */
  readonly answer?: (question: DnsQuestion, from: Ipv4) => ZoneAnswer | undefined;
}

/** A name server (RFC 1034, RFC 1035) over UDP; answers longer than a datagram, and so TCP, are absent. */
export class DnsServer {
  readonly options: DnsServerOptions;
  /** Questions that came, by their answer. */
  readonly counters = { queries: 0, answered: 0, missing: 0, forwarded: 0, refused: 0 };
  readonly #namespace: NetworkNamespace;
  readonly #socket: UdpSocket;
  readonly #process: Process<void>;

  /** Begins to serve. @throws UsageError where the port is taken */
  constructor(namespace: NetworkNamespace, options: DnsServerOptions) {
    this.options = options;
    this.#namespace = namespace;
    this.#socket = namespace.udpSocket();
    const port = options.port ?? dnsPort;
    const failed = this.#socket.bind(options.address, port);
    if (failed !== undefined) {
      throw new UsageError(
        `${namespace.name} cannot serve DNS at port ${port}: ${failed}`,
        "Stop who is there, or give another port.",
      );
    }
    this.#process = namespace.world.engine.spawn(this.#serve(), { name: `DNS of ${namespace.name}`, background: true });
  }

  stop(): void {
    this.#process.cancel();
    this.#socket.close();
  }

  *#serve(): Activity<void> {
    for (;;) {
      const got = yield* this.#socket.receive();
      if (isErrno(got)) return;
      const query = decodeDns(got.data);
      if (query !== undefined && !query.response) this.#take(query, got);
    }
  }

  #take(query: DnsMessage, from: Datagram): void {
    this.counters.queries++;
    const [question] = query.questions;
    if (question === undefined) {
      this.#reply(query, from, { rcode: "FORMERR", answers: [], authorities: [] }, false);
      return;
    }
    const special = this.options.answer?.(question, from.address);
    const zone = this.options.zones
      .filter((candidate) => candidate.covers(question.name))
      .sort((a, b) => b.origin.length - a.origin.length)[0];
    const answer = special ?? zone?.answer(question);
    if (answer !== undefined) {
      if (answer.rcode === "NXDOMAIN") this.counters.missing++;
      else this.counters.answered++;
      this.#reply(query, from, answer, true);
    } else if (this.options.forward === undefined || this.options.forward.length === 0) {
      this.counters.refused++;
      this.#reply(query, from, { rcode: "REFUSED", answers: [], authorities: [] }, false);
    } else {
      this.counters.forwarded++;
      this.#namespace.world.engine.spawn(this.#forward(query, question, from, this.options.forward), {
        name: "DNS forwarding",
      });
    }
  }

  *#forward(query: DnsMessage, question: DnsQuestion, from: Datagram, servers: readonly string[]): Activity<void> {
    const got = yield* ask(this.#namespace, servers, question);
    this.#reply(query, from, got ?? { rcode: "SERVFAIL", answers: [], authorities: [] }, false);
  }

  #reply(query: DnsMessage, to: Datagram, { rcode, answers, authorities }: ZoneAnswer, authoritative: boolean): void {
    const recursionAvailable = (this.options.forward?.length ?? 0) > 0;
    const message: DnsMessage = {
      ...query,
      response: true,
      authoritative,
      recursionAvailable,
      rcode,
      answers,
      authorities,
    };
    this.#socket.send(encodeDns(message), to.address, to.port);
  }
}
