import type { JsonObject } from "../objects/value.js";

/** Which streams of a process a client takes (core/v1, PodExecOptions). */
export interface StreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** Who takes what a process writes. Called by the simulation. */
export interface ProcessSink {
  output(stream: "stdout" | "stderr", bytes: Uint8Array): void;
  /** The last: how it ended, as the error stream tells it (a `Status`). */
  end(status: JsonObject): void;
}

/** The client's side of a process. */
export interface ProcessInput {
  input(bytes: Uint8Array): void;
  closeInput(): void;
  resize(columns: number, rows: number): void;
  /** The client has gone. */
  close(): void;
}

/** exec or attach, about to begin. */
export interface ProcessSession {
  readonly kind: "process";
  readonly options: StreamOptions;
  start(sink: ProcessSink): ProcessInput;
}

/** One connection into a pod's network. */
export interface ForwardSink {
  data(bytes: Uint8Array): void;
  error(text: string): void;
  end(): void;
}
export interface ForwardedConnection {
  write(bytes: Uint8Array): void;
  /** The client has no more to say. */
  end(): void;
  close(): void;
}
export interface ForwardSession {
  readonly kind: "forward";
  connect(port: number, sink: ForwardSink): ForwardedConnection;
}

/** What a connection to the API server becomes that is upgraded. */
export type StreamSession = ProcessSession | ForwardSession;
