import type { Arguments } from "./arguments.js";
import type { Assign } from "./assignment.js";
import type { Attachment } from "./attachment.js";
import { threadId } from "./capabilities.js";
import type { BreakPlaces } from "./break-places.js";
import type { BreakpointsOptions } from "./breakpoints.js";
import type { CellBook } from "./cell-book.js";
import type { Evaluation } from "./evaluation.js";
import { RequestError, type Fields, type SourceBreakpoint } from "./protocol.js";
import type { Frame } from "./scripts.js";
import type { ExceptionFilter, Stop } from "./stepping.js";
import type { Variables } from "./variables.js";

/** What the requests are answered from. */
export interface CommandContext {
  readonly book: CellBook;
  readonly places: BreakPlaces;
  readonly transform: BreakpointsOptions["transform"];
  readonly variables: Variables;
  readonly evaluation: Evaluation;
  readonly assign: Assign;
  /** Told that a cell may name a variable from now on that none declared. */
  readonly declare: (name: string) => void;
}

/** Answers one request with its response's body; a RequestError is its refusal. */
type Command = (given: Arguments, context: CommandContext, attached: Attachment) => Promise<Fields> | Fields;
type AnytimeCommand = (given: Arguments, context: CommandContext, attached?: Attachment) => Promise<Fields> | Fields;

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** The requests that need no attached debugger. */
export const anytime: ReadonlyMap<string, AnytimeCommand> = new Map<string, AnytimeCommand>([
  [
    "debugInfo",
    (_, { book }, attached) => ({
      isStarted: attached !== undefined,
      ...book.naming,
      breakpoints: attached?.breakpoints.list() ?? [],
      stoppedThreads: attached?.stepping.stop() === undefined ? [] : [threadId],
      richRendering: true,
      exceptionPaths: [],
      copyToGlobals: true,
    }),
  ],
  [
    "inspectVariables",
    async (_, { variables }, attached) => {
      // While it stands, the references of its scopes stay good.
      if (attached?.stepping.stop() === undefined) variables.forget();
      return { variables: await variables.notebook() };
    },
  ],
  [
    "richInspectVariables",
    async (given, { evaluation }, attached) => {
      const name = given.string("variableName");
      if (!identifier.test(name)) throw new RequestError(`"${name}" is not the name of a variable`);
      const stop = attached?.stepping.stop();
      const id = given.optionalInteger("frameId");
      const frame = stop === undefined || id === undefined ? undefined : attached?.frames.find(id);
      return { data: await evaluation.present(name, frame), metadata: {} };
    },
  ],
  [
    "variables",
    async (given, { variables }) => {
      const all = await variables.children(given.integer("variablesReference"));
      const start = given.optionalInteger("start") ?? 0;
      const count = given.optionalInteger("count") ?? 0;
      return { variables: count > 0 ? all.slice(start, start + count) : all.slice(start) };
    },
  ],
  ["modules", (_, __, attached) => listModules(attached)],
]);

