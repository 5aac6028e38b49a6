import { Console } from "node:console";
import { StringDecoder } from "node:string_decoder";

export type StreamName = "stdout" | "stderr";

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
  // Node's own console hands every argument to the inspector too, which keeps the last thousand alive.
  globalThis.console = new Console({ stdout: process.stdout, stderr: process.stderr });
}
