import type { Fields, Header, Message } from "./messages.js";
import type { Frame, Signer } from "./signing.js";

/** Between a ROUTER's identities and the message. */
const delimiter: Buffer = Buffer.from("<IDS|MSG>");

/** A message about to be sent. */
export type Outgoing = Omit<Message, "content"> & { readonly content: object };

/**
 * Up to this length a frame stays a text, in UTF-16 units. zeromq.js copies texts; a buffer of more than 128 bytes it
 * lends to ZeroMQ, whose thread then wakes this one to release it.
 */
const longestText = 65_536;

/** Parents as they are written: each is that of several messages. */
const parents = new WeakMap<object, string>();

function write(part: object): Frame {
  const text = JSON.stringify(part);
  return text.length <= longestText ? text : Buffer.from(text);
}

function writeParent(header: object): string {
  let written = parents.get(header);
  if (written === undefined) parents.set(header, (written = JSON.stringify(header)));
  return written;
}

function writeMetadata(metadata: Fields): Frame {
  for (const _ in metadata) return write(metadata);
  return "{}";
}

/** The frames of a message: identities, delimiter, signature, four JSON frames, buffers. */
export function encode(message: Outgoing, signer: Signer): Frame[] {
  const { header, parent_header: parent, metadata, content } = message;
  const json = [write(header), writeParent(parent), writeMetadata(metadata), write(content)];
  return [...message.identities, delimiter, signer.sign(json), ...json, ...message.buffers];
}

export type Decoded =
  | { readonly ok: true; readonly message: Message; readonly signature: string }
  | { readonly ok: false; readonly reason: string };

const refused = (reason: string): Decoded => ({ ok: false, reason });

/** Reads what `encode` writes. Whatever the frames hold, it answers; a refused message has its reason. */
export function decode(frames: readonly Uint8Array[], signer: Signer): Decoded {
  const at = frames.findIndex((frame) => delimiter.equals(frame));
  if (at < 0) return refused("no delimiter <IDS|MSG> among the frames");
  const [signature, ...rest] = frames.slice(at + 1);
  const json = rest.slice(0, 4);
  if (signature === undefined || json.length < 4) return refused(`${rest.length} of 4 JSON frames`);
  if (!signer.verify(json, signature)) return refused("the signature doesn't match the connection's key");

  const parts: Fields[] = [];
  for (const [index, name] of ["header", "parent header", "metadata", "content"].entries()) {
    const part = parseObject(json[index]);
    if (part === undefined) return refused(`the ${name} is no JSON object`);
    parts.push(part);
  }
  const [header, parent, metadata, content] = parts;
  if (!isHeader(header)) return refused("the header lacks msg_id, msg_type or session");
  if (!canBeEchoed(json[0], header))
    return refused("the header is too large or too deep to be sent back with every answer");
  return {
    ok: true,
    signature: Buffer.from(signature).toString("latin1"),
    message: {
      identities: frames.slice(0, at),
      header,
      parent_header: isHeader(parent) ? parent : {},
      metadata: metadata ?? {},
      content: content ?? {},
      buffers: rest.slice(4),
    },
  };
}

// A JSON text that isn't UTF-8 is refused rather than read with replacement characters.
const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseObject(frame: Uint8Array | undefined): Fields | undefined {
  if (frame === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(utf8.decode(frame));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** In bytes; those of real clients have some hundred. */
const largestHeader = 65_536;

function canBeEchoed(frame: Uint8Array | undefined, header: Header): boolean {
  if (frame === undefined || frame.length > largestHeader) return false;
  try {
    return writeParent(header) !== "";
  } catch {
    // JSON.parse takes any depth, JSON.stringify the stack's.
    return false;
  }
}

/** A session, a name or a date may be missing from a sloppy client's header; what replies refer to may not. */
function isHeader(part: Fields | undefined): part is Fields & Header {
  return (
    part !== undefined &&
    typeof part["msg_id"] === "string" &&
    typeof part["msg_type"] === "string" &&
    typeof part["session"] === "string"
  );
}
