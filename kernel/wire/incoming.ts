import type { Fields, Incoming, IncomingType, Message, Notices, Requests } from "./messages.js";

export type Read = { readonly ok: true; readonly message: Incoming } | { readonly ok: false; readonly reason: string };

type Contents = Requests & Notices & { input_reply: { readonly value: string } };

/** Reads the content of a request or notice; what is wrong with it is the reason of the refusal. */
export function readIncoming(message: Message): Read {
  const type = message.header.msg_type;
  if (!isIncomingType(type)) return { ok: false, reason: `unknown message type "${type.slice(0, 80)}"` };
  const reader = new ContentReader(type, message.content);
  try {
    // The table has one reader per type, so that type and content belong together; TypeScript can't follow that.
    return { ok: true, message: { ...message, type, content: readers[type](reader) } as Incoming };
  } catch (error) {
    if (error instanceof MalformedContent) return { ok: false, reason: error.message };
    throw error;
  }
}

class MalformedContent extends Error {}

/** Takes fields of the right type out of a content object; a field that a client may leave out has a default. */
class ContentReader {
  private readonly type: string;
  private readonly content: Fields;

  constructor(type: string, content: Fields) {
    this.type = type;
    this.content = content;
  }

  private malformed(name: string, wanted: string): MalformedContent {
    return new MalformedContent(`${this.type}: "${name}" is not ${wanted}`);
  }

  all(): Fields {
    return this.content;
  }

  string(name: string, fallback?: string): string {
    const value = this.content[name] ?? fallback;
    if (typeof value !== "string") throw this.malformed(name, "a string");
    return value;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.content[name] ?? fallback;
    if (typeof value !== "boolean") throw this.malformed(name, "true or false");
    return value;
  }

  integer(name: string, fallback?: number): number {
    const value = this.content[name] ?? fallback;
    if (typeof value !== "number" || !Number.isInteger(value)) throw this.malformed(name, "an integer");
    return value;
  }

  optionalInteger(name: string): number | undefined {
    return this.content[name] === undefined || this.content[name] === null ? undefined : this.integer(name);
  }

  object(name: string): Fields {
    const value = this.content[name] ?? {};
    if (typeof value !== "object" || Array.isArray(value)) throw this.malformed(name, "an object");
    return value as Fields;
  }

  strings(name: string): Readonly<Record<string, string>> {
    const entries = Object.entries(this.object(name));
    return Object.fromEntries(
      entries.map(([key, value]) => {
        if (typeof value !== "string") throw this.malformed(`${name}.${key}`, "a string");
        return [key, value];
      }),
    );
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T {
    const value = this.content[name];
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw this.malformed(name, `one of ${words.join(", ")}`);
    return word;
  }
}

const empty = (): Record<string, never> => ({});

const readers: { readonly [T in IncomingType]: (content: ContentReader) => Contents[T] } = {
  execute_request: (content) => {
    const silent = content.flag("silent", false);
    return {
      code: content.string("code"),
      silent,
      // "silent=True forces store_history to be False."
      store_history: !silent && content.flag("store_history", true),
      user_expressions: content.strings("user_expressions"),
      // The specification has no default; a client that doesn't say so may never answer. ipykernel's is this one too.
      allow_stdin: content.flag("allow_stdin", false),
      stop_on_error: content.flag("stop_on_error", true),
    };
  },
  inspect_request: (content) => ({
    code: content.string("code"),
    cursor_pos: content.integer("cursor_pos"),
    detail_level: content.integer("detail_level", 0) === 1 ? 1 : 0,
  }),
  complete_request: (content) => ({ code: content.string("code"), cursor_pos: content.integer("cursor_pos") }),
  history_request: (content) => {
    const stop = content.optionalInteger("stop");
    const n = content.optionalInteger("n");
    return {
      output: content.flag("output", false),
      raw: content.flag("raw", true),
      hist_access_type: content.oneOf("hist_access_type", ["range", "tail", "search"]),
      session: content.integer("session", 0),
      start: content.integer("start", 0),
      ...(stop === undefined ? {} : { stop }),
      ...(n === undefined ? {} : { n }),
      pattern: content.string("pattern", "*"),
      unique: content.flag("unique", false),
    };
  },
  is_complete_request: (content) => ({ code: content.string("code") }),
  comm_info_request: (content) => {
    const target = content.string("target_name", "");
    return target === "" ? {} : { target_name: target };
  },
  kernel_info_request: empty,
  shutdown_request: (content) => ({ restart: content.flag("restart", false) }),
  interrupt_request: empty,
  create_subshell_request: empty,
  delete_subshell_request: (content) => ({ subshell_id: content.string("subshell_id") }),
  list_subshell_request: empty,
  usage_request: empty,
  debug_request: (content) => content.all(),
  comm_open: (content) => ({
    comm_id: content.string("comm_id"),
    target_name: content.string("target_name"),
    data: content.object("data"),
  }),
  comm_msg: (content) => ({ comm_id: content.string("comm_id"), data: content.object("data") }),
  comm_close: (content) => ({ comm_id: content.string("comm_id"), data: content.object("data") }),
  input_reply: (content) => ({ value: content.string("value", "") }),
};

function isIncomingType(type: string): type is IncomingType {
  return Object.hasOwn(readers, type);
}
