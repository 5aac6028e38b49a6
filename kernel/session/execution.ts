import {
  errorReport,
  interruptedReport,
  type Ask,
  type ErrorReport,
  type Executor,
  type MimeData,
  type Outcome,
  type Output,
} from "../exec/index.js";
import type { Diagnostic, TransformedCell } from "../lang/index.js";
import type {
  ErrorContent,
  ExecuteReply,
  ExecuteRequest,
  Header,
  Json,
  KernelSockets,
  MimeData as WireData,
  Origin,
} from "../wire/index.js";
import { cellOutputs, type LastingOutput } from "./cell-outputs.js";
import type { Comms } from "./comms.js";
import type { Debugging } from "./debugging.js";
import { printDiagnostics, reportDiagnostics } from "./diagnostics.js";
import type { History } from "./history.js";
import type { LanguageTools } from "./language-tools.js";
import { createMagicContext } from "./magic-context.js";
import { misplacedMagic } from "./misplaced-magic.js";
import type { Questions } from "./questions.js";
import { tslabDirective } from "./tslab-directive.js";
import { explainError, refusal, type TypecheckMode } from "./type-check.js";
import { withoutWidgetView, withoutWidgetViews } from "./widget-views.js";

export interface ExecutionOptions {
  readonly broadcast: KernelSockets["broadcast"];
  readonly executor: Executor;
  readonly language: () => Promise<LanguageTools>;
  readonly history: History;
  readonly comms: Pick<Comms, "publish">;
  readonly questions: Pick<Questions, "askFor">;
  readonly debugging: Pick<Debugging, "named" | "attached" | "starting" | "ended">;
  /** What it is at first. */
  readonly typecheck: TypecheckMode;
  /** Told when a cell called `process.exit`; its reply still goes out. */
  readonly exited: (code: number) => void;
  readonly log: (reason: string) => void;
}

/** Turns execute_requests into runs and their outcomes into messages. */
export interface Execution {
  execute(request: ExecuteRequest, from: Origin): Promise<ExecuteReply>;
  /** Of the latest request that was numbered. */
  readonly count: number;
  /** Tells the clients what `parent` showed. */
  publish(parent: Header, output: LastingOutput): void;
  /** Stops the requests that are being executed, or what keeps the main thread busy. */
  interrupt(): Promise<void>;
}

type Ended = Extract<Outcome, { status: "ok" | "error" }>;

/** What a run may say to its client. */
interface Dialogue {
  readonly show: (output: Output) => void;
  readonly ask: Ask;
  /** Aborted when the request is interrupted, whether or not its code has begun to run. */
  readonly interruption: AbortSignal;
  /** Shows help in the pager of the front end: JupyterLab, Notebook, VS Code and the consoles all have one. */
  readonly page: (data: MimeData) => void;
}

