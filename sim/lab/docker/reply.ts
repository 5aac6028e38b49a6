import { concatBytes, encodeUtf8, Signal, UsageError, type Activity } from "../../core/index.js";
import { type ApiAnswer, type ApiRequest, type DockerApi } from "../../container/index.js";
import { textOf } from "../../net/index.js";

/** A request to Docker's API with a body as JSON; none where it is left out. */
export function requestWith(method: string, target: string, body: unknown): ApiRequest {
  const json = body === undefined ? {} : { "content-type": "application/json" };
  return { method, target, headers: json, body: encodeUtf8(body === undefined ? "" : JSON.stringify(body)) };
}

/** What Docker's engine answers to a request of its API. An answer that is told bit by bit is heard from its beginning. */
export class Reply {
  readonly status: number;
  readonly #isStream: boolean;
  readonly #parts: Uint8Array[] = [];
  readonly #ended: Signal<void> = new Signal("an answer of Docker's API");
  readonly #wait: (activity: Activity<void>) => void;

  /** @param wait lets time pass until an activity is over */
  constructor(answer: ApiAnswer, wait: (activity: Activity<void>) => void) {
    this.status = answer.status;
    this.#isStream = answer.headers["content-type"]?.startsWith("application/vnd.docker.") === true;
    this.#wait = wait;
    if (answer.open === undefined) {
      this.#parts.push(answer.body);
      this.#ended.fire();
    } else
      answer.open({
        write: (bytes) => this.#parts.push(bytes),
        end: () => {
          this.#ended.fire();
        },
      });
  }

  /** Lets time pass until all has been said. @returns it as text; of a process's streams what it wrote, without their frames */
  text(): string {
    const ended = this.#ended;
    this.#wait(
      (function* (): Activity<void> {
        yield* ended;
      })(),
    );
    const bytes = concatBytes(this.#parts);
    return textOf(this.#isStream ? unframed(bytes) : bytes);
  }

  /** As `text`, read as a JSON object. @throws UsageError for what is none */
  json(): Readonly<Record<string, unknown>> {
    const text = this.text();
    const value: unknown = text === "" ? undefined : JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
    throw new UsageError(`the answer ${this.status} holds no JSON object`, "Read it by text().");
  }
}

/** What stands in the frames: a stream's number and three zeros, the length in four bytes, the bytes. A terminal's stream has none. */
function unframed(bytes: Uint8Array): Uint8Array {
  const isFrame = (bytes[0] ?? 9) <= 2 && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 0;
  if (!isFrame) return bytes;
  const parts: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 8 <= bytes.length;) {
    const end = at + 8 + view.getUint32(at + 4);
    parts.push(bytes.subarray(at + 8, end));
    at = end;
  }
  return concatBytes(parts);
}

/** Sends a request; its answer has begun where this is over. */
export function* send(api: DockerApi, request: ApiRequest, wait: (activity: Activity<void>) => void): Activity<Reply> {
  return new Reply(yield* api.handle(request), wait);
}
