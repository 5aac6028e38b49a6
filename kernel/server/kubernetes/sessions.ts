import type { Duplex } from "node:stream";
import { SpdyConnection, type SpdyStream } from "./spdy.js";

/** What of the simulation a connection becomes; the shapes are sim/k8s's. */
export interface ProcessSession {
  readonly kind: "process";
  readonly options: {
    readonly stdin: boolean;
    readonly stdout: boolean;
    readonly stderr: boolean;
    readonly tty: boolean;
  };
  start(sink: { output(stream: "stdout" | "stderr", bytes: Uint8Array): void; end(status: object): void }): {
    input(bytes: Uint8Array): void;
    closeInput(): void;
    resize(columns: number, rows: number): void;
    close(): void;
  };
}

export interface ForwardSession {
  readonly kind: "forward";
  connect(
    port: number,
    sink: { data(bytes: Uint8Array): void; error(text: string): void; end(): void },
  ): { write(bytes: Uint8Array): void; end(): void; close(): void };
}

export type Session = ProcessSession | ForwardSession;

/** The protocol that is spoken on streams, of those that a client offers; undefined where none is known. */
export function protocolOf(session: Session, offered: string): string | undefined {
  const known = session.kind === "forward" ? ["portforward.k8s.io"] : ["v4.channel.k8s.io", "v3.channel.k8s.io"];
  const names = offered.split(",").map((name) => name.trim());
  return known.find((name) => names.includes(name));
}

/**
 * Joins a session with a client's streams over SPDY: of exec and attach one each for input, output and errors, sizes of the terminal and the
 * end's Status (`v4.channel.k8s.io`); of port-forward two for each connection.
 * @param step lets the simulation go on, behind what the client has said
 */
export function serveSession(session: Session, socket: Duplex, head: Buffer, step: () => void): void {
  if (session.kind === "process") serveProcess(session, socket, head, step);
  else serveForward(session, socket, head, step);
}

function serveProcess(session: ProcessSession, socket: Duplex, head: Buffer, step: () => void): void {
  const { stdin, stdout, stderr, tty } = session.options;
  const wanted = ["error", ...(stdin ? ["stdin"] : []), ...(stdout ? ["stdout"] : []), ...(stderr ? ["stderr"] : [])];
  const streams = new Map<string, SpdyStream>();
  let begun = false;
  const connection = new SpdyConnection(socket, head, (stream) => {
    streams.set(stream.headers["streamtype"] ?? "", stream);
    if (begun || !wanted.every((name) => streams.has(name))) return;
    // Before kubectl sends sizes it makes a stream for them: behind the others.
    if (tty && !streams.has("resize")) return;
    begun = true;
    begin();
  });
  const begin = (): void => {
    const process = session.start({
      output: (name, bytes) => {
        const stream = streams.get(name);
        if (stream !== undefined) connection.send(stream, bytes);
      },
      end: (status) => {
        const error = streams.get("error");
        if (error !== undefined) connection.send(error, Buffer.from(JSON.stringify(status)));
        for (const stream of streams.values()) connection.end(stream);
        connection.close();
      },
    });
    const input = streams.get("stdin");
    if (input !== undefined)
      input.receive = (bytes) => {
        if (bytes === undefined) process.closeInput();
        else process.input(bytes);
        step();
      };
    const sizes = streams.get("resize");
    if (sizes !== undefined)
      sizes.receive = (bytes) => {
        if (bytes === undefined) return;
        const { Width, Height } = JSON.parse(Buffer.from(bytes).toString()) as { Width: number; Height: number };
        process.resize(Width, Height);
        step();
      };
    socket.on("close", () => {
      process.close();
    });
    step();
  };
}

function serveForward(session: ForwardSession, socket: Duplex, head: Buffer, step: () => void): void {
  const errors = new Map<string, SpdyStream>();
  const open = new Set<{ close(): void }>();
  const connection = new SpdyConnection(socket, head, (stream) => {
    const { streamtype, port = "0", requestid = "" } = stream.headers;
    if (streamtype === "error") {
      errors.set(requestid, stream);
      return;
    }
    const made = session.connect(Number(port), {
      data: (bytes) => {
        connection.send(stream, bytes);
      },
      error: (text) => {
        const error = errors.get(requestid);
        if (error !== undefined) connection.send(error, Buffer.from(text));
      },
      end: () => {
        const error = errors.get(requestid);
        if (error !== undefined) connection.end(error);
        errors.delete(requestid);
        connection.end(stream);
        open.delete(made);
      },
    });
    open.add(made);
    stream.receive = (bytes) => {
      if (bytes === undefined) made.end();
      else made.write(bytes);
      step();
    };
    step();
  });
  socket.on("close", () => {
    for (const one of open) one.close();
  });
}
