import { concatBytes } from "../../core/index.js";
import type { Chunk, StreamName } from "../engine/streams.js";

const numbers: Readonly<Record<StreamName, number>> = { stdout: 1, stderr: 2 };

/** Of both streams in one: a header of 8 bytes before each piece, [stream, 0, 0, 0, length in four bytes, the highest first]. */
function framed({ stream, bytes }: Chunk): Uint8Array {
  const header = new Uint8Array(8);
  header[0] = numbers[stream];
  new DataView(header.buffer).setUint32(4, bytes.length);
  return concatBytes([header, bytes]);
}

/** How a process's output goes over a connection: a terminal's as it is, else in frames. */
export const encoderFor = (tty: boolean): ((chunk: Chunk) => Uint8Array) => (tty ? ({ bytes }) => bytes : framed);

export const streamType = (tty: boolean, version: number): string =>
  tty || version < 42 ? "application/vnd.docker.raw-stream" : "application/vnd.docker.multiplexed-stream";

const special = "@abcdefghijklmnopqrstuvwxyz[\\]^_";

/** "ctrl-p,ctrl-q" as bytes; undefined for what isn't such. */
export function detachKeys(text: string): Uint8Array | undefined {
  const codes = text.split(",").map((key) => {
    const control = /^ctrl-(.)$/.exec(key)?.[1];
    if (control !== undefined) return special.indexOf(control.toLowerCase());
    return key.length === 1 ? key.charCodeAt(0) : -1;
  });
  return codes.some((code) => code < 0 || code > 127) ? undefined : Uint8Array.from(codes);
}

/** Finds the keys that leave a container in what a client types: moby's term.EscapeProxy. */
export class DetachWatch {
  readonly #keys: Uint8Array;
  #seen = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** @returns what goes on to the process, and whether the client has left */
  take(bytes: Uint8Array): { readonly passed: Uint8Array; readonly left: boolean } {
    const passed: number[] = [];
    for (const byte of bytes) {
      if (this.#keys.length > 0 && byte === this.#keys[this.#seen]) {
        this.#seen++;
        if (this.#seen === this.#keys.length) return { passed: Uint8Array.from(passed), left: true };
        continue;
      }
      passed.push(...this.#keys.subarray(0, this.#seen));
      this.#seen = byte === this.#keys[0] ? 1 : 0;
      if (this.#seen === 0) passed.push(byte);
    }
    return { passed: Uint8Array.from(passed), left: false };
  }
}