export function createExecution(options: ExecutionOptions): Execution {
  const { broadcast, executor, language, history, debugging, log } = options;
  let { typecheck } = options;
  let count = 0;
  let unstored = 0;
  /** Those of the requests that are being executed. */
  const interruptions = new Set<AbortController>();

  /** Runs what a client sent: TypeScript, magics, or both. */
  async function runCell(code: string, name: string, dialogue: Dialogue): Promise<Ended> {
    const { show, page } = dialogue;
    const tools = await language();
    const context = createMagicContext({
      show,
      page,
      tools,
      run: (body, showBody = show) =>
        runCell(body, name, {
          ...dialogue,
          show: (output) => {
            // Whatever becomes of the rest, the clients' models have to know, and who waits sees how far it is.
            if (output.type === "comm" || output.type === "magic" || output.type === "passing") show(output);
            else showBody(output);
          },
        }),
      runOwn: (source, declaration) => runOwn(source, declaration, tools, dialogue),
      typecheck: {
        get: () => typecheck,
        set: (mode) => {
          typecheck = mode;
        },
      },
    });
    return tools.magics.run(code, context) ?? run(code, name, dialogue);
  }

  /** Runs a line of the kernel's own, which needs no check; later cells' types know it as `declaration`. */
  async function runOwn(source: string, declaration: string, tools: LanguageTools, dialogue: Dialogue): Promise<Ended> {
    const name = `Unnumbered[${++unstored}]`;
    const transformed = tools.transform(source, name);
    if (!transformed.ok) {
      return { status: "error", ...reportDiagnostics(transformed.diagnostics, { name, source }) };
    }
    return runTransformed({ ...transformed.cell, source: declaration }, tools, dialogue);
  }

  async function run(code: string, name: string, dialogue: Dialogue): Promise<Ended> {
    const cell = { name, source: code };
    const directive = tslabDirective(code);
    if (directive !== undefined)
      return "module" in directive
        ? defineModule(directive.module, cell, dialogue)
        : { status: "error", ...directive.refusal };
    const tools = await language();
    // The checker works in a thread of its own, while this one transforms.
    const remarks = typecheck === "off" ? [] : unlessInterrupted(tools.service().check(code), dialogue.interruption);
    const transformed = tools.transform(code, name, { asWritten: debugging.attached() });
    if (!transformed.ok) {
      const misplaced = misplacedMagic(transformed.diagnostics, code, tools.magics);
      return { status: "error", ...(misplaced ?? reportDiagnostics(transformed.diagnostics, cell)) };
    }
    const found = await remarks;
    if (dialogue.interruption.aborted) return { status: "error", ...interruptedReport() };
    const errors = found.filter(({ severity }) => severity === "error");
    if (errors.length > 0 && typecheck === "error") {
      const misplaced = misplacedMagic(errors, code, tools.magics);
      return { status: "error", ...(misplaced ?? refusal(errors, cell, tools.findDeclaringCell)) };
    }
    if (found.length > 0) dialogue.show({ type: "stream", name: "stdout", text: printDiagnostics(found, cell) });
    return runTransformed(transformed.cell, tools, dialogue);
  }

  /** Makes a cell a module. As in tslab its types hinder nobody but who imports it: it may lean on one that comes later. */
  async function defineModule(
    module: string,
    cell: { readonly name: string; readonly source: string },
    { interruption, show }: Dialogue,
  ): Promise<Ended> {
    const tools = await language();
    const syntax = tools.moduleErrors(module, cell.source);
    if (syntax.length > 0) return { status: "error", ...reportDiagnostics(syntax, cell) };
    executor.define({ ...cell, module });
    const remarks = tools.defineModule(module, cell.source);
    const found = typecheck === "off" ? [] : await unlessInterrupted(remarks(), interruption);
    if (found.length > 0) show({ type: "stream", name: "stdout", text: printDiagnostics(found, cell) });
    return { status: "ok" };
  }

  async function runTransformed(
    cell: TransformedCell,
    { declare, service, findDeclaringCell }: LanguageTools,
    { show, ask, interruption }: Dialogue,
  ): Promise<Ended> {
    const breakpoints = debugging.starting(cell);
    if (breakpoints !== undefined) await breakpoints;
    if (interruption.aborted) return { status: "error", ...interruptedReport() };
    const running = executor.run(cell, show, ask);
    // However it ends, what it declared is there from now on.
    declare(cell.source, cell.declares);
    if (typecheck !== "off") service();
    const outcome = await running;
    debugging.ended(cell.name);
    switch (outcome.status) {
      case "interrupted":
        return { ...outcome, status: "error" };
      case "error":
        return { status: "error", ...explainError(outcome, cell, findDeclaringCell) };
      case "exit": {
        options.exited(outcome.code);
        const words = `the cell called ${outcome.call}, which ends the kernel. Restart it to go on.`;
        return { status: "error", ...errorReport("KernelExit", words) };
      }
      case "ok":
        return outcome;
    }
  }

  /** What the checker says of a cell; of one that is interrupted meanwhile nothing. */
  async function unlessInterrupted(
    remarks: Promise<readonly Diagnostic[]>,
    interruption: AbortSignal,
  ): Promise<readonly Diagnostic[]> {
    if (interruption.aborted) return [];
    const interrupted = new Promise<[]>((resolve) => {
      interruption.addEventListener("abort", () => {
        resolve([]);
      });
    });
    try {
      return await Promise.race([remarks, interrupted]);
    } catch (error) {
      log(`a cell ran unchecked: ${String(error)}`);
      return [];
    }
  }

  function publish(parent: Header, output: LastingOutput): void {
    switch (output.type) {
      case "stream":
        broadcast(parent, "stream", { name: output.name, text: output.text });
        return;
      case "display": {
        const { data, metadata, displayId, update } = output;
        const transient = displayId === undefined ? {} : { display_id: displayId };
        const type = update ? "update_display_data" : "display_data";
        broadcast(parent, type, { data: wireData(data), metadata: wireData(metadata), transient });
        return;
      }
      case "clear":
        broadcast(parent, "clear_output", { wait: output.wait });
        return;
      case "comm":
        options.comms.publish(parent, output);
        return;
      case "magic":
        void language().then(({ magics }) => {
          if (magics.add(output)) return;
          const words = "the kernel has a magic of its own by this name. Choose another name.";
          publish(parent, { type: "error", ...errorReport("UsageError", `${output.name}: ${words}`) });
        });
        return;
      case "error":
        broadcast(parent, "error", errorContent(output));
    }
  }

  /** Shows nothing; models that live on the clients' side are kept informed. */
  const silently = (parent: Header) => (output: Output) => {
    if (output.type === "comm" || output.type === "magic") publish(parent, output);
  };

  async function evaluate(
    expressions: ExecuteRequest["user_expressions"],
    dialogue: Dialogue,
  ): Promise<UserExpressions> {
    const values: Record<string, UserExpressions[string]> = {};
    for (const [key, expression] of Object.entries(expressions)) {
      const outcome = await run(expression, `Expression[${++unstored}]`, dialogue);
      values[key] =
        outcome.status === "error"
          ? { status: "error", ...errorContent(outcome) }
          : { status: "ok", data: wireData(outcome.result ?? {}), metadata: {} };
    }
    return values;
  }

  async function execute(request: ExecuteRequest, from: Origin, interruption: AbortSignal): Promise<ExecuteReply> {
    const { header: parent } = from;
    const ask = options.questions.askFor(from, request.allow_stdin);
    const { code, silent, store_history: stored } = request;
    if (stored && code.trim() !== "") {
      count++;
      history.add(count, code);
    }
    const execution_count = count;
    if (!silent) broadcast(parent, "execute_input", { code, execution_count });
    // Frames are mapped by the cell's name: what has no number of its own gets another name.
    const name = stored ? `In[${count}]` : `Unnumbered[${++unstored}]`;
    debugging.named(name, code);
    // Who can't be asked can't move a widget either: nbclient, graders, `virtlab run`.
    const attended = request.allow_stdin;
    const outputs = cellOutputs((output) => {
      publish(parent, attended ? output : withoutWidgetViews(output));
    });
    const show = silent ? silently(parent) : outputs.show;
    const payload: { source: "page"; data: WireData; start: number }[] = [];
    const page = (data: MimeData): void => {
      payload.push({ source: "page", data: wireData(data), start: 0 });
    };
    const dialogue = { show, ask, page, interruption };
    const outcome: Ended = code.trim() === "" ? { status: "ok" } : await runCell(code, name, dialogue);
    outputs.end();

    if (outcome.status === "error") {
      const error = errorContent(outcome);
      if (!silent) broadcast(parent, "error", error);
      return { status: "error", execution_count, ...error };
    }
    const { result } = outcome;
    if (result !== undefined && !silent) {
      const data = wireData(attended ? result : withoutWidgetView(result));
      broadcast(parent, "execute_result", { execution_count, data, metadata: {} });
    }
    const text = result?.["text/plain"];
    if (stored && typeof text === "string") history.setOutput(execution_count, text);
    const user_expressions = await evaluate(request.user_expressions, { ...dialogue, show: silently(parent) });
    return { status: "ok", execution_count, user_expressions, payload };
  }

  return {
    async execute(request, from) {
      const interruptible = new AbortController();
      interruptions.add(interruptible);
      try {
        return await execute(request, from, interruptible.signal);
      } finally {
        interruptions.delete(interruptible);
      }
    },
    get count() {
      return count;
    },
    publish,
    interrupt() {
      for (const interruptible of interruptions) interruptible.abort();
      return executor.interrupt();
    },
  };
}

type UserExpressions = Extract<ExecuteReply, { status: "ok" }>["user_expressions"];

function errorContent({ ename, evalue, traceback }: ErrorReport): ErrorContent {
  return { ename, evalue, traceback };
}

/** What came through the pipe is JSON. */
function wireData(data: MimeData): WireData {
  return data as Readonly<Record<string, Json>>;
}
