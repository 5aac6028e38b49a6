import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { ms, ns, UsageError, withDefaults, type Engine, type TextView } from "../../sim/core/index.js";
import { container } from "../../sim/lab/index.js";
import { serveDocker, type DockerCalls } from "../server/index.js";

export interface ServeDockerOptions {
  /** Where the Unix socket is made. Default a new file in a folder of its own, removed at the end. */
  readonly socket: string;
  /** A port of this computer in the socket's place; 0 takes a free one. */
  readonly port: number | undefined;
  /**
   * How time passes. "fast", the default: what a client waits for comes as fast as it can be computed, and what it only looks at (events,
   * statistics, logs that go on) or types at passes with the clock. A number: so many seconds in one outside, always.
   */
  readonly pace: "fast" | number;
}

/** An engine that stock clients may come to. Time passes while somebody waits, looks on or types; what passed in between is made up for. */
export interface ServedDocker {
  /** For `DOCKER_HOST`: "unix:///…" or "tcp://127.0.0.1:…". */
  readonly host: string;
  /** Ends all connections; the socket goes. */
  close(): Promise<void>;
  /** What to type to reach it. */
  view(): TextView;
}

/** @throws UsageError for a socket or a port that can't be had */
export async function serveEngine(
  engine: container.ContainerEngine,
  given?: Partial<ServeDockerOptions>,
): Promise<ServedDocker> {
  const { socket, port, pace } = withDefaults<ServeDockerOptions>("serve", given, {
    socket: "",
    port: undefined,
    pace: "fast",
  });
  if (pace !== "fast" && !(pace > 0 && pace <= 1000))
    throw new UsageError(`an engine can't be served at a pace of ${pace}`, 'Give "fast", or a number up to 1000.');
  if (socket !== "" && port !== undefined)
    throw new UsageError("an engine is served at a socket or at a port", "Leave one of the two out.");
  const time = new ServedTime(engine, pace);
  const own = socket === "" && port === undefined;
  const path = own ? join(mkdtempSync(join(tmpdir(), "virtlab-docker-")), "docker.sock") : resolve(socket);
  const served = await serveDocker(time, port === undefined ? { socket: path } : { port });
  time.isFull = served.full;
  const host = port === undefined ? `unix://${path}` : `tcp://127.0.0.1:${served.port}`;
  return {
    host,
    close: async () => {
      time.stop();
      await served.close();
      if (own) rmSync(dirname(path), { recursive: true, force: true });
    },
    view: () => ({ as: "text", text: `export DOCKER_HOST=${host}\ndocker run --rm alpine echo hello` }),
  };
}

/** How long a turn may hold the cells' thread up, in milliseconds. */
const turn = 10;
/** How often time is let pass by the clock, in milliseconds; also what lies between things that are shown from afar in time. */
const beat = 20;
/** At most so much is made up for, in milliseconds of the clock, and at most so long is spent on it. */
const [lapse, effort] = [3_600_000, 200];
/** At least so much passes at once: to look for what comes next costs something, too. */
const step = ms(1);
/** What lies further apart than that is shown one after the other, as fast as a reader sees. */
const apart = ms(50);

interface Open {
  readonly pull: () => container.Pull;
  /** Told when the world can't go on. */
  readonly fail: (error: Error) => void;
}

/** Has the time of an engine's world pass as its clients need it. */
class ServedTime implements DockerCalls {
  isFull: () => boolean = () => false;
  readonly #api: container.DockerApi;
  readonly #engine: Engine;
  readonly #pace: "fast" | number;
  readonly #open = new Set<Open>();
  #timer: NodeJS.Timeout | undefined;
  #last: number = performance.now();
  #spoke = false;

  constructor(engine: container.ContainerEngine, pace: "fast" | number) {
    this.#api = new container.DockerApi(engine);
    this.#engine = engine.kernel.engine;
    this.#pace = pace;
  }

