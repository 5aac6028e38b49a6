import type { Outcome, Output, Question } from "./outcome.js";
import { createPipeWriter } from "./pipe.js";
import { flags, kinds, type Bell, type SharedMemory } from "./thread-messages.js";

/** The main thread's way to tell the protocol worker what happens. */
export interface Reporter {
  output(run: number, output: Output): void;
  /** What comes before it in the pipe is shown before the cell ends. */
  outcome(run: number, outcome: Outcome): void;
  /** What comes before it is shown before the user is asked. */
  question(run: number, id: number, question: Question): void;
  pong(id: number): void;
}

export function createReporter(memory: SharedMemory, ring: (bell: Bell) => void): Reporter {
  const words = new Int32Array(memory.flags);
  const pipe = createPipeWriter(memory.pipe, () => {
    ring("urgent");
  });
  return {
    output(run, output) {
      if (output.type === "stream") pipe.write(kinds[output.name], run, output.text);
      else pipe.write(kinds.output, run, JSON.stringify(output));
      if (Atomics.exchange(words, flags.rung, 1) === 0) ring("soon");
    },
    outcome(run, outcome) {
      pipe.write(kinds.outcome, run, JSON.stringify(outcome));
      ring("urgent");
    },
    question(run, id, question) {
      pipe.write(kinds.question, run, JSON.stringify({ id, question }));
      ring("urgent");
    },
    pong(id) {
      pipe.write(kinds.pong, id, "");
      ring("urgent");
    },
  };
}
