import { expect } from "vitest";
import type { Ask, Executor, Outcome, Output } from "../../../kernel/exec/index.js";
import { createTransform, isComplete, type Diagnostic, type LanguageService } from "../../../kernel/lang/index.js";
import { builtIn, createMagics } from "../../../kernel/magics/index.js";
import { kernelInfo } from "../../../kernel/session/kernel-info.js";
import { createSession, type Session } from "../../../kernel/session/session.js";
import type { TypecheckMode } from "../../../kernel/session/type-check.js";
import type {
  ExecuteRequest,
  Header,
  Incoming,
  Notices,
  NoticeType,
  Requests,
  RequestType,
} from "../../../kernel/wire/index.js";

interface Started {
  readonly code: string;
  readonly show: (output: Output) => void;
  readonly ask: Ask | undefined;
  readonly end: (outcome: Outcome) => void;
}

/** Everything sent, in order: "reply"s and broadcasts with the id of their parent. */
export interface Bench {
  readonly session: Session;
  readonly sent: { type: string; parent: string; content: Record<string, unknown> }[];
  readonly started: Started[];
  readonly declared: string[];
  readonly interrupts: () => number;
  readonly left: number[];
  readonly logged: string[];
}

export function bench(
  options: { typecheck?: TypecheckMode; check?: (source: string) => Promise<Diagnostic[]> } = {},
): Bench {
  const sent: Bench["sent"] = [];
  const started: Started[] = [];
  const declared: string[] = [];
  const left: number[] = [];
  const logged: string[] = [];
  let interrupts = 0;
  let questions = 0;
  const executor: Executor = {
    run: (cell, show, ask) =>
      new Promise((end) => {
        started.push({ code: cell.source, show, ask, end });
      }),
    define: ({ module, source }) => void declared.push(`${module}: ${source}`),
    deliver: (deliveries, show) =>
      new Promise((end) => {
        started.push({ code: deliveries.map(({ data }) => String(data["say"])).join(), show, ask: undefined, end });
      }),
    interrupt() {
      interrupts++;
      return Promise.resolve();
    },
    reset: () => Promise.resolve(),
  };
  const service: LanguageService = {
    check: options.check ?? (() => Promise.resolve([])),
    defineModule: () => Promise.resolve([]),
    declare: (source) => void declared.push(source),
    complete: () => Promise.reject(new Error("the service is gone")),
    inspect: () => Promise.resolve(undefined),
    ready: Promise.resolve(),
    reset: () => undefined,
    stop: () => Promise.resolve(),
  };
  const transform = createTransform();
  const session = createSession({
    sockets: {
      reply: (_, to, type, content) => void sent.push({ type, parent: to.header.msg_id, content: { ...content } }),
      broadcast: (parent, type, content) =>
        void sent.push({ type, parent: parent?.msg_id ?? "", content: { ...content } }),
      prompt: (to, type, content) => {
        sent.push({ type, parent: to.header.msg_id, content: { ...content } });
        return `question-${++questions}`;
      },
    },
    executor,
    language: () =>
      Promise.resolve({
        transform,
        peek: createTransform(),
        isComplete,
        service: () => service,
        declare: (source) => void declared.push(source),
        sourceOf: () => undefined,
        moduleErrors: () => [],
        defineModule: () => () => Promise.resolve([]),
        apart: () => expect.unreachable("nothing is rehearsed"),
        magics: createMagics(builtIn),
        findDeclaringCell: () => undefined,
      }),
    typecheck: options.typecheck ?? "error",
    info: kernelInfo({ kernel: "0", typescript: "6" }),
    leave: (code) => void left.push(code),
    log: (reason) => void logged.push(reason),
  });
  return { session, sent, started, declared, left, logged, interrupts: () => interrupts };
}

export function incoming<T extends RequestType | NoticeType>(
  type: T,
  id: string,
  content: (Requests & Notices)[T],
  date = "9999",
): Incoming {
  const header: Header = { msg_id: id, session: "s", username: "u", date, msg_type: type, version: "5.5" };
  // The content belongs to the type; TypeScript doesn't follow a type parameter into a union.
  return { type, identities: [], header, parent_header: {}, metadata: {}, content, buffers: [] } as unknown as Incoming;
}

export const cell = (code: string, change: Partial<ExecuteRequest> = {}): ExecuteRequest => ({
  code,
  silent: false,
  store_history: true,
  user_expressions: {},
  allow_stdin: false,
  stop_on_error: true,
  ...change,
});

export const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));
export const of = ({ sent }: Bench, parent: string): string[] =>
  sent.flatMap(({ type, parent: id, content }) =>
    id === parent ? [type === "status" ? String(content["execution_state"]) : type] : [],
  );
export const failed: Outcome = { status: "error", ename: "Error", evalue: "no", traceback: ["no"] };