  call(request: container.ApiRequest, told: (answer: container.ApiAnswer) => void): () => void {
    if (this.#open.size === 0) this.#passByClock(lapse, effort);
    const process = this.#api.handle(request);
    const open: Open = {
      pull: () => "work",
      fail: ({ message }) => {
        told({
          status: 500,
          headers: { "content-type": "application/json" },
          body: Buffer.from(JSON.stringify({ message })),
        });
      },
    };
    this.#open.add(open);
    process.onSettled(() => {
      this.#open.delete(open);
      if (!process.failed) told(this.#watched(process.value));
    });
    this.#schedule(0);
    return () => {
      process.cancel();
    };
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#open.clear();
  }

  /** The same answer; where it is told bit by bit, time passes for it while it is open. */
  #watched(answer: container.ApiAnswer): container.ApiAnswer {
    if (answer.open === undefined) return answer;
    const begin = answer.open;
    return {
      ...answer,
      open: (sink) => {
        const source = begin({
          write: (bytes) => {
            this.#spoke = true;
            sink.write(bytes);
          },
          end: () => {
            this.#open.delete(open);
            sink.end();
          },
        });
        const open: Open = {
          pull: source.pull,
          fail: () => {
            sink.end();
          },
        };
        this.#open.add(open);
        this.#schedule(0);
        return {
          ...source,
          receive: (bytes) => {
            source.receive(bytes);
            this.#schedule(0);
          },
          finish: () => {
            source.finish();
            this.#schedule(0);
          },
          close: () => {
            this.#open.delete(open);
            source.close();
          },
        };
      },
    };
  }

  #schedule(delay: number): void {
    if (delay === 0) clearTimeout(this.#timer);
    else if (this.#timer !== undefined) return;
    this.#timer = setTimeout(this.#turn, delay);
  }

  readonly #turn = (): void => {
    this.#timer = undefined;
    if (this.#open.size === 0) return;
    if (this.isFull()) {
      this.#last = performance.now();
      this.#schedule(beat);
      return;
    }
    this.#schedule(this.#isHurried() ? this.#hurry() : this.#passByClock(beat * 5, turn));
  };

  /** Whether somebody waits for what can come at once. */
  #isHurried(): boolean {
    if (this.#pace !== "fast") return false;
    const pulls = new Set([...this.#open].map(({ pull }) => pull()));
    return pulls.has("work") || (pulls.has("end") && !pulls.has("talk"));
  }

  /** Goes from one thing to the next. @returns when to go on, in milliseconds */
  #hurry(): number {
    const begun = performance.now();
    while (this.#isHurried() && performance.now() - begun < turn && !this.isFull()) {
      const { now, nextForeground } = this.#engine;
      // Nothing comes by itself: what is left (health checks, restarts) comes with the clock.
      if (nextForeground === Infinity) return this.#passByClock(beat * 5, turn);
      if (this.#spoke && nextForeground - now > apart) {
        this.#spoke = false;
        this.#last = performance.now();
        return beat;
      }
      if (!this.#run(Math.max(nextForeground, now + step))) break;
    }
    this.#last = performance.now();
    return 1;
  }

  /**
   * Has as much time pass as the clock has gone on since the last time.
   * @param most of the clock's time, in milliseconds; the rest is left out
   * @param limit what may be spent on it, in milliseconds
   * @returns when to go on
   */
  #passByClock(most: number, limit: number): number {
    const begun = performance.now();
    const elapsed = Math.min(begun - this.#last, most);
    this.#last = begun;
    const rate = this.#pace === "fast" ? 1 : this.#pace;
    const end = this.#engine.now + Math.floor(elapsed * rate * 1e6);
    while (this.#engine.now < end && performance.now() - begun < limit) {
      const next = Math.max(this.#engine.nextForeground, this.#engine.now + step);
      if (!this.#run(Math.min(next, end))) break;
    }
    return beat;
  }

  /** @returns whether the world went on */
  #run(until: number): boolean {
    try {
      return this.#engine.run(ns(until)).reason === "until";
    } catch (error) {
      // Nobody waits any longer in a world that was cut, or broke.
      const waiting = [...this.#open];
      this.stop();
      for (const { fail } of waiting) fail(error instanceof Error ? error : new Error(String(error)));
      if (!(error instanceof UsageError)) throw error;
      return false;
    }
  }
}
