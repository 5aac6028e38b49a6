import { errorReport, type Executor } from "../exec/index.js";
import type { Header, Incoming, KernelInfo, KernelSockets, Replies } from "../wire/index.js";
import { createComms, joins, type CommNotice } from "./comms.js";
import { createDebugging } from "./debugging.js";
import { createExecution } from "./execution.js";
import { createHistory } from "./history.js";
import type { HistoryFile } from "./history-file.js";
import { complete, inspect } from "./introspection.js";
import type { LanguageTools } from "./language-tools.js";
import { createQuestions } from "./questions.js";
import { createShells, type Shell } from "./shells.js";
import type { TypecheckMode } from "./type-check.js";
import { createUsageMeter } from "./usage.js";

export interface SessionOptions {
  readonly sockets: Pick<KernelSockets, "reply" | "broadcast" | "prompt">;
  readonly executor: Executor;
  readonly language: () => Promise<LanguageTools>;
  readonly typecheck: TypecheckMode;
  /** Absent where nothing is to be kept. */
  readonly historyFile?: HistoryFile;
  readonly info: KernelInfo;
  /** Called a little after the first kernel_info: there is time to load what the first cell will need. */
  readonly greeted?: () => void;
  /** Ends the process once this is called and what was sent has gone out. */
  readonly leave: (code: number) => void;
  readonly log: (reason: string) => void;
}

/** Answers a kernel's clients. */
export interface Session {
  handle(channel: "shell" | "control" | "stdin", message: Incoming): void;
  /** As an interrupt_request does. */
  interrupt(): void;
  /** Lets go of the main thread, before the process ends. */
  close(): void;
}

type Channel = "shell" | "control";
type Request = Extract<Incoming, { type: `${string}_request` }>;
type Execute = Extract<Incoming, { type: "execute_request" }>;

/** When loading for the first cell starts, in ms behind the first kernel_info. */
const afterGreeting = 20;

/**
 * Requests that touch what cells do wait for each other in the order they came, in the queue of their shell; what can be
 * answered beside a running cell is answered at once. Every request is framed by busy and idle.
 */