/** The requests of an attached debugger, beside those that begin and end it. */
export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["attach", () => ({})],
  ["configurationDone", () => ({})],
  ["dumpCell", (given, { book }) => ({ sourcePath: book.dump(given.string("code")) })],
  [
    "setBreakpoints",
    async (given, _, { breakpoints }) => {
      const path = given.object("source").string("path");
      const wanted = given.objects("breakpoints").map((each) => {
        const column = each.optionalInteger("column");
        const texts = ["condition", "hitCondition", "logMessage"].map((name) => [
          name,
          each.optionalString(name) ?? "",
        ]);
        return {
          line: each.integer("line"),
          ...(column === undefined ? {} : { column }),
          ...(Object.fromEntries(texts.filter(([, text]) => text?.trim() !== "")) as Omit<SourceBreakpoint, "line">),
        };
      });
      return { breakpoints: await breakpoints.set(path, wanted) };
    },
  ],
  [
    "breakpointLocations",
    (given, { book, places, transform }) => {
      const from = given.integer("line");
      const to = given.optionalInteger("endLine") ?? from;
      const text = book.text(given.object("source").string("path"));
      const cell = text === undefined ? undefined : transform(text);
      const found = cell === undefined ? [] : places.of(cell);
      return { breakpoints: found.map(({ cell: place }) => place).filter(({ line }) => line >= from && line <= to) };
    },
  ],
  [
    "setExceptionBreakpoints",
    async (given, _, { stepping }) => {
      const filters = given.strings("filters");
      const unknown = filters.find((each) => !isFilter(each));
      if (unknown !== undefined) throw new RequestError(`there is no exception filter "${unknown}": all, uncaught`);
      await stepping.setExceptionFilters(filters.filter(isFilter));
      return {};
    },
  ],
  ["threads", () => ({ threads: [{ id: threadId, name: "Cells" }] })],
  [
    "stackTrace",
    async (given, _, { stepping, frames, awaiting }) => {
      const stop = stepping.stop();
      const all = stop === undefined ? [] : frames.list([...stop.frames, ...(await awaiting(stop.frames))]);
      const start = given.optionalInteger("startFrame") ?? 0;
      const levels = given.optionalInteger("levels") ?? 0;
      const stackFrames = all.slice(start, levels > 0 ? start + levels : undefined);
      return { stackFrames, totalFrames: all.length };
    },
  ],
  [
    "scopes",
    async (given, { variables }, { frames }) => ({
      scopes: await variables.scopes(frames.find(given.integer("frameId"))),
    }),
  ],
  [
    "evaluate",
    async (given, { evaluation, variables }, attached) => {
      const quietly = given.optionalString("context") === "hover";
      const frame = frameOf(given.optionalInteger("frameId"), attached);
      const value = await evaluation.evaluate(given.string("expression"), frame, quietly);
      const { value: result, ...shown } = variables.show("", value);
      return { result, type: shown.type ?? value.type, variablesReference: shown.variablesReference };
    },
  ],
  [
    "setVariable",
    async (given, { assign, evaluation, variables }, { stepping }) => {
      const reference = given.integer("variablesReference");
      const frame = variables.frame(reference) ?? stepping.stop()?.frames[0];
      const value = await evaluation.evaluate(given.string("value"), frame, false);
      await assign(variables.holder(reference), given.string("name"), value);
      const { value: shown, type, variablesReference } = variables.show("", value);
      return { value: shown, ...(type === undefined ? {} : { type }), variablesReference };
    },
  ],
  [
    "copyToGlobals",
    async (given, { book, evaluation, variables, declare }, attached) => {
      const [from, to] = [given.string("srcVariableName"), given.string("dstVariableName")];
      for (const name of [from, to]) {
        if (!identifier.test(name)) throw new RequestError(`"${name}" is not the name of a variable`);
      }
      const frame = frameOf(given.integer("srcFrameId"), attached);
      if (!book.variables().includes(to)) {
        const taken = await evaluation.evaluate(`${JSON.stringify(to)} in globalThis`, undefined, true);
        if (taken.value === true) throw new RequestError(`"${to}" is a name of JavaScript's or Node's own`);
      }
      const value = await evaluation.evaluate(`globalThis[${JSON.stringify(to)}] = ${from}`, frame, false);
      declare(to);
      return { ...variables.show(to, value) };
    },
  ],
  [
    "exceptionInfo",
    (_, __, { stepping }) => {
      const { exception } = standing(stepping.stop());
      if (exception === undefined) throw new RequestError("the thread doesn't stand at an exception");
      const { name, description, caught } = exception;
      const details = { message: description, typeName: name };
      return { exceptionId: name, description, breakMode: caught ? "always" : "unhandled", details };
    },
  ],
  [
    "source",
    async (given, { book }, { scripts }) => {
      const path = given.object("source").string("path");
      const content = book.text(path) ?? (await scripts.text(path));
      if (content === undefined) throw new RequestError(`no source is known under ${path}`);
      return { content, mimeType: "text/typescript" };
    },
  ],
  [
    "continue",
    async (_, __, { stepping }) => {
      await stepping.proceed();
      return { allThreadsContinued: true };
    },
  ],
  ["next", (_, __, { stepping }) => stepFrom(stepping, "Debugger.stepOver")],
  ["stepIn", (_, __, { stepping }) => stepFrom(stepping, "Debugger.stepInto")],
  ["stepOut", (_, __, { stepping }) => stepFrom(stepping, "Debugger.stepOut")],
  [
    "pause",
    async (_, __, { stepping }) => {
      await stepping.pause();
      return {};
    },
  ],
]);

async function stepFrom(
  stepping: Attachment["stepping"],
  command: Parameters<Attachment["stepping"]["step"]>[0],
): Promise<Fields> {
  standing(stepping.stop());
  await stepping.step(command);
  return {};
}

function standing(stop: Stop | undefined): Stop {
  if (stop === undefined) throw new RequestError("the thread runs: it stands at no place to go on from");
  return stop;
}

/** A frame by its number; without one, and at no stop, the notebook's top level. */
function frameOf(id: number | undefined, { stepping, frames }: Attachment): Frame | undefined {
  return id === undefined || stepping.stop() === undefined ? undefined : frames.find(id);
}

function listModules(attached: Attachment | undefined): Fields {
  const modules = (attached?.scripts.files() ?? []).map(({ name, path }, index) => ({ id: index + 1, name, path }));
  return { modules, totalModules: modules.length };
}

function isFilter(word: string): word is ExceptionFilter {
  return word === "all" || word === "uncaught";
}
