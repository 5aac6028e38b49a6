import { Signal } from "../../core/index.js";
import type { Errno } from "../ip/errno.js";
import type { Icmp } from "../ip/icmp.js";
import type { IpStack } from "../ip/stack.js";
import { ipv4, type Ipv4 } from "../packet/address.js";
import { Protocol } from "../packet/packet.js";

/** What came of an echo request. */
export type EchoAnswer =
  | {
      readonly kind: "reply";
      readonly sequence: number;
      readonly from: Ipv4;
      readonly ttl: number;
      readonly bytes: number;
      readonly data: Uint8Array;
    }
  | {
      readonly kind: "error";
      readonly sequence: number;
      readonly from: Ipv4;
      readonly type: 3 | 11;
      readonly code: number;
    };

/** A socket for echo requests: `socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)` (icmp(7)). */
export class EchoSocket {
  readonly #stack: IpStack;
  readonly #icmp: Icmp;
  readonly #identifier: number;
  readonly #answers: EchoAnswer[] = [];
  #changed: Signal<void> | undefined;

  constructor(stack: IpStack, icmp: Icmp) {
    this.#stack = stack;
    this.#icmp = icmp;
    const arrived = (answer: EchoAnswer): void => {
      this.#answers.push(answer);
      const signal = this.#changed;
      this.#changed = undefined;
      signal?.fire();
    };
    this.#identifier = icmp.listen({
      reply: ({ sequence, data }, from, ttl) => {
        arrived({ kind: "reply", sequence, from, ttl, bytes: data.length + 8, data });
      },
      error: (type, code, sequence, from) => {
        arrived({ kind: "error", sequence, from, type, code });
      },
    });
  }

  /** What its requests are told apart by from those of others. */
  get identifier(): number {
    return this.#identifier;
  }

  /** Whether an answer waits to be taken. */
  get readable(): boolean {
    return this.#answers.length > 0;
  }

  /** Sends a request, with `data` or so many bytes of a pattern. */
  send(
    to: string | Ipv4,
    sequence: number,
    {
      bytes = 56,
      ttl = 64,
      data = Uint8Array.from({ length: bytes }, (_, at) => at & 255),
    }: { readonly bytes?: number; readonly ttl?: number; readonly data?: Uint8Array } = {},
  ): Errno | undefined {
    const destination = ipv4(to);
    const source = this.#stack.sourceFor(destination);
    if (typeof source === "string") return source;
    return this.#stack.send({
      kind: "ipv4",
      source,
      destination,
      tos: 0,
      id: this.#stack.nextId(),
      dontFragment: false,
      ttl,
      protocol: Protocol.icmp,
      payload: { kind: "echo", reply: false, identifier: this.#identifier, sequence, data },
    });
  }

  /** The oldest answer that wasn't taken. */
  take(): EchoAnswer | undefined {
    return this.#answers.shift();
  }

  /** Fires when an answer has come. */
  get changed(): Signal<void> {
    return (this.#changed ??= new Signal<void>("echo answer"));
  }

  close(): void {
    this.#icmp.forget(this.#identifier);
  }
}
