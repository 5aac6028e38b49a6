import { randomUUID } from "node:crypto";
import { connectClient, protocolVersion, type Broadcast, type Client, type Connection } from "../../wire/index.js";
import type { ChannelMessage } from "./channel-message.js";
import { createSeat, type Seat } from "./seat.js";
import type { KernelSpec } from "./specs.js";

/** How a kernel's process ended. */
interface Death {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lastWords: string;
}

/** A kernel's process, and how to reach it. */
interface RunningKernel {
  readonly pid: number;
  readonly connection: Connection;
  readonly died: Promise<Death>;
  kill(): void;
  interrupt(): void;
  /** Removes its files. */
  forget(): void;
}

/** Starts a kernel's process without waiting for an answer. */
export type Launch = (spec: KernelSpec, options: LaunchOptions) => Promise<RunningKernel>;

interface LaunchOptions {
  readonly cwd: string;
  /** Beside this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
}

type ExecutionState = "starting" | "idle" | "busy" | "restarting" | "autorestarting" | "dead" | "unknown";

/** jupyter-server's OpenAPI description, "Kernel". */
export interface KernelModel {
  readonly id: string;
  readonly name: string;
  readonly last_activity: string;
  readonly execution_state: ExecutionState;
  readonly connections: number;
}

interface KernelOptions extends LaunchOptions {
  readonly id: string;
  readonly spec: KernelSpec;
  readonly launch: Launch;
  readonly log: (line: string) => void;
}

/** A kernel under one id, whose process may be another one after a restart. */
export interface Kernel {
  readonly id: string;
  readonly model: () => KernelModel;
  /** Milliseconds since the epoch. */
  readonly lastActivity: () => number;
  /** The place of the client with this session; a new one where it has none. */
  seat(session: string): Seat;
  interrupt(): Promise<void>;
  /** Resolves when the new process answers. @throws Error where it doesn't */
  restart(): Promise<void>;
  /** Ends it, politely first. */
  shutdown(): Promise<void>;
}

/** Deaths that are answered with a restart, unless one comes after `stableAfter` milliseconds (as in jupyter_client). */
const restartLimit = 5;
const stableAfter = 10_000;
/** Milliseconds that a kernel may take until it answers, and until it has ended when asked to. */
const startTimeout = 60_000;
const graceTimeout = 2_000;
/** Clients that went away and whose messages are kept, per kernel; a page that was closed for good never comes back. */
const keptSeats = 4;

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });

const describe = ({ code, signal, lastWords }: Death): string =>
  `${signal ?? `exit code ${code ?? "unknown"}`}${lastWords.trim() === "" ? "" : `\n${lastWords.trim()}`}`;

