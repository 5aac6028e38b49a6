import { Console } from "node:console";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { StringDecoder } from "node:string_decoder";

export type StreamName = "stdout" | "stderr";

/** Sends what is written by descriptor (`fs.writeSync(1, …)`) to the cell too. */
export function captureDescriptors(): void {
  const { writeSync } = fs;
  const streams = new Map<number, NodeJS.WriteStream>([
    [1, process.stdout],
    [2, process.stderr],
  ]);
  const capture = (descriptor: number, data: string | NodeJS.ArrayBufferView, ...rest: unknown[]): number => {
    const stream = streams.get(descriptor);
    if (stream === undefined) return Reflect.apply(writeSync, fs, [descriptor, data, ...rest]) as number;
    if (typeof data === "string") {
      stream.write(data);
      return Buffer.byteLength(data);
    }
    const [first, second] = rest;
    const { offset, length } = describeSpan(first, second);
    const from = typeof offset === "number" ? offset : 0;
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const part = bytes.subarray(from, typeof length === "number" ? from + length : undefined);
    stream.write(part);
    return part.length;
  };
  // The overloads differ in what follows the data alone.
  fs.writeSync = capture;
  syncBuiltinESMExports();
}

/** `fs.writeSync` takes an offset and a length, or an object of them. */
function describeSpan(first: unknown, second: unknown): { readonly offset: unknown; readonly length: unknown } {
  if (typeof first !== "object" || first === null) return { offset: first, length: second };
  return { offset: Reflect.get(first, "offset"), length: Reflect.get(first, "length") };
}

/** Sends what is written to `process.stdout`, `process.stderr` and `console` to the cell instead of the terminal. */
export function captureStreams(write: (name: StreamName, text: string) => void): void {
  for (const name of ["stdout", "stderr"] as const) {
    const decoder = new StringDecoder("utf8");
    const capture = (
      chunk: string | Uint8Array,
      encodingOrDone?: BufferEncoding | ((error?: Error | null) => void),
      done?: (error?: Error | null) => void,
    ): boolean => {
      const encoding = typeof encodingOrDone === "string" ? encodingOrDone : "utf8";
      const bytes = typeof chunk !== "string" || encoding !== "utf8";
      const text = bytes ? decoder.write(typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk) : chunk;
      if (text !== "") write(name, text);
      const written = typeof encodingOrDone === "function" ? encodingOrDone : done;
      if (written !== undefined) process.nextTick(written);
      return true;
    };
    process[name].write = capture;
  }
  // Node's own console hands every argument to the inspector too, which keeps the last thousand alive. There are no
  // errors to ignore: a console that does asks each line for a callback, and listens for its end.
  globalThis.console = new Console({ stdout: process.stdout, stderr: process.stderr, ignoreErrors: false });
}
