import { errorReport, type Executor } from "../exec/index.js";
import type { Header, Incoming, KernelInfo, KernelSockets, Replies } from "../wire/index.js";
import { createComms, joins, type CommNotice } from "./comms.js";
import { createExecution } from "./execution.js";
import { createHistory } from "./history.js";
import { complete, inspect } from "./introspection.js";
import type { LanguageTools } from "./language-tools.js";
import type { TypecheckMode } from "./type-check.js";

export interface SessionOptions {
  readonly sockets: Pick<KernelSockets, "reply" | "broadcast">;
  readonly executor: Executor;
  readonly language: () => Promise<LanguageTools>;
  readonly typecheck: TypecheckMode;
  readonly info: KernelInfo;
  /** Ends the process once this is called and what was sent has gone out. */
  readonly leave: (code: number) => void;
  readonly log: (reason: string) => void;
}

/** Answers a kernel's clients. */
export interface Session {
  handle(channel: "shell" | "control" | "stdin", message: Incoming): void;
  /** As an interrupt_request does. */
  interrupt(): void;
}

type Channel = "shell" | "control";
type Request = Extract<Incoming, { type: `${string}_request` }>;
type Execute = Extract<Incoming, { type: "execute_request" }>;

interface Waiting {
  run: () => Promise<void>;
  /** What takes the place of `run` when an earlier execute_request fails. */
  readonly abort?: () => Promise<void>;
  /** What it delivers; more may join. */
  readonly notices?: CommNotice[];
}

/**
 * How long after a failure requests still come in that were sent before it, in ms: those of "Run All", one by one
 * through the server. Beyond, a client's clock that goes wrong would abort what it sent later.
 */
const underWay = 100;

/** When loading for the first cell starts, in ms behind the first kernel_info. */
const afterGreeting = 20;

/**
 * Requests that touch what cells do wait for each other in the order they came; what can be answered beside a running
 * cell is answered at once. Every request is framed by busy and idle.
 */
