import { Signal, UsageError, type Activity, type Engine } from "../../core/index.js";
import type { Headers } from "../../net/index.js";
import { encodeJson } from "../json.js";
import { jsonLine, type ApiAnswer, type Call, type Pull } from "./exchange.js";

type Write = (bytes: Uint8Array) => void;

/** An answer that is told bit by bit: `say` runs from when it is opened until it returns, or the client is gone. */
export function openAnswer(
  engine: Engine,
  {
    pull,
    headers = { "content-type": "application/json" },
    say,
  }: { readonly pull: () => Pull; readonly headers?: Headers; readonly say: (write: Write) => Activity<undefined> },
): ApiAnswer {
  return {
    status: 200,
    headers,
    open(sink) {
      const process = engine.spawn(
        (function* () {
          try {
            yield* say((bytes) => {
              sink.write(bytes);
            });
          } catch (error) {
            // What is refused once the answer has begun ends it: there is no status any more to say it by.
            if (!(error instanceof UsageError)) throw error;
          } finally {
            sink.end();
          }
        })(),
        { name: "an answer of Docker's API", background: true },
      );
      return {
        receive: () => undefined,
        finish: () => undefined,
        close: () => {
          process.cancel();
        },
        pull,
      };
    },
  };
}

/** One line of progress: a message of jsonmessage's in moby. */
export type Tell = (line: object) => void;

/**
 * An answer whose lines are JSON, told while something is done. What is refused before the first line has the status that it has;
 * after it, it is a line itself.
 */
export function* progressAnswer(
  { engine }: Call,
  work: (tell: Tell) => Activity<undefined>,
  code: (error: UsageError) => number | undefined = () => undefined,
): Activity<ApiAnswer> {
  const { engine: world } = engine.kernel;
  const waiting: Uint8Array[] = [];
  let write: Write = (bytes) => waiting.push(bytes);
  const begun = new Signal<void>("progress");
  const over = new Signal<void>("progress");
  const tell: Tell = (line) => {
    write(jsonLine(line));
    if (!begun.settled) begun.fire();
  };
  world.spawn(
    (function* () {
      try {
        yield* work(tell);
        if (!begun.settled) begun.fire();
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        if (!begun.settled) {
          begun.fail(error);
          return;
        }
        const { message } = error;
        const number = code(error);
        tell({ errorDetail: { ...(number !== undefined && { code: number }), message }, error: message });
      } finally {
        over.fire();
      }
    })(),
    { name: "a request of Docker's API", background: true },
  );
  yield* begun;
  return openAnswer(world, {
    pull: () => "work",
    *say(out) {
      for (const line of waiting) out(line);
      write = out;
      yield* over;
      return undefined;
    },
  });
}

/** A single JSON document, told once it is known: its header comes at once. */
export const laterAnswer = (engine: Engine, pull: () => Pull, tell: () => Activity<unknown>): ApiAnswer =>
  openAnswer(engine, {
    pull,
    *say(write) {
      write(encodeJson(yield* tell()));
      return undefined;
    },
  });