export function createSession(options: SessionOptions): Session {
  const { sockets, executor, language, log } = options;
  const history = createHistory(options.historyFile);
  const comms = createComms({ broadcast: sockets.broadcast.bind(sockets), executor, log });
  const questions = createQuestions({ sockets, log });
  const shells = createShells();
  const usage = createUsageMeter();
  let exit: number | undefined;
  const debugging = createDebugging({ broadcast: sockets.broadcast.bind(sockets), language, interrupt });
  const execution = createExecution({
    ...options,
    debugging,
    broadcast: sockets.broadcast.bind(sockets),
    executor,
    history,
    comms,
    questions,
    exited: (code) => {
      exit = code;
    },
  });

  const executing = new Set<Header>();
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
      const report = { status: "error", ...errorReport("KernelError", evalue) } as const;
      const content = request.type === "execute_request" ? { ...report, execution_count: execution.count } : report;
      // Each request has the reply of its stem, a notice has none.
      const type = request.type.replace("_request", "_reply") as "inspect_reply";
      if (request.type.endsWith("_request")) sockets.reply(channel, request, type, content);
    }
    status(request.header, "idle");
    // A client shows the latest status, whosever it is: a cell that still runs is still busy.
    const running = [...executing].findLast((header) => header !== request.header);
    if (running !== undefined) status(running, "busy");
  }

  async function execute(channel: Channel, message: Execute, shell: Shell): Promise<void> {
    const started = new Date().toISOString();
    executing.add(message.header);
    await frame(channel, message, async () => {
      const { silent, stop_on_error } = message.content;
      const run = async (): Promise<Replies["execute_reply"]> => {
        await comms.leave(message);
        return await execution.execute(message.content, message);
      };
      // Over before it is told to be: another request that ends meanwhile would tell that this one is busy, behind its idle.
      const reply = await run().finally(() => executing.delete(message.header));
      // A silent request is a front end's own: the user's cells don't suffer for it.
      if (reply.status === "error" && stop_on_error && !silent) shell.abort(message.header.session);
      // JupyterLab's execution times begin with this.
      sockets.reply(channel, message, "execute_reply", reply, { metadata: { started } });
    });
    if (exit !== undefined) options.leave(exit);
  }

  /** Hands over what came through a comm, inside the frames of all its messages; it runs in the latest one's name. */
  async function deliver(notices: readonly CommNotice[]): Promise<void> {
    const innermost = async (): Promise<void> => {
      const latest = notices.at(-1)?.header;
      if (latest !== undefined) executing.add(latest);
      const outcome = await comms.deliver(notices, execution.publish.bind(execution)).finally(() => {
        if (latest !== undefined) executing.delete(latest);
      });
      if (outcome?.status === "exit") exit = outcome.code;
    };
    await notices.reduceRight<() => Promise<void>>((inner, notice) => () => frame("shell", notice, inner), innermost)();
    if (exit !== undefined) options.leave(exit);
  }

  function answer(channel: Channel, message: Incoming): void {
    const reply = <T extends keyof Replies>(type: T, content: Replies[T]): void => {
      sockets.reply(channel, message, type, content);
    };
    const shell = shells.find(channel === "shell" ? message.header.subshell_id : undefined);
    if (shell === undefined) {
      refuse(message, `there is no subshell ${String(message.header.subshell_id)}; it may have been deleted`);
      return;
    }
    const client = message.header.session;
    switch (message.type) {
      case "execute_request": {
        const abort = (): Promise<void> =>
          frame(channel, message, () => {
            reply("execute_reply", { status: "aborted" });
          });
        const run = (): Promise<void> => execute(channel, message, shell);
        shell.enqueue({ client, run: shell.crossedFailure(message.header) ? abort : run, abort });
        return;
      }
      case "history_request":
        shell.enqueue({
          client,
          run: () =>
            frame(channel, message, async () => {
              reply("history_reply", { status: "ok", history: await history.query(message.content) });
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
      case "create_subshell_request":
        void frame(channel, message, () => {
          reply("create_subshell_reply", { status: "ok", subshell_id: shells.create() });
        });
        return;
      case "delete_subshell_request":
        void frame(channel, message, () => {
          const { subshell_id } = message.content;
          if (!shells.delete(subshell_id)) throw new Error(`there is no subshell ${subshell_id}`);
          reply("delete_subshell_reply", { status: "ok" });
        });
        return;
      case "list_subshell_request":
        void frame(channel, message, () => {
          reply("list_subshell_reply", { status: "ok", subshell_id: shells.list() });
        });
        return;
      case "usage_request":
        void frame(channel, message, () => {
          reply("usage_reply", { status: "ok", ...usage() });
        });
        return;
      case "debug_request":
        void frame(channel, message, async () => {
          reply("debug_reply", await debugging.answer(message.content, message.header));
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
        const waiting = shell.lastNotices();
        if (waiting !== undefined && joins(waiting, message)) waiting.push(message);
        else {
          const notices = [message];
          shell.enqueue({ client, notices, run: () => deliver(notices) });
        }
        return;
      }
      case "input_reply":
        questions.receive(message);
    }
  }

  function refuse(message: Incoming, why: string): void {
    if (message.type === "input_reply") return;
    void frame("shell", message, () => {
      throw new Error(why);
    });
  }

  /** The client has its answer: now there is time to load what the first cell will need. */
  function warm(): void {
    options.greeted?.();
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
    debugging.interrupting(execution.interrupt.bind(execution)).catch((error: unknown) => {
      log(`an interrupt failed: ${String(error)}`);
    });
  }

  return {
    handle(channel, message) {
      if (channel !== "stdin") answer(channel, message);
      else if (message.type === "input_reply") questions.receive(message);
      else log(`${message.type} on stdin, where only answers are heard`);
    },
    interrupt,
    close() {
      debugging.close();
    },
  };
}
