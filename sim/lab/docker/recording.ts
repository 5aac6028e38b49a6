import { formatDuration, type SequenceView, type TraceRow, type Viewable } from "../../core/index.js";
import { isActivity, PR_SET_NAME, type Kernel } from "../../os/index.js";
import { brief, TellingCalls, type Told } from "./telling-calls.js";

type Interposer = Kernel["interposers"][number];
type Call = Parameters<Interposer>[0];

/** Who takes part in the making of a container. */
type Part = "client" | "dockerd" | "registry" | "containerd-shim" | "container" | "kernel";

/** What one part asked of another, or told it. */
export interface Message {
  /** Nanoseconds of virtual time. */
  readonly time: number;
  readonly from: Part;
  readonly to: Part;
  readonly label: string;
  readonly reply: boolean;
  /** Of a system call. */
  readonly call?: Told;
}

const parts: readonly Part[] = ["client", "dockerd", "registry", "containerd-shim", "container", "kernel"];
/** Calls of one kind in a row are named up to here, and counted beyond. */
const named = 3;
/** Characters of a path with its query. */
const longest = 50;

const string = (row: TraceRow, key: string): string => {
  const value = row[key];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
};

/** A request's path as people read it: without the API's version, with ids as Docker cuts them, and with its query where that is short. */
function pathOf(target: string): string {
  const path = brief(decodeURIComponent(target).replace(/^\/v\d+\.\d+/, ""));
  return path.length > longest ? path.replace(/\?.*/, "") : path;
}

/**
 * Who asks what of whom on a host with Docker, from its making until `stop`: requests of clients and their answers, requests to registries (of
 * all hosts of the world), and what of the daemon's, the shims' and new containers' system calls makes or ends a container. The former are the
 * world's trace's, by kinds "docker.request", "docker.answer", "docker.end" and "registry.request".
 */
export class Recording implements Viewable {
  readonly #kernel: Kernel;
  readonly #calls: TellingCalls = new TellingCalls();
  /** What was heard of system calls, with how many rows the trace had by then. */
  readonly #heard: { readonly place: number; readonly message: Message }[] = [];
  /** Pids of containers' first processes. */
  readonly #born = new Set<number>();
  readonly #from: number;
  #to = Infinity;
  readonly #interposer: Interposer;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#from = kernel.trace.count;
    this.#interposer = (call, next) => this.#hear(call, next);
    kernel.interposers.push(this.#interposer);
  }

  /** Records nothing more; what was recorded stays. */
  stop(): this {
    const { interposers, trace } = this.#kernel;
    const at = interposers.indexOf(this.#interposer);
    if (at < 0) return this;
    interposers.splice(at, 1);
    this.#to = trace.count;
    return this;
  }

  /** What was asked and told, in order. */
  get messages(): readonly Message[] {
    const { trace } = this.#kernel;
    const rows = trace.rows().flatMap((row, at) => {
      const place = trace.dropped + at;
      const message = place >= this.#from && place < this.#to ? this.#message(row) : undefined;
      return message === undefined ? [] : [{ place, message }];
    });
    // A call that was heard when there were n rows comes before the row n.
    return [...this.#heard, ...rows].sort((a, b) => a.place - b.place).map(({ message }) => message);
  }

  sequence(): SequenceView {
    const { messages } = this;
    const begin = messages[0]?.time ?? 0;
    const shown = together(messages);
    return {
      as: "sequence",
      title: "Who asks what of whom?",
      caption: `Dashed: answers. It took ${formatDuration((messages.at(-1)?.time ?? 0) - begin)} of virtual time.`,
      participants: parts.filter((part) => shown.some(({ from, to }) => from === part || to === part)),
      messages: shown.map(({ from, to, label, reply }) => ({ from, to, label, reply })),
    };
  }

  view(): SequenceView {
    return this.sequence();
  }

  #hear(call: Call, next: (call: Call) => unknown): unknown {
    const { task, name, args } = call;
    const pid = task.pids[0] ?? 0;
    const by = this.#partOf(pid, task.name);
    if (by === undefined) return next(call);
    if (name === "prctl" && args[0] === PR_SET_NAME && args[1] === "containerd-shim") {
      this.#keep({ from: "dockerd", to: "containerd-shim", label: "start" });
      return next(call);
    }
    // What becomes another program doesn't return.
    if (name === "execve") this.#tell(call, by, undefined);
    const outcome = next(call);
    const returned = (result: unknown): unknown => {
      if (name !== "execve") this.#tell(call, by, result);
      return result;
    };
    if (!isActivity(outcome)) return returned(outcome);
    return (function* () {
      return returned(yield* outcome);
    })();
  }

  #tell({ task, name, args }: Call, by: Part, result: unknown): void {
    const pid = task.pids[0] ?? 0;
    const told = this.#calls.tell(pid, name, args, result);
    if (told === undefined) return;
    if (name === "clone" && by === "containerd-shim" && typeof result === "number") this.#born.add(result);
    this.#keep({ from: by, to: "kernel", label: `${told.what} ${told.of}`.trim(), call: told });
  }

  #keep(message: Omit<Message, "time" | "reply">): void {
    const { trace, engine } = this.#kernel;
    this.#heard.push({ place: trace.count, message: { time: engine.now, reply: false, ...message } });
  }

  #partOf(pid: number, name: string): Part | undefined {
    if (this.#born.has(pid)) return "container";
    return name === "dockerd" || name === "containerd-shim" ? name : undefined;
  }

  #message(row: TraceRow): Message | undefined {
    const { time, kind, source } = row;
    const said = (from: Part, to: Part, label: string, reply = false): Message => ({ time, from, to, label, reply });
    const request = `${string(row, "method")} ${pathOf(string(row, "target"))}`;
    if (kind === "registry.request")
      return said("dockerd", "registry", `${string(row, "method")} ${pathOf(source)}: ${string(row, "status")}`);
    if (kind === "task.exit" && this.#born.has(Number(source))) {
      const signal = string(row, "signal");
      return said(
        "container",
        "containerd-shim",
        signal === "" ? `exit(${string(row, "exited")})` : `signal ${signal}`,
      );
    }
    if (source !== this.#kernel.namespaces.uts.hostname) return undefined;
    switch (kind) {
      case "docker.request":
        return said("client", "dockerd", request);
      case "docker.answer":
        return said("dockerd", "client", string(row, "status"), true);
      case "docker.end":
        return said("dockerd", "client", `end of ${request.replace(/\?.*/, "")}`, true);
      default:
        return undefined;
    }
  }
}

/** System calls of one kind in a row, as one message. */
function together(messages: readonly Message[]): readonly Message[] {
  const rows: { readonly message: Message; readonly of: string[] }[] = [];
  for (const message of messages) {
    const { call, from } = message;
    const last = rows.at(-1);
    if (call !== undefined && last?.message.call?.what === call.what && last.message.from === from)
      last.of.push(call.of);
    else rows.push({ message, of: [call?.of ?? ""] });
  }
  return rows.map(({ message, of }) => {
    if (message.call === undefined || of.length === 1) return message;
    const { what } = message.call;
    return { ...message, label: of.length > named ? `${what} ×${of.length}` : `${what} ${of.join("; ")}` };
  });
}
