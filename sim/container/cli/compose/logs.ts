/** What several containers write, line by line, each behind its name. */
import type { Activity } from "../../../core/index.js";
import { attempt, Errno, POLLIN } from "../../../os/index.js";
import { decode } from "../../../userland/index.js";
import { containerPath, type Conversation } from "../client.js";
import type { Context } from "../command.js";
import { fieldOf } from "../rows.js";
import { Demultiplexer } from "../streams.js";
import type { Member } from "./containers.js";
import { conditionOf } from "./containers.js";

interface Stream {
  readonly one: Member;
  readonly conversation: Conversation;
  readonly frames: Demultiplexer;
  rest: string;
}

export interface LogsOptions {
  readonly follow: boolean;
  readonly tail: string;
  readonly timestamps: boolean;
  readonly prefix: boolean;
  readonly since?: string | undefined;
  /** Whether it is said when one ends, and how: `up` does. */
  readonly tellEnds: boolean;
  /** Asked after each thing that happens: whether to stop listening. */
  readonly stopped: () => boolean;
}

/** "web-1": the name without the project's. */
const shortName = ({ service, number }: Member): string => `${service}-${number}`;

/** Prints the logs of some containers until all have ended, or until it is stopped. */
export function* printLogs(it: Context, all: readonly Member[], options: LogsOptions): Activity<undefined> {
  const width = Math.max(0, ...all.map((one) => shortName(one).length));
  const put = (one: Member, line: string): void => {
    it.out.put(options.prefix ? `${shortName(one).padEnd(width)}  | ${line}\n` : `${line}\n`);
  };
  const streams: Stream[] = [];
  for (const one of all) {
    const seen = fieldOf(yield* it.client.json("GET", containerPath(one.id, "json")));
    const { follow, tail, timestamps, since } = options;
    const conversation = yield* it.client.open("GET", containerPath(one.id, "logs"), {
      query: { stdout: true, stderr: true, follow, tail, timestamps, since },
    });
    streams.push({ one, conversation, frames: new Demultiplexer(seen.at("Config").at("Tty").boolean()), rest: "" });
  }
  while (streams.length > 0 && !options.stopped()) {
    const held = streams.filter(({ conversation }) => conversation.holds).map(({ conversation }) => conversation.fd);
    const polled =
      held.length > 0
        ? held.map((fd) => ({ fd }))
        : yield* attempt(it.sys.poll(streams.map(({ conversation }) => ({ fd: conversation.fd, events: POLLIN }))));
    if (polled instanceof Errno) continue;
    for (const { fd } of polled) {
      const stream = streams.find(({ conversation }) => conversation.fd === fd);
      if (stream === undefined) continue;
      const bytes = yield* attempt(stream.conversation.read());
      if (bytes instanceof Errno) continue;
      if (bytes.length > 0) {
        const lines = (
          stream.rest +
          stream.frames
            .take(bytes)
            .map((frame) => decode(frame.bytes))
            .join("")
        ).split("\n");
        stream.rest = lines.pop() ?? "";
        for (const line of lines) put(stream.one, line);
        continue;
      }
      if (stream.rest !== "") put(stream.one, stream.rest);
      streams.splice(streams.indexOf(stream), 1);
      yield* stream.conversation.close();
      if (!options.tellEnds) continue;
      const { exitCode } = yield* conditionOf(it, stream.one.id);
      it.out.put(`${shortName(stream.one)} exited with code ${exitCode}\n`);
    }
    yield* it.out.flush();
  }
  for (const { conversation } of streams) yield* conversation.close();
  return undefined;
}
