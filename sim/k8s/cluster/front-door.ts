import type { Activity } from "../../core/index.js";
import type { ApiRequest, ApiResponse, ApiStream, StreamSink } from "../apiserver/request.js";
import type { ApiServer } from "../apiserver/server.js";
import type { ApiEndpoint } from "../client/client.js";

/** Where the API server is reached, whichever process is behind it: nobody while it is stopped, and streams end with the process. */
export class FrontDoor implements ApiEndpoint {
  #api: ApiServer | undefined;
  readonly #open = new Set<{ stop: () => void; readonly sink: StreamSink }>();
  /** Absent where answers take no time: that spares every request a generator. */
  readonly ask?: (request: ApiRequest) => Activity<ApiResponse | ApiStream | undefined>;

  /** @param slow whether the store behind takes its time */
  constructor(slow: boolean) {
    if (slow) this.ask = (request) => this.#ask(request);
  }

  /** The process that answers. */
  get api(): ApiServer | undefined {
    return this.#api;
  }

  open(api: ApiServer): void {
    this.#api = api;
  }

  /** The process ends. */
  close(): void {
    this.#api?.stop();
    this.#api = undefined;
    const open = [...this.#open];
    this.#open.clear();
    for (const { stop, sink } of open) {
      stop();
      sink.end();
    }
  }

  handle(request: ApiRequest): ApiResponse | ApiStream | undefined {
    const answer = this.#api?.handle(request);
    return answer?.stream === undefined ? answer : this.#kept(answer);
  }

  *#ask(request: ApiRequest): Activity<ApiResponse | ApiStream | undefined> {
    const api = this.#api;
    if (api === undefined) return undefined;
    const answer = yield* api.ask(request);
    // The process that was asked has ended meanwhile: the connection broke.
    if (api !== this.#api) return undefined;
    return answer.stream === undefined ? answer : this.#kept(answer);
  }

  #kept(answer: ApiStream): ApiStream {
    return {
      ...answer,
      stream: (sink) => {
        const entry = { stop: (): void => undefined, sink };
        this.#open.add(entry);
        // A stream may end before it has begun: the revision is too old.
        entry.stop = answer.stream({
          event: (event) => {
            sink.event(event);
          },
          end: () => {
            this.#open.delete(entry);
            sink.end();
          },
        });
        return () => {
          this.#open.delete(entry);
          entry.stop();
        };
      },
    };
  }
}
