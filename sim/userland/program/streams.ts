import type { Activity } from "../../core/index.js";
import type { Sys } from "../../os/index.js";
import { concat, decode, encode } from "./encoding.js";

/** stdio's BUFSIZ for files and pipes (st_blksize of a pipe: 4096). */
const bufferSize = 4096;
/** How much cat(1) and others ask for at a time. */
const blockSize = 131072;

/** Writes all of it, however often write(2) has to be called. */
export function* writeAll(sys: Sys, fd: number, bytes: Uint8Array): Activity<undefined> {
  for (let at = 0; at < bytes.length;) at += yield* sys.write(fd, at === 0 ? bytes : bytes.subarray(at));
  return undefined;
}

/** What is left to read of a descriptor. */
export function* readAll(sys: Sys, fd: number): Activity<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const bytes = yield* sys.read(fd, blockSize);
    if (bytes.length === 0) return concat(pieces);
    pieces.push(bytes);
  }
}

/** A buffered output, as stdio(3) has it: `put` collects, `drain` writes once enough is there. */
export class Output {
  readonly #sys: Sys;
  readonly #fd: number;
  #pieces: Uint8Array[] = [];
  #text = "";
  #size = 0;

  constructor(sys: Sys, fd: number) {
    this.#sys = sys;
    this.#fd = fd;
  }

  put(text: string): void {
    this.#text += text;
  }

  putBytes(bytes: Uint8Array): void {
    this.#settle();
    this.#pieces.push(bytes);
    this.#size += bytes.length;
  }

  /** Writes what was put, if that is a buffer full. */
  *drain(): Activity<undefined> {
    if (this.#size + this.#text.length >= bufferSize) yield* this.flush();
    return undefined;
  }

  *flush(): Activity<undefined> {
    this.#settle();
    if (this.#size === 0) return undefined;
    const bytes = concat(this.#pieces);
    this.#pieces = [];
    this.#size = 0;
    yield* writeAll(this.#sys, this.#fd, bytes);
    return undefined;
  }

  /** Forgets what was put and isn't written. */
  drop(): void {
    this.#pieces = [];
    this.#text = "";
    this.#size = 0;
  }

  #settle(): void {
    if (this.#text === "") return;
    const bytes = encode(this.#text);
    this.#text = "";
    this.#pieces.push(bytes);
    this.#size += bytes.length;
  }
}

/** A buffered input, read line by line. */
export class Input {
  readonly #sys: Sys;
  readonly #fd: number;
  readonly #separator: number;
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(sys: Sys, fd: number, separator = 10) {
    this.#sys = sys;
    this.#fd = fd;
    this.#separator = separator;
  }

  /** The next line as bytes, with its end where it has one; undefined at the end. */
  *lineBytes(): Activity<Uint8Array | undefined> {
    const pieces: Uint8Array[] = [];
    for (;;) {
      const end = this.#rest.indexOf(this.#separator);
      if (end >= 0) {
        pieces.push(this.#rest.subarray(0, end + 1));
        this.#rest = this.#rest.subarray(end + 1);
        return concat(pieces);
      }
      if (this.#rest.length > 0) pieces.push(this.#rest);
      this.#rest = this.#ended ? new Uint8Array(0) : yield* this.#sys.read(this.#fd, blockSize);
      if (this.#rest.length > 0) continue;
      this.#ended = true;
      return pieces.length === 0 ? undefined : concat(pieces);
    }
  }

  /** The next line with its end where it has one; undefined at the end. */
  *line(): Activity<string | undefined> {
    const bytes = yield* this.lineBytes();
    return bytes === undefined ? undefined : decode(bytes);
  }
}