export function createSession(options: SessionOptions): Session {
  const { sockets, executor, language, log } = options;
  const history = createHistory();
  const comms = createComms({ broadcast: sockets.broadcast.bind(sockets), executor, log });
  let exit: number | undefined;
  const execution = createExecution({
    ...options,
    broadcast: sockets.broadcast.bind(sockets),
    executor,
    history,
    comms,
    exited: (code) => {
      exit = code;
    },
  });

  const queue: Waiting[] = [];
  let executing: Header | undefined;
  let draining = false;
  let failure = { date: 0, time: -underWay };
  let warmUp: NodeJS.Timeout | undefined;

  function status(parent: Header, execution_state: "busy" | "idle"): void {
    sockets.broadcast(parent, "status", { execution_state });
  }

  /** Answers one request between busy and idle; what fails in us becomes its error reply. */
  async function frame(
    channel: Channel,
    request: Request | CommNotice,
    answer: () => Promise<void> | void,
  ): Promise<void> {
    status(request.header, "busy");
    try {
      await answer();
    } catch (error) {
      const evalue = error instanceof Error ? error.message : String(error);
      log(`${request.type} failed: ${error instanceof Error ? (error.stack ?? evalue) : evalue}`);
      const content = { status: "error", ...errorReport("KernelError", evalue) } as const;
      // Each request has the reply of its stem, a notice has none.
      const type = request.type.replace("_request", "_reply") as "inspect_reply";
      if (request.type.endsWith("_request")) sockets.reply(channel, request, type, content);
    }
    status(request.header, "idle");
    // A client shows the latest status, whosever it is: a cell that still runs is still busy.
    if (executing !== undefined && executing !== request.header) status(executing, "busy");
  }

  function enqueue(waiting: Waiting): void {
    queue.push(waiting);
    if (!draining) void drain();
  }

  async function drain(): Promise<void> {
    draining = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await next.run();
    draining = false;
  }

  async function execute(channel: Channel, message: Execute): Promise<void> {
    executing = message.header;
    await frame(channel, message, async () => {
      await comms.leave(message);
      const reply = await execution.execute(message.content, message.header);
      if (reply.status === "error" && message.content.stop_on_error) abortQueue();
      sockets.reply(channel, message, "execute_reply", reply);
    });
    executing = undefined;
    if (exit !== undefined) options.leave(exit);
  }

  /** Hands over what came through a comm, inside the frames of all its messages; it runs in the latest one's name. */
  async function deliver(notices: readonly CommNotice[]): Promise<void> {
    const innermost = async (): Promise<void> => {
      executing = notices.at(-1)?.header;
      const outcome = await comms.deliver(notices, execution.publish.bind(execution));
      executing = undefined;
      if (outcome?.status === "exit") exit = outcome.code;
    };
    await notices.reduceRight<() => Promise<void>>((inner, notice) => () => frame("shell", notice, inner), innermost)();
    if (exit !== undefined) options.leave(exit);
  }

  /** Aborts the execute_requests that were sent before their client could know of the error. */
  function abortQueue(): void {
    for (const waiting of queue) waiting.run = waiting.abort ?? waiting.run;
    failure = { date: Date.now(), time: performance.now() };
  }

  /** Whether a request was under way when the latest failure was replied. */
  function crossedFailure({ date }: Header): boolean {
    return performance.now() - failure.time < underWay && Date.parse(date) < failure.date;
  }

  function answer(channel: Channel, message: Incoming): void {
    const reply = <T extends keyof Replies>(type: T, content: Replies[T]): void => {
      sockets.reply(channel, message, type, content);
    };
    switch (message.type) {
      case "execute_request": {
        const abort = (): Promise<void> =>
          frame(channel, message, () => {
            reply("execute_reply", { status: "aborted" });
          });
        const run = (): Promise<void> => execute(channel, message);
        enqueue({ run: crossedFailure(message.header) ? abort : run, abort });
        return;
      }
      case "history_request":
        enqueue({
          run: () =>
            frame(channel, message, () => {
              reply("history_reply", { status: "ok", history: history.query(message.content) });
            }),
        });
        return;
      case "kernel_info_request":
        void frame(channel, message, () => {
          reply("kernel_info_reply", { status: "ok", ...options.info });
        });
        warmUp ??= setTimeout(warm, afterGreeting);
        return;
      case "is_complete_request":
        void frame(channel, message, async () => {
          reply("is_complete_reply", (await language()).isComplete(message.content.code));
        });
        return;
      case "complete_request":
        void frame(channel, message, async () => {
          reply("complete_reply", await complete(message.content, await language()));
        });
        return;
      case "inspect_request":
        void frame(channel, message, async () => {
          reply("inspect_reply", await inspect(message.content, await language()));
        });
        return;
      case "comm_info_request":
        void frame(channel, message, () => {
          reply("comm_info_reply", { status: "ok", comms: comms.info(message.content.target_name) });
        });
        return;
      case "interrupt_request":
        void frame(channel, message, () => {
          interrupt();
          reply("interrupt_reply", { status: "ok" });
        });
        return;
      case "shutdown_request": {
        const content = { status: "ok", restart: message.content.restart } as const;
        void frame(channel, message, () => {
          reply("shutdown_reply", content);
          sockets.broadcast(message.header, "shutdown_reply", content);
        }).then(() => {
          options.leave(0);
        });
        return;
      }
      case "comm_open":
      case "comm_msg":
      case "comm_close": {
        const waiting = queue.at(-1)?.notices;
        if (waiting !== undefined && joins(waiting, message)) waiting.push(message);
        else {
          const notices = [message];
          enqueue({ notices, run: () => deliver(notices) });
        }
        return;
      }
      case "input_reply":
        log("an input_reply where nothing was asked");
    }
  }

  /** The client has its answer: now there is time to load what the first cell will need. */
  function warm(): void {
    language().then(
      ({ service }) => {
        if (options.typecheck !== "off") service();
      },
      (error: unknown) => {
        log(`the language tools can't be loaded: ${String(error)}`);
      },
    );
  }

  function interrupt(): void {
    execution.interrupt().catch((error: unknown) => {
      log(`an interrupt failed: ${String(error)}`);
    });
  }

  return {
    handle(channel, message) {
      if (channel !== "stdin") answer(channel, message);
      else log(`${message.type} on stdin, where nothing was asked`);
    },
    interrupt,
  };
}
