import { Queue, type Activity } from "../../core/index.js";
import type { Kernel } from "../../os/index.js";
import { timeOn } from "./clock.js";

export type EventType = "container" | "image" | "volume" | "network" | "builder" | "daemon";

/** Something that happened, in the form of Docker's API. */
export interface EngineEvent {
  readonly Type: EventType;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: "local";
  /** Seconds and nanoseconds since 1970. */
  readonly time: number;
  readonly timeNano: number;
}

export interface EventOptions {
  /** Nanoseconds since 1970. */
  readonly since?: number;
  readonly until?: number;
  /** Values by keys: type, event, container, image, volume, network, label. */
  readonly filters?: Readonly<Record<string, readonly string[]>>;
}

/** Docker remembers so many. */
const remembered = 256;

/** What happened on an engine: the last events, and who listens. */
export class Events {
  readonly #kernel: Kernel;
  readonly #past: EngineEvent[] = [];
  readonly #listeners = new Set<(event: EngineEvent) => void>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  emit(Type: EventType, Action: string, ID: string, Attributes: Readonly<Record<string, string>> = {}): void {
    const timeNano = timeOn(this.#kernel);
    const time = Math.floor(timeNano / 1e9);
    const event: EngineEvent = { Type, Action, Actor: { ID, Attributes }, scope: "local", time, timeNano };
    this.#past.push(event);
    if (this.#past.length > remembered) this.#past.shift();
    const { trace } = this.#kernel;
    if (trace.kept) trace.emit(`docker.${Type}`, ID.slice(0, 12), { action: Action, ...nameOf(Attributes) });
    for (const listener of this.#listeners) listener(event);
  }

  /** Of the last events those that fit. */
  list(options: EventOptions = {}): EngineEvent[] {
    const { since = -Infinity, until = Infinity } = options;
    return this.#past.filter(
      (event) => event.timeNano >= since && event.timeNano <= until && fits(event, options.filters),
    );
  }

  /** Events from now on, and with `since` those before. */
  listen(options: EventOptions = {}): EventStream {
    const queue = new Queue<EngineEvent>(this.#kernel.engine, { name: "events" });
    if (options.since !== undefined) for (const event of this.list(options)) queue.put(event);
    const listener = (event: EngineEvent): void => {
      if (fits(event, options.filters)) queue.put(event);
    };
    this.#listeners.add(listener);
    return {
      next: () => nextOf(queue),
      close: () => {
        this.#listeners.delete(listener);
      },
    };
  }
}

/** Events as they come. */
export interface EventStream {
  next(): Activity<EngineEvent>;
  close(): void;
}

function* nextOf<T>(queue: Queue<T>): Activity<T> {
  return yield* queue.get();
}

const nameOf = ({ name }: Readonly<Record<string, string>>): { readonly name?: string } =>
  name === undefined ? {} : { name };

/** Values of one key are alternatives, keys must all fit. */
function fits({ Type, Action, Actor }: EngineEvent, filters: EventOptions["filters"] = {}): boolean {
  const { ID, Attributes } = Actor;
  const is = (value: string): boolean => ID === value || ID.startsWith(value) || Attributes["name"] === value;
  return Object.entries(filters).every(([key, values]) =>
    values.some((value) => {
      switch (key) {
        case "type":
          return Type === value;
        case "event":
          return Action === value || Action.startsWith(`${value}:`);
        case "label": {
          const [name = "", wanted] = value.split("=");
          return name in Attributes && (wanted === undefined || Attributes[name] === wanted);
        }
        case "image":
          return Attributes["image"] === value || (Type === "image" && is(value));
        default:
          return Type === key && is(value);
      }
    }),
  );
}
