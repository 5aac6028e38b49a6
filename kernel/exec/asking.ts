import { receiveMessageOnPort, type MessagePort } from "node:worker_threads";
import type { Answer, Question } from "./outcome.js";
import type { Reporter } from "./reporter.js";
import { flags, type Mail, type SharedMemory } from "./thread-messages.js";

/** Asks the user and holds the thread until the answer is there. @returns null where the user ended the input */
export type AskAndWait = (prompt: string, options?: { readonly password?: boolean }) => string | null;

/** What a client sends for Ctrl+D, by ipykernel's example. */
const endOfTransmission = "\u0004";

/**
 * The main thread's way to a client's user. The protocol worker, which is free while this thread waits, carries the
 * question; an interrupt ends the wait by an error that cells may clean up behind.
 * @param answers never listened to: it is read while the thread is held
 * @param current the run that asks
 */
export function createAsking(
  memory: SharedMemory,
  answers: MessagePort,
  reporter: Pick<Reporter, "question">,
  current: () => number,
): AskAndWait {
  const words = new Int32Array(memory.flags);
  let questions = 0;

  function answerTo(id: number): Answer | undefined {
    for (let got = receiveMessageOnPort(answers); got !== undefined; got = receiveMessageOnPort(answers)) {
      // The link posts these. Another one's is for a question whose cell was cut meanwhile.
      const { id: answered, answer } = got.message as Mail;
      if (answered === id) return answer;
    }
    return undefined;
  }

  function endIfStopped(): void {
    if (Atomics.load(words, flags.stop) === 1) throw new Interrupted();
  }

  return (prompt, { password = false } = {}) => {
    // A cell that catches everything and asks again must not drown the worker in questions.
    endIfStopped();
    const id = ++questions;
    reporter.question(current(), id, { prompt, password } satisfies Question);
    for (;;) {
      const seen = Atomics.load(words, flags.mail);
      endIfStopped();
      const answer = answerTo(id);
      if (answer === undefined) Atomics.wait(words, flags.mail, seen);
      else if ("refused" in answer) throw new CannotAsk(answer);
      else return answer.value === endOfTransmission ? null : answer.value;
    }
  };
}

class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor() {
    super("the cell was interrupted while it waited for an answer");
  }
}

/** Shown as a student's mistake: by its words alone. */
class CannotAsk extends Error {
  override readonly name = "UsageError";
  readonly hint: string;

  constructor({ refused, hint }: Extract<Answer, { refused: string }>) {
    super(refused);
    this.hint = hint;
  }
}
