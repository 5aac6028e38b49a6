import { any, s, type Activity } from "../../core/index.js";
import { isErrno } from "../ip/errno.js";
import type { NetworkNamespace } from "../namespace.js";
import { decodeDns, encodeDns } from "./codec.js";
import type { DnsMessage, DnsQuestion } from "./message.js";

/** resolv.conf(5): how long is waited for a server, and how often all are asked. */
const timeout = s(5);
const attempts = 2;

/** Asks servers in turn, until one answers; undefined where none does. */
export function* ask(
  namespace: NetworkNamespace,
  servers: readonly string[],
  question: DnsQuestion,
): Activity<DnsMessage | undefined> {
  const { engine, rng } = namespace.world;
  for (let attempt = 0; attempt < attempts; attempt++) {
    for (const server of servers) {
      const socket = namespace.udpSocket();
      try {
        const id = rng.stream("net.dns").integer(65_536);
        const [address = "", port = "53"] = server.split(":");
        const query = {
          response: false,
          authoritative: false,
          recursionDesired: true,
          recursionAvailable: false,
        } as const;
        const message: DnsMessage = {
          id,
          ...query,
          rcode: "NOERROR",
          questions: [question],
          answers: [],
          authorities: [],
        };
        if (socket.connect(address, Number(port)) !== undefined) continue;
        if (socket.send(encodeDns(message)) !== undefined) continue;
        const late = engine.delay(timeout);
        for (;;) {
          const got = socket.tryReceive();
          if (got === "EAGAIN") {
            const first = yield* any({ answer: socket.changed, late });
            if (first.key === "late") break;
          } else if (isErrno(got)) break;
          else {
            const answer = decodeDns(got.data);
            if (answer?.id === id && answer.response) return answer;
          }
        }
      } finally {
        socket.close();
      }
    }
  }
  return undefined;
}
