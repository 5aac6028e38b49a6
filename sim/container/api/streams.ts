import { concatBytes, encodeUtf8, s, UsageError, type Activity, type Nanos } from "../../core/index.js";
import type { ContainerEngine } from "../engine/engine.js";
import { invalid } from "../engine/errors.js";
import type { ContainerStatistics } from "../engine/observe.js";
import type { Attachment } from "../engine/streams.js";
import type { LogEntry } from "../engine/log.js";
import type { WaitCondition } from "../engine/lifecycle.js";
import { answerJson, type ApiAnswer, type Call, type Pull, type Sink } from "./exchange.js";
import { DetachWatch, detachKeys, encoderFor, streamType } from "./framing.js";
import { laterAnswer, openAnswer } from "./open-answer.js";
import { encodeJson } from "../json.js";

const nameOf = ({ names }: Call): string => names[0] ?? "";
const usualKeys = "ctrl-p,ctrl-q";

/** Keys that leave the container, and none where they aren't to be watched for. @throws EngineError 400 */
export function watchFor(text: string, watched: boolean): DetachWatch {
  const keys = detachKeys(text === "" ? usualKeys : text);
  if (keys === undefined) throw invalid(`Invalid detach keys (${text}) provided`, 'Write "ctrl-p,ctrl-q".');
  return new DetachWatch(watched ? keys : new Uint8Array(0));
}

/** How a client is connected to a process. */
export interface Connection {
  readonly attachment: Attachment;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly watch: DetachWatch;
  /** Whether the process is there; the client of one that isn't is still about to do something. */
  readonly runs: () => boolean;
  /** Done before its output is told; what it throws, the client reads. */
  readonly begin?: (tell: (bytes: Uint8Array) => void) => Activity<undefined>;
}

/** A connection that goes both ways: attach, exec. Upgraded where the client asks for it, else a stream that it hears. */
export function connectionAnswer(call: Call, connection: Connection): ApiAnswer {
  const { request, engine, version } = call;
  const { attachment, tty, stdin, watch, begin, runs } = connection;
  const upgraded = request.headers["upgrade"] !== undefined;
  const type = { "content-type": streamType(tty, upgraded ? version : 0) };
  return {
    status: upgraded ? 101 : 200,
    headers: upgraded ? { ...type, connection: "Upgrade", upgrade: "tcp" } : type,
    open(sink: Sink) {
      let listens = stdin && upgraded;
      const encode = encoderFor(tty);
      engine.kernel.engine.spawn(
        (function* (): Activity<undefined> {
          try {
            if (begin !== undefined)
              yield* begin((bytes) => {
                sink.write(bytes);
              });
            for (let chunk = yield* attachment.read(); chunk !== undefined; chunk = yield* attachment.read())
              sink.write(encode(chunk));
          } catch (error) {
            if (!(error instanceof UsageError)) throw error;
            // As dockerd: the connection is all that is left to say it by.
            sink.write(encode({ stream: "stdout", bytes: encodeUtf8(`${error.message}\r\n`) }));
          } finally {
            sink.end();
          }
          return undefined;
        })(),
        { name: "a connection of Docker's API", background: true },
      );
      return {
        receive(bytes) {
          if (!listens) return;
          const { passed, left } = watch.take(bytes);
          if (passed.length > 0) attachment.write(passed);
          if (left) {
            listens = false;
            attachment.detach();
          }
        },
        finish() {
          listens = false;
          attachment.closeInput();
        },
        close() {
          listens = false;
          attachment.detach();
        },
        pull: () => (listens ? "talk" : runs() ? "end" : "watch"),
      };
    },
  };
}

export function attach(call: Call): ApiAnswer {
  const { engine, query } = call;
  const name = nameOf(call);
  const container = engine.container(name);
  const { config } = container;
  const watch = watchFor(query.text("detachKeys"), config.Tty);
  const wanted = { stdin: query.flag("stdin"), stdout: query.flag("stdout"), stderr: query.flag("stderr") };
  const replays = query.flag("logs");
  const streams = query.flag("stream");
  const attachment = engine.attach(name, streams ? wanted : {});
  const encode = encoderFor(config.Tty);
  return connectionAnswer(call, {
    attachment,
    tty: config.Tty,
    stdin: streams && wanted.stdin,
    watch,
    runs: () => container.isRunning,
    *begin(tell) {
      if (replays)
        for (const { stream, text } of yield* engine.logs(name, wanted))
          tell(encode({ stream, bytes: encodeUtf8(text) }));
      if (!streams) attachment.end();
      return undefined;
    },
  });
}

/** RFC 3339 with all nine digits, as `docker logs -t` has it. */
function fixedTime(time: string): string {
  const [whole = "", fraction = ""] = time.replace("Z", "").split(".");
  return `${whole}.${fraction.padEnd(9, "0")}Z`;
}

