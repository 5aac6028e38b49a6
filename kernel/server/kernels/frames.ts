/**
 * Messages on a WebSocket (jupyter-server.readthedocs.io, "WebSocket kernel wire protocols"): the protocol
 * `v1.kernel.websocket.jupyter.org`, in binary, and the older one, whose messages without buffers are JSON texts.
 */
import type { Fields, Header } from "../../wire/index.js";
import type { ChannelMessage } from "./channel-message.js";

/** One way to write messages. */
export interface Protocol {
  /** As the client asks for it; empty for the older one, which is taken where none is asked for. */
  readonly name: string;
  encode(message: ChannelMessage): Buffer | string;
  /** Undefined for what is no message: whatever the bytes, it answers. */
  decode(data: Buffer, isBinary: boolean): ChannelMessage | undefined;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseObject(bytes: Uint8Array): Fields | undefined {
  const value: unknown = JSON.parse(utf8.decode(bytes));
  return isObject(value) ? value : undefined;
}

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isHeader = (value: unknown): value is Fields & Header =>
  isObject(value) && ["msg_id", "msg_type", "session"].every((name) => typeof value[name] === "string");

/** Puts a message together from parts that a client sent. */
function assemble(
  channel: unknown,
  header: unknown,
  parent: unknown,
  metadata: unknown,
  content: unknown,
  buffers: readonly Uint8Array[],
): ChannelMessage | undefined {
  if (typeof channel !== "string" || !isHeader(header)) return undefined;
  if (!isObject(parent) || !isObject(metadata) || !isObject(content)) return undefined;
  return { channel, header, parent_header: isHeader(parent) ? parent : {}, metadata, content, buffers };
}

/** What `read` returns, or undefined where the bytes make it throw. */
function guarded(read: () => ChannelMessage | undefined): ChannelMessage | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** The pieces of `data` between offsets; undefined unless these rise and stay within it. */
function slices(data: Buffer, offsets: readonly number[]): readonly Buffer[] | undefined {
  const rising = offsets.every((offset, i) => offset <= data.length && offset >= (offsets[i - 1] ?? 0));
  return rising ? offsets.slice(0, -1).map((offset, i) => data.subarray(offset, offsets[i + 1])) : undefined;
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export const v1: Protocol = {
  name: "v1.kernel.websocket.jupyter.org",
  encode({ channel, header, parent_header, metadata, content, buffers }) {
    const parts = [Buffer.from(channel), json(header), json(parent_header), json(metadata), json(content), ...buffers];
    const offsets = Buffer.alloc(8 * (parts.length + 2));
    offsets.writeBigUInt64LE(BigInt(parts.length + 1), 0);
    let offset = offsets.length;
    for (const [i, part] of [...parts, Buffer.alloc(0)].entries()) {
      offsets.writeBigUInt64LE(BigInt(offset), 8 * (i + 1));
      offset += part.length;
    }
    return Buffer.concat([offsets, ...parts]);
  },
  decode(data, isBinary) {
    if (!isBinary || data.length < 8) return undefined;
    return guarded(() => {
      const count = data.readBigUInt64LE(0);
      // Channel, four parts and the end are six; more than fit are refused before they are read.
      if (count < 6n || count > BigInt(Math.floor(data.length / 8))) return undefined;
      const offsets = Array.from({ length: Number(count) }, (_, i) => Number(data.readBigUInt64LE(8 * (i + 1))));
      const [channel, header, parent, metadata, content, ...buffers] = slices(data, offsets) ?? [];
      if (channel === undefined || header === undefined || parent === undefined) return undefined;
      if (metadata === undefined || content === undefined) return undefined;
      const parts = [header, parent, metadata, content].map(parseObject);
      return assemble(utf8.decode(channel), parts[0], parts[1], parts[2], parts[3], buffers);
    });
  },
};

export const plain: Protocol = {
  name: "",
  encode({ channel, header, parent_header, metadata, content, buffers }) {
    const text = JSON.stringify({ channel, header, parent_header, metadata, content, buffers: [] });
    if (buffers.length === 0) return text;
    const parts = [Buffer.from(text), ...buffers];
    const offsets = Buffer.alloc(4 * (parts.length + 1));
    offsets.writeUInt32BE(parts.length, 0);
    let offset = offsets.length;
    for (const [i, part] of parts.entries()) {
      offsets.writeUInt32BE(offset, 4 * (i + 1));
      offset += part.length;
    }
    return Buffer.concat([offsets, ...parts]);
  },
  decode(data, isBinary) {
    return guarded(() => {
      let [text, buffers]: [Buffer | undefined, readonly Buffer[]] = [data, []];
      if (isBinary) {
        const count = data.readUInt32BE(0);
        if (count < 1 || count > data.length / 4) return undefined;
        const offsets = Array.from({ length: count }, (_, i) => data.readUInt32BE(4 * (i + 1)));
        const [first, ...rest] = slices(data, [...offsets, data.length]) ?? [];
        [text, buffers] = [first, rest];
      }
      const message = text === undefined ? undefined : parseObject(text);
      if (message === undefined) return undefined;
      const { channel, header, parent_header, metadata = {}, content } = message;
      return assemble(channel, header, parent_header ?? {}, metadata, content, buffers);
    });
  },
};

export const protocols: readonly Protocol[] = [v1, plain];
