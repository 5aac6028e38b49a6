import type { Executor } from "../exec/index.js";
import type { ExecuteRequest, KernelInfo, KernelSockets } from "../wire/index.js";
import type { LanguageTools } from "./language-tools.js";
import { createSession } from "./session.js";

interface RehearsalOptions {
  readonly sockets: Pick<KernelSockets, "rehearsal">;
  readonly executor: Executor;
  readonly tools: LanguageTools;
  readonly info: KernelInfo;
  readonly log: (reason: string) => void;
}

/** How many cells are run: V8 compiles what has run some ten times. */
const rounds = 20;

/** What is run: a block, so that it leaves no variable behind. */
const cell = `{
  interface Host { readonly name: string; memory: number }
  const hosts: Host[] = [{ name: "a", memory: 1 }, { name: "b", memory: 2 }];
  function share(host: Host, total: number): number { return host.memory / total; }
  for (const host of hosts) console.log(host.name, share(host, 3));
}
0.5;`;

const request: ExecuteRequest = {
  code: cell,
  silent: false,
  store_history: true,
  user_expressions: {},
  allow_stdin: true,
  stop_on_error: true,
};

/**
 * Runs cells for nobody, from a request's frames to those of its answers, in a session apart: what V8 has seen some ten
 * times is compiled when the user's cells come. These had better wait for the end: a run of the executor is like any other.
 */
export async function rehearse(options: RehearsalOptions): Promise<void> {
  const { sockets, executor, info, log } = options;
  const { warmUpCell } = await import("../lang/index.js");
  const tools = options.tools.apart();
  // What declares is only transformed. A class with a parameter property can't just be erased.
  const declaring = warmUpCell.replace(/^class .*$/m, "").replaceAll(/^.*\bRack\b.*$/gm, "");
  const turn = (): Promise<void> => new Promise(setImmediate);
  for (let round = 0; round < rounds; round++) {
    tools.transform(declaring, "rehearsal");
    if (round % 4 !== 0) continue;
    tools.transform(warmUpCell, "rehearsal");
    await turn();
  }

  let ended = (): void => undefined;
  const stage = sockets.rehearsal((channel, message) => {
    session.handle(channel, message);
  });
  const session = createSession({
    sockets: {
      ...stage,
      broadcast(parent, type, content, extras) {
        stage.broadcast(parent, type, content, extras);
        if (type === "status" && "execution_state" in content && content.execution_state === "idle") ended();
      },
    },
    // Stacks find cells by their names.
    executor: { ...executor, run: (run, show, ask) => executor.run({ ...run, name: "rehearsal" }, show, ask) },
    language: () => Promise.resolve(tools),
    typecheck: "off",
    info,
    leave: () => undefined,
    log,
  });
  for (let round = 0; round < rounds; round++) {
    const idle = new Promise<void>((resolve) => {
      ended = resolve;
    });
    stage.request("execute_request", request);
    await idle;
    await turn();
  }
}
