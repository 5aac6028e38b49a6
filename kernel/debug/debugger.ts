import { Arguments, isFields } from "./arguments.js";
import { createAssign } from "./assignment.js";
import { attach, type Attachment } from "./attachment.js";
import { createBreakPlaces, type BreakPlaces } from "./break-places.js";
import type { BreakpointsOptions } from "./breakpoints.js";
import { capabilities, threadId } from "./capabilities.js";
import { CellBook, type RanCell, type RanCells } from "./cell-book.js";
import { anytime, commands, type CommandContext } from "./commands.js";
import { createEvaluation } from "./evaluation.js";
import { connectInspector, type Inspector } from "./inspector.js";
import { RequestError, type DebugEvent, type DebugResponse, type Fields } from "./protocol.js";
import { createVariables, type Variables } from "./variables.js";

export interface DebuggerOptions {
  readonly cells: RanCells;
  readonly transform: BreakpointsOptions["transform"];
  readonly declare: CommandContext["declare"];
  readonly publish: (event: DebugEvent) => void;
  /** Stops the running cell, as an interrupt_request does. */
  readonly interrupt: () => void;
}

/** Debugs the main thread from a worker of it. */
export interface Debugger {
  /** Whether a client has attached: cells then need to be announced. */
  attached(): boolean;
  /** Answers a debug_request, whatever it holds. */
  answer(request: Fields): Promise<DebugResponse>;
  /** To be waited for before an attached debugger's cell runs, so that its breakpoints hit at once. */
  starting(cell: RanCell): Promise<void>;
  ended(name: string): void;
  /** What interrupts a cell stands between `true` and `false`: nothing stops meanwhile, the code that stands is ended. */
  release(released: boolean): void;
  /** Lets the main thread go, so that the process can end. */
  close(): void;
}

/** How long a cell waits at most for its breakpoints, in ms: the thread may be in a timer of an earlier cell. */
const installing = 1000;

/** JupyterLab shows the variables of this answer whether it is a success or not (@jupyterlab/debugger 4.6, service.js). */
const refusals: ReadonlyMap<string, Fields> = new Map([["inspectVariables", { variables: [] }]]);

export function createDebugger(options: DebuggerOptions): Debugger {
  const book = new CellBook(options.cells);
  let connected:
    { readonly inspector: Inspector; readonly variables: Variables; readonly places: BreakPlaces } | undefined;
  let attached: Attachment | undefined;
  let seq = 0;

  function connect(): NonNullable<typeof connected> {
    if (connected === undefined) {
      const inspector = connectInspector();
      connected = { inspector, variables: createVariables(inspector, book), places: createBreakPlaces() };
    }
    return connected;
  }

  function tell(event: DebugEvent["event"], body: Fields): void {
    options.publish({ type: "event", seq: ++seq, event, body });
  }

  function disconnect(): void {
    const stood = attached?.stepping.stop() !== undefined;
    attached = undefined;
    connected?.inspector.disconnect();
    connected?.places.close();
    connected = undefined;
    if (stood) tell("continued", { threadId, allThreadsContinued: true });
  }

  async function carryOut(command: string, given: Arguments): Promise<Fields> {
    if (command === "disconnect" || command === "terminate") {
      if (command === "terminate" && attached !== undefined) options.interrupt();
      disconnect();
      tell("terminated", {});
      return {};
    }
    const { inspector, variables, places } = connect();
    const { transform, declare } = options;
    const context = {
      book,
      places,
      transform,
      declare,
      variables,
      evaluation: createEvaluation(inspector, variables),
      assign: createAssign(inspector, book),
    };
    if (command === "initialize") {
      variables.showTo(given.optionalString("clientID") ?? "");
      attached ??= await attach({ ...context, inspector, tell });
      return capabilities;
    }
    const always = anytime.get(command);
    if (always !== undefined) return always(given, context, attached);
    const known = commands.get(command);
    if (known === undefined) throw new RequestError(`there is no request "${command}"`);
    if (attached === undefined) throw new RequestError(`${command}: the debugger is not started`);
    return known(given, context, attached);
  }

  return {
    attached: () => attached !== undefined,
    async answer(request) {
      const command = typeof request["command"] === "string" ? request["command"] : "";
      const request_seq = Number.isInteger(request["seq"]) ? (request["seq"] as number) : 0;
      const response = { type: "response", request_seq, command } as const;
      try {
        if (command === "") throw new RequestError('a debug_request names its "command"');
        const given = request["arguments"] ?? {};
        if (!isFields(given)) throw new RequestError(`${command}: "arguments" is not an object`);
        const body = await carryOut(command, new Arguments(command, given));
        if (command === "attach") setImmediate(tell, "initialized", {});
        return { ...response, seq: ++seq, success: true, body };
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        return { ...response, seq: ++seq, success: false, message: error.message, body: refusals.get(command) ?? {} };
      }
    },
    async starting(cell) {
      attached?.stepping.started(cell.name);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, installing);
      });
      await Promise.race([attached?.breakpoints.install(cell), late]);
      clearTimeout(timer);
    },
    ended(name) {
      attached?.stepping.ended(name);
    },
    release(released) {
      attached?.stepping.release(released);
    },
    close: disconnect,
  };
}
