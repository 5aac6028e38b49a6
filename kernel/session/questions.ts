import type { Answer, Ask } from "../exec/index.js";
import type { Incoming, KernelSockets, Origin } from "../wire/index.js";

type InputReply = Extract<Incoming, { type: "input_reply" }>;

/** Puts cells' questions to the user of the client that sent the cell. */
export interface Questions {
  /** @param allowed the request's `allow_stdin` */
  askFor(from: Origin, allowed: boolean): Ask;
  /** What came on stdin. An answer that nobody waits for, or another client's, is logged. */
  receive(message: InputReply): void;
}

interface QuestionsOptions {
  readonly sockets: Pick<KernelSockets, "prompt">;
  readonly log: (reason: string) => void;
}

/** A client connects its five channels one after the other: how often and how long it is looked for, in ms. */
const lookAgain = 50;
const patience = 1000;

const notAllowed: Answer = {
  refused: "this client can't be asked for input",
  hint: "Run the cell in a notebook or a console; `virtlab run`, nbconvert and graders have nobody who could answer.",
};
const gone: Answer = {
  refused: "the client that ran the cell has gone, and nobody is there to ask",
  hint: "Run the cell again.",
};

/** A question that waits for its answer; a held main thread asks but one at a time. */
interface Open {
  readonly from: Origin;
  id: string;
  readonly settle: (answer: Answer) => void;
}

export function createQuestions({ sockets, log }: QuestionsOptions): Questions {
  let open: Open | undefined;

  return {
    askFor: (from, allowed) => (question, signal) => {
      if (!allowed) return Promise.resolve(notAllowed);
      return new Promise((resolve) => {
        const end = performance.now() + patience;
        const send = (): void => {
          asked.id = sockets.prompt(from, "input_request", question, unreachable);
        };
        const unreachable = (): void => {
          if (open !== asked) return;
          if (performance.now() < end) setTimeout(send, lookAgain);
          else asked.settle(gone);
        };
        const settle = (answer: Answer): void => {
          if (open === asked) open = undefined;
          resolve(answer);
        };
        const asked: Open = { from, id: "", settle };
        open = asked;
        signal.addEventListener("abort", () => {
          settle(gone);
        });
        send();
      });
    },
    receive(message) {
      const about = message.parent_header.msg_id;
      if (open === undefined) log("an input_reply where nothing is asked");
      else if (!sameClient(open.from, message)) log("an input_reply of a client that wasn't asked");
      // jupyter_client and the classic Notebook send none; some name the cell instead of the question.
      else if (about !== undefined && about !== open.id && about !== open.from.header.msg_id) {
        log("an input_reply to another question");
      } else open.settle({ value: message.content.value });
    },
  };
}

/** A client's shell and stdin have one ZeroMQ identity, by the protocol. */
function sameClient(a: Pick<Origin, "identities">, b: Pick<Origin, "identities">): boolean {
  return Buffer.concat([...a.identities]).equals(Buffer.concat([...b.identities]));
}
