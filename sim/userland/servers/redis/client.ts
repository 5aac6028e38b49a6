import type { Activity } from "../../../core/index.js";
import { AF_INET, attempt, Errno, getaddrinfo, SOCK_STREAM } from "../../../os/index.js";
import type { Command, Invocation } from "../../program/command.js";
import { Input, writeAll } from "../../program/streams.js";
import { encodeCommand, RespReader, type Reply } from "./resp.js";

const quoted = (text: string): string =>
  `"${text.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}"`;

/** As on a terminal: with types and numbers. */
function pretty(reply: Reply, indent = ""): string {
  switch (reply.kind) {
    case "status":
      return reply.text;
    case "error":
      return `(error) ${reply.text}`;
    case "integer":
      return `(integer) ${reply.value}`;
    case "nil":
      return "(nil)";
    case "bulk":
      return quoted(reply.text);
    case "array": {
      const width = String(reply.items.length).length;
      const line = (item: Reply, at: number): string => {
        const head = `${String(at + 1).padStart(width)}) `;
        return `${at === 0 ? "" : indent}${head}${pretty(item, indent + " ".repeat(head.length))}`;
      };
      return reply.items.length === 0 ? "(empty array)" : reply.items.map(line).join("\n");
    }
  }
}

/** As into a pipe: values alone. */
function raw(reply: Reply): string {
  switch (reply.kind) {
    case "integer":
      return String(reply.value);
    case "nil":
      return "";
    case "array":
      return reply.items.map(raw).join("\n");
    case "bulk":
    case "error":
    case "status":
      return reply.text;
  }
}

/** A line's words: blanks separate, quotes hold together. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"((?:\\.|[^"\\])*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) =>
      double?.replace(/\\(.)/g, (_, one: string) => (one === "n" ? "\n" : one)) ?? single ?? plain ?? "",
  );

function* run(it: Invocation): Activity<number> {
  const { sys } = it;
  const host = it.value("h") ?? "127.0.0.1";
  const port = Number(it.value("p") ?? 6379);
  const refuse = function* (why: string): Activity<number> {
    yield* it.tell(`Could not connect to Redis at ${host}:${port}: ${why}`);
    return 1;
  };
  const found = yield* getaddrinfo(sys, host);
  if ("code" in found) return yield* refuse("Name or service not known");
  const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
  const connected = yield* attempt(sys.connect(fd, { address: found[0] ?? "", port }));
  if (connected instanceof Errno) return yield* refuse(connected.message);
  const reader = new RespReader(() => sys.read(fd, 65_536));
  const terminal = !((yield* attempt(sys.ioctl(1, "TCGETS"))) instanceof Errno);
  const show = (terminal && !it.has("raw")) || it.has("no-raw") ? pretty : raw;
  const ask = function* (words: readonly string[]): Activity<Reply | undefined> {
    yield* writeAll(sys, fd, encodeCommand(words));
    const reply = yield* attempt(reader.reply());
    return reply instanceof Errno ? undefined : reply;
  };
  const password = it.value("a") ?? it.variable("REDISCLI_AUTH");
  if (password !== undefined) yield* ask(["AUTH", password]);
  const one = function* (words: readonly string[]): Activity<boolean> {
    const reply = yield* ask(words);
    if (reply === undefined) {
      if (words[0]?.toLowerCase() !== "shutdown") yield* it.tell("Error: Server closed the connection");
      return false;
    }
    it.out.put(`${show(reply)}\n`);
    yield* it.out.flush();
    return reply.kind !== "error" || !it.has("e");
  };
  if (it.operands.length > 0) {
    const times = Number(it.value("r") ?? 1);
    for (let at = 0; at < times; at++) if (!(yield* one(it.operands))) return 1;
    return 0;
  }
  const input = new Input(sys, 0);
  for (;;) {
    if (terminal) {
      it.out.put(`${host}:${port}> `);
      yield* it.out.flush();
    }
    const line = yield* input.line();
    const words = wordsOf(line ?? "");
    if (line === undefined || words[0] === "exit" || words[0] === "quit") return 0;
    if (words.length > 0) yield* one(words);
  }
}

/** redis-cli: commands of its command line or its input. */
export const redisCli: Command = {
  name: "redis-cli",
  usage: ["[OPTIONS] [cmd [arg [arg ...]]]"],
  about: "Talk to a Redis server.",
  posix: true,
  options: [
    { short: "h", argument: "<hostname>", help: "Server hostname (default: 127.0.0.1)" },
    { short: "p", argument: "<port>", help: "Server port (default: 6379)" },
    { short: "a", argument: "<password>", help: "Password to use when connecting to the server" },
    { short: "r", argument: "<repeat>", help: "Execute specified command N times" },
    { short: "e", help: "Return exit error code when command execution fails" },
    { long: "raw", help: "Use raw formatting for replies (default when STDOUT is not a tty)" },
    { long: "no-raw", help: "Force formatted output even when STDOUT is not a tty" },
  ],
  memory: 2_500_000,
  run,
};