/** Starts the kernel's first process. @throws where it can't be started at all */
export async function startKernel(options: KernelOptions): Promise<Kernel> {
  const { id, spec, launch, log, cwd, env } = options;
  const { name } = spec;
  const seats = new Map<string, Seat>();
  let state: ExecutionState = "starting";
  let active = Date.now();
  /** What runs now; another one after a restart. */
  let now:
    | {
        readonly process: RunningKernel;
        readonly client: Client;
        readonly ready: Promise<unknown>;
        /** Hears no more of it: what is under way when it is let go of would pass for its successor's. */
        readonly ignore: () => void;
      }
    | undefined;
  let ending = false;
  let deaths = 0;
  let changing: Promise<unknown> = Promise.resolve();

  function toAll(message: ChannelMessage): void {
    for (const seat of seats.values()) seat.deliver(message);
  }

  /** Tells the clients what the kernel itself can't: that it died. */
  function announce(next: ExecutionState): void {
    state = next;
    const header = {
      msg_id: randomUUID(),
      session: id,
      username: "kernel",
      date: new Date().toISOString(),
      msg_type: "status",
      version: protocolVersion,
    };
    const content = { execution_state: next };
    toAll({ channel: "iopub", header, parent_header: {}, metadata: {}, content, buffers: [] });
  }

  function heard(message: Broadcast): void {
    active = Date.now();
    if (message.type === "status") state = message.content.execution_state;
    const { header, parent_header, metadata, content, buffers } = message;
    toAll({ channel: "iopub", header, parent_header, metadata, content: { ...content }, buffers });
  }

  async function begin(): Promise<void> {
    state = state === "autorestarting" ? state : "starting";
    const process = await launch(spec, { cwd, env });
    const started = Date.now();
    const client = connectClient(process.connection);
    const ignore = client.onBroadcast(heard);
    const died = process.died.then((death): never => {
      throw new Error(`the kernel ended before it answered: ${describe(death)}`);
    });
    const ready = Promise.race([client.ready(startTimeout), died]).then(() => {
      if (state === "starting" || state === "autorestarting") state = "idle";
    });
    const run = { process, client, ready, ignore };
    now = run;
    for (const seat of seats.values()) seat.connect(process.connection, ready);
    ready.catch(() => {
      // One that never answers is ended, and its end is handled below as any other.
      process.kill();
    });
    void process.died.then((death) => {
      const wasStable = Date.now() - started > stableAfter;
      if (!ending) void inTurn(() => (now === run ? recover(death, wasStable) : Promise.resolve()));
    });
  }

  /** After a death that nobody asked for: starts anew, a few times. */
  async function recover(death: Death, wasStable: boolean): Promise<void> {
    log(`the kernel ${name} (${id}) died: ${describe(death)}`);
    await drop();
    deaths = wasStable ? 1 : deaths + 1;
    if (deaths > restartLimit) {
      log(`the kernel ${name} (${id}) is not started again: it died ${restartLimit} times in a row`);
      announce("dead");
      return;
    }
    announce("restarting");
    state = "autorestarting";
    await begin().catch((error: unknown) => {
      log(`the kernel ${name} (${id}) couldn't be started again: ${String(error)}`);
      announce("dead");
    });
  }

  /** Lets go of what runs now, and kills what is left of it. */
  async function drop(): Promise<void> {
    const run = now;
    now = undefined;
    if (run === undefined) return;
    run.process.kill();
    await run.process.died;
    for (const seat of seats.values()) seat.disconnect();
    run.ignore();
    run.client.close();
    run.process.forget();
  }

  /** Asks the kernel to end, and gives it a moment. */
  async function end(restart: boolean): Promise<void> {
    const run = now;
    if (run === undefined) return;
    ending = true;
    const asked = run.client.request("control", "shutdown_request", { restart }).then(() => run.process.died);
    await Promise.race([asked.catch(() => undefined), run.process.died, pause(graceTimeout)]);
    await drop();
    ending = false;
  }

  /** One change of the process at a time: a restart during a restart waits. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const mine = changing.then(work, work);
    changing = mine;
    return mine;
  }

  function forgetSeats(): void {
    const free = [...seats.values()].filter(({ isTaken }) => !isTaken);
    for (const seat of free.slice(0, Math.max(free.length - keptSeats, 0))) {
      seat.disconnect();
      seats.delete(seat.session);
    }
  }

  await begin();
  return {
    id,
    lastActivity: () => active,
    model: () => ({
      id,
      name,
      last_activity: new Date(active).toISOString(),
      execution_state: state,
      connections: [...seats.values()].filter(({ isTaken }) => isTaken).length,
    }),
    seat(session) {
      const known = seats.get(session);
      if (known !== undefined) return known;
      forgetSeats();
      const seat = createSeat(session);
      seats.set(session, seat);
      if (now !== undefined) seat.connect(now.process.connection, now.ready);
      return seat;
    },
    async interrupt() {
      if (now === undefined) return;
      const { client, process } = now;
      if (spec.spec.interrupt_mode === "message") {
        await client.request("control", "interrupt_request", {}, { timeout: 10_000 });
      } else process.interrupt();
    },
    restart: () =>
      inTurn(async () => {
        active = Date.now();
        deaths = 0;
        state = "restarting";
        await end(true);
        await begin();
        await now?.ready;
      }),
    shutdown: () =>
      inTurn(async () => {
        await end(false);
        announce("dead");
      }),
  };
}
