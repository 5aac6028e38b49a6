import type { Duplex } from "node:stream";
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from "node:zlib";

/** Words that SPDY's headers are compressed with (SPDY Protocol, draft 3.1, 2.6.10.1): each with its length before it, then a text. */
const words =
  "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization " +
  "cache-control connection content-base content-encoding content-language content-length content-location content-md5 content-range " +
  "content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified " +
  "location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding " +
  "upgrade user-agent vary via warning www-authenticate method get status";
const more = ["200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin"];
const rest =
  "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505" +
  "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found" +
  "500 Internal Server Error501 Not Implemented503 Service Unavailable" +
  "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT" +
  "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,public" +
  "privatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

function counted(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

const dictionary = Buffer.concat([...words.split(" "), ...more].map(counted).concat(Buffer.from(rest)));

/** Types of control frames (2.6). */
const SYN_STREAM = 1;
const SYN_REPLY = 2;
const RST_STREAM = 3;
const PING = 6;
const GOAWAY = 7;
const FIN = 1;
/** Longer pieces of data are sent as several frames. */
const longest = 32_768;

/** A stream that the client has made. */
export interface SpdyStream {
  readonly id: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** What comes; undefined at its end. */
  receive: (bytes: Uint8Array | undefined) => void;
}

/**
 * The server's side of SPDY/3.1 (draft-mbelshe-httpbis-spdy-00 and the draft of 3.1), as kubectl's exec, attach and port-forward speak it after
 * an upgrade of HTTP/1.1: the client makes streams, both sides send data on them. Flow control isn't kept, as clients (moby/spdystream)
 * don't keep it either.
 */
export class SpdyConnection {
  readonly #socket: Duplex;
  readonly #accept: (stream: SpdyStream) => void;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #inflate: Inflate = createInflate({ dictionary });
  readonly #deflate: Deflate = createDeflate({ dictionary });
  #pending: Buffer = Buffer.alloc(0);
  /** Frames are taken one after the other, though reading headers takes a turn of the event loop. */
  #work: Promise<void> = Promise.resolve();

  /** @param accept told of each stream, before anything comes on it */
  constructor(socket: Duplex, head: Buffer, accept: (stream: SpdyStream) => void) {
    this.#socket = socket;
    this.#accept = accept;
    socket.on("data", (bytes: Buffer) => {
      this.#take(bytes);
    });
    socket.on("error", () => socket.destroy());
    if (head.length > 0) this.#take(head);
  }

  /** Sends on a stream. */
  send({ id }: SpdyStream, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += longest) this.#data(id, bytes.subarray(at, at + longest), 0);
  }

  /** There is no more to come on a stream. */
  end({ id }: SpdyStream): void {
    this.#data(id, new Uint8Array(0), FIN);
  }

  /** Ends the connection, behind all that was sent. */
  close(): void {
    const last = Buffer.alloc(8);
    this.#control(GOAWAY, 0, last);
    this.#socket.end();
  }

  #data(id: number, bytes: Uint8Array, flags: number): void {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(id, 0);
    head.writeUInt32BE(((flags << 24) | bytes.length) >>> 0, 4);
    this.#write(head, bytes);
  }

  #control(type: number, flags: number, body: Buffer): void {
    const head = Buffer.alloc(8);
    head.writeUInt16BE(0x8003, 0);
    head.writeUInt16BE(type, 2);
    head.writeUInt32BE(((flags << 24) | body.length) >>> 0, 4);
    this.#write(head, body);
  }

  #write(...parts: readonly Uint8Array[]): void {
    if (this.#socket.writable) this.#socket.write(Buffer.concat(parts));
  }

  #take(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    for (;;) {
      if (this.#pending.length < 8) return;
      const length = this.#pending.readUInt32BE(4) & 0xff_ffff;
      if (this.#pending.length < 8 + length) return;
      const frame = this.#pending.subarray(0, 8 + length);
      this.#pending = this.#pending.subarray(8 + length);
      this.#work = this.#work
        .then(() => this.#frame(frame))
        .catch((error: unknown) => {
          this.#socket.destroy(error instanceof Error ? error : new Error(String(error)));
        });
    }
  }

  async #frame(frame: Buffer): Promise<void> {
    const flags = frame[4] ?? 0;
    const body = frame.subarray(8);
    if (((frame[0] ?? 0) & 0x80) === 0) {
      const stream = this.#streams.get(frame.readUInt32BE(0));
      if (body.length > 0) stream?.receive(body);
      if ((flags & FIN) !== 0) stream?.receive(undefined);
      return;
    }
    switch (frame.readUInt16BE(2)) {
      case SYN_STREAM: {
        const id = body.readUInt32BE(0) & 0x7fff_ffff;
        const headers = parseHeaders(await through(this.#inflate, body.subarray(10)));
        const stream: SpdyStream = { id, headers, receive: () => undefined };
        this.#streams.set(id, stream);
        const answer = Buffer.alloc(4);
        answer.writeUInt32BE(id);
        // No headers: a block that says that there are none.
        const block = await through(this.#deflate, Buffer.alloc(4));
        this.#control(SYN_REPLY, 0, Buffer.concat([answer, block]));
        this.#accept(stream);
        if ((flags & FIN) !== 0) stream.receive(undefined);
        return;
      }
      case RST_STREAM: {
        const id = body.readUInt32BE(0) & 0x7fff_ffff;
        this.#streams.get(id)?.receive(undefined);
        this.#streams.delete(id);
        return;
      }
      case PING:
        this.#control(PING, 0, body);
        return;
      default:
        // Settings, windows, farewells: nothing to be done.
        return;
    }
  }
}

/** Puts bytes through a stream of zlib that all of a connection's headers share. */
function through(zlib: Inflate | Deflate, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const hear = (part: Buffer): void => {
      parts.push(part);
    };
    zlib.on("data", hear);
    zlib.once("error", reject);
    const done = (): void => {
      zlib.off("data", hear);
      zlib.off("error", reject);
      resolve(Buffer.concat(parts));
    };
    zlib.write(bytes, () => {
      zlib.flush(constants.Z_SYNC_FLUSH, done);
    });
  });
}

/** A block of names and values (2.6.10): their number, then each with its length before it. */
function parseHeaders(block: Buffer): Record<string, string> {
  const headers: Record<string, string> = {};
  let at = 4;
  const next = (): string => {
    const length = block.readUInt32BE(at);
    const text = block.toString("utf8", at + 4, at + 4 + length);
    at += 4 + length;
    return text;
  };
  for (let left = block.readUInt32BE(0); left > 0; left--) {
    const name = next();
    headers[name.toLowerCase()] = next();
  }
  return headers;
}