export function logs(call: Call): ApiAnswer {
  const { engine, query } = call;
  const name = nameOf(call);
  const { config } = engine.container(name);
  const [stdout, stderr] = [query.flag("stdout"), query.flag("stderr")];
  if (!stdout && !stderr)
    throw invalid("Bad parameters: you must choose at least one stream", "Say stdout=1 or stderr=1.");
  const tail = /^\d+$/.test(query.text("tail")) ? Number(query.text("tail")) : undefined;
  const [since, until] = [query.time("since"), query.time("until")];
  const options = {
    ...{ stdout, stderr, tail },
    ...(since !== undefined && { since }),
    ...(until !== undefined && until > 0 && { until }),
  };
  const encode = encoderFor(config.Tty);
  const timed = query.flag("timestamps");
  const line = ({ stream, text, time }: LogEntry): Uint8Array =>
    encode({ stream, bytes: encodeUtf8(timed ? `${fixedTime(time)} ${text}` : text) });
  const follows = query.flag("follow");
  return openAnswer(engine.kernel.engine, {
    pull: () => (follows ? "watch" : "work"),
    headers: { "content-type": streamType(config.Tty, call.version) },
    *say(write) {
      if (follows)
        yield* engine.followLogs(name, options, (entry) => {
          write(line(entry));
          return true;
        });
      else write(concatBytes((yield* engine.logs(name, options)).map(line)));
      return undefined;
    },
  });
}

const conditions: readonly WaitCondition[] = ["not-running", "next-exit", "removed"];

export function* wait(call: Call): Activity<ApiAnswer> {
  const { engine, query, version } = call;
  const name = nameOf(call);
  const container = engine.container(name);
  const { id } = container;
  // It was a later version that gave the header at once, so that a client knows that it waits.
  if (version < 30) return answerJson({ StatusCode: (yield* engine.wait(id)).exitCode });
  const text = query.text("condition");
  const condition = text === "" ? "not-running" : conditions.find((one) => one === text);
  if (condition === undefined) throw invalid(`invalid condition: "${text}"`, `There are: ${conditions.join(", ")}.`);
  const pull = (): Pull => (container.isRunning || container.removed.settled ? "end" : "watch");
  return laterAnswer(engine.kernel.engine, pull, function* () {
    const { exitCode } = yield* engine.wait(id, condition);
    return { StatusCode: exitCode };
  });
}

/** A reading as the API has it. What has no limit has no number: Go's readers take no infinity. */
function statisticsJson(reading: ContainerStatistics, before: ContainerStatistics | undefined): object {
  const { current, limit } = reading.pids_stats;
  const cpu = (one: ContainerStatistics["cpu_stats"]): object => ({
    ...one,
    cpu_usage: { ...one.cpu_usage, usage_in_kernelmode: 0, usage_in_usermode: one.cpu_usage.total_usage },
    throttling_data: { ...one.throttling_data, throttled_time: 0 },
  });
  return {
    ...reading,
    preread: before?.read ?? "0001-01-01T00:00:00Z",
    num_procs: 0,
    pids_stats: { current, ...(Number.isFinite(limit) && { limit }) },
    cpu_stats: cpu(reading.cpu_stats),
    precpu_stats: cpu(reading.precpu_stats),
    storage_stats: {},
    networks: {},
  };
}

export function* stats(call: Call): Activity<ApiAnswer> {
  const { engine, query } = call;
  const { id } = engine.container(nameOf(call));
  const world = engine.kernel.engine;
  if (!query.flag("stream", true)) {
    let reading = yield* engine.stats(id);
    let before: ContainerStatistics | undefined;
    // Usage is what passes between two readings.
    if (engine.container(id).isRunning && !query.flag("one-shot")) {
      yield* world.delay(s(1));
      before = reading;
      reading = yield* engine.stats(id, before);
    }
    return answerJson(statisticsJson(reading, before));
  }
  return openAnswer(world, {
    pull: () => "watch",
    *say(write) {
      let before: ContainerStatistics | undefined;
      for (;;) {
        const reading = yield* engine.stats(id, before);
        write(concatBytes([encodeJson(statisticsJson(reading, before)), encodeUtf8("\n")]));
        before = reading;
        yield* world.delay(s(1), { background: true });
      }
    },
  });
}

export function events({ engine, query }: Call): ApiAnswer {
  const [since, until] = [query.time("since"), query.time("until")];
  if (since !== undefined && until !== undefined && since > until)
    throw invalid(`\`since\` time (${since / 1e9}) cannot be after \`until\` time (${until / 1e9})`, "Swap them.");
  const filters = query.filters();
  const world = engine.kernel.engine;
  const line = (event: ReturnType<ContainerEngine["events"]>[number]): Uint8Array => {
    const { Type, Action, Actor } = event;
    // What the API had before there were types.
    const old = Type === "container" || Type === "image" ? { status: Action, id: Actor.ID } : {};
    const from = Type === "container" ? { from: Actor.Attributes["image"] ?? "" } : {};
    return concatBytes([encodeJson({ ...old, ...from, ...event }), encodeUtf8("\n")]);
  };
  return openAnswer(world, {
    pull: () => "watch",
    *say(write) {
      const options = { filters, ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
      const left = until === undefined ? undefined : until - engine.now;
      if (left !== undefined && left <= 0) {
        for (const event of engine.events(options)) write(line(event));
        return undefined;
      }
      const stream = engine.listen(options);
      const reader = world.spawn(
        (function* () {
          for (;;) write(line(yield* stream.next()));
        })(),
        { name: "events of Docker's API", background: true },
      );
      try {
        // What lies beyond a world's last nanosecond never comes.
        const ends =
          left === undefined || world.now + left > Number.MAX_SAFE_INTEGER
            ? reader
            : world.delay(left as Nanos, { background: true });
        yield* ends;
      } finally {
        stream.close();
        reader.cancel();
      }
      return undefined;
    },
  });
}
