import type { Debugger } from "node:inspector";
import type { Breakpoints } from "./breakpoints.js";
import type { FindCatcher } from "./catching.js";
import type { Inspector, StepCommand } from "./inspector.js";
import type { StopReason } from "./protocol.js";
import { passedBy, type Frame, type Scripts } from "./scripts.js";

/** Where and why the thread stands. */
export interface Stop {
  readonly reason: StopReason;
  /** The latest call first. */
  readonly frames: readonly Frame[];
  /** The client's numbers of the breakpoints that were hit. */
  readonly breakpoints: readonly number[];
  /** What was thrown. */
  readonly exception?: { readonly name: string; readonly description: string; readonly caught: boolean };
}

/** `all`: what reaches the user's code, caught there or not; `uncaught`: what nothing catches before the kernel. */
export type ExceptionFilter = "all" | "uncaught";

/** Decides which of V8's pauses are stops for the user, and moves on from the others. */
export interface Stepping {
  /** Where the thread stands now; undefined while it runs. */
  stop(): Stop | undefined;
  /** Goes on from a stop to the next place of the user's code, or to the next stop. */
  step(command: StepCommand): Promise<void>;
  proceed(): Promise<void>;
  /** Stops where the user's code runs next. */
  pause(): Promise<void>;
  setExceptionFilters(filters: readonly ExceptionFilter[]): Promise<void>;
  /** A cell starts or has ended. A step ends with the cells that ran when it began. */
  started(run: string): void;
  ended(run: string): void;
  /** From now until `false` nothing stops; the code that stands is ended. */
  release(released: boolean): void;
}

export interface SteppingOptions {
  readonly inspector: Inspector;
  readonly scripts: Pick<Scripts, "locate">;
  readonly findCatcher: FindCatcher;
  readonly breakpoints: Pick<Breakpoints, "numbers">;
  readonly stopped: (stop: Stop) => void;
  readonly continued: () => void;
}

/** A move that has not come to its end. */
interface Motion {
  readonly reason: "step" | "pause";
  readonly command: StepCommand;
  /** The cells that ran when it began: one, but for those of subshells. */
  readonly runs: ReadonlySet<string>;
  /** How often it has come out in code that isn't the user's. */
  strayed: number;
}

/** How often a step may come out in Node's own modules before it is given up: the end of a timer's callback is some. */
const patience = 200;

/**
 * V8 passes by scripts whose names match a pattern, with two exceptions that are dealt with here: Node's modules out of
 * its snapshot stop all the same, and what is thrown in a script that is passed by is not told. So patterns are set only
 * for the time of a step where exceptions are of interest.
 */
export function createStepping(options: SteppingOptions): Stepping {
  const { inspector, scripts, breakpoints, findCatcher } = options;
  let stop: Stop | undefined;
  let motion: Motion | undefined;
  const running = new Set<string>();
  let filters: readonly ExceptionFilter[] = [];
  let released = false;
  let passing = false;

  /** Fire and forget: the order of commands is kept, and what can't be done now is done later. */
  function send(command: StepCommand | "Debugger.resume"): void {
    inspector.post(command, {}).catch(() => undefined);
  }

  function passBy(wanted: boolean): void {
    if (passing === wanted) return;
    passing = wanted;
    inspector.post("Debugger.setBlackboxPatterns", { patterns: wanted ? [...passedBy()] : [] }).catch(() => undefined);
  }

  function go(command: StepCommand | "Debugger.resume"): void {
    if (command === "Debugger.resume") motion = undefined;
    passBy(filters.length === 0 || motion !== undefined);
    send(command);
  }

  /** @returns whether something catches what was thrown; undefined where the user doesn't want to see it */
  async function concerns(
    frames: readonly Frame[],
    event: Debugger.PausedEventDataType,
  ): Promise<{ readonly caught: boolean } | undefined> {
    const runner = frames.findIndex(({ owner }) => owner === "runner");
    const within = runner === -1 ? frames : frames.slice(0, runner);
    const users = within.findIndex(isUsers);
    if (users === -1 || filters.length === 0) return undefined;
    const catcher = await findCatcher({
      frames: within,
      calledByKernel: runner !== -1,
      rejection: event.reason === "promiseRejection",
      unhandled: new Map<string, unknown>(Object.entries(event.data ?? {})).get("uncaught") === true,
    });
    if (catcher === "nobody") return { caught: false };
    const reached = catcher === "promise" || catcher >= users;
    return filters.includes("all") && reached ? { caught: true } : undefined;
  }

  async function paused(event: Debugger.PausedEventDataType): Promise<void> {
    if (released) {
      go("Debugger.resume");
      return;
    }
    const frames = event.callFrames.map((call) => scripts.locate(call));
    if (event.reason === "exception" || event.reason === "promiseRejection") {
      const concern = await concerns(frames, event);
      const exception = { ...thrown(event.data), caught: concern?.caught === true };
      if (concern !== undefined) show({ reason: "exception", frames, breakpoints: [], exception });
      else go(motion === undefined ? "Debugger.resume" : "Debugger.stepOut");
      return;
    }
    const hit = event.hitBreakpoints ?? [];
    if (hit.length > 0) {
      show({ reason: "breakpoint", frames, breakpoints: breakpoints.numbers(hit) });
      return;
    }
    const [top] = frames;
    const inUsers = top !== undefined && isUsers(top);
    if (motion === undefined) {
      // A `debugger` statement.
      if (inUsers) show({ reason: "breakpoint", frames, breakpoints: [] });
      else go("Debugger.resume");
    } else if (motion.reason === "step" && isOver(motion)) go("Debugger.resume");
    else if (inUsers) show({ reason: motion.reason, frames, breakpoints: [] });
    else if (top?.owner === "cell") go(motion.command);
    else if (++motion.strayed > patience) go("Debugger.resume");
    else go("Debugger.stepOut");
  }

  function show(shown: Stop): void {
    // It may have been let go while what was thrown was looked at.
    if (released) {
      go("Debugger.resume");
      return;
    }
    stop = shown;
    motion = undefined;
    options.stopped(shown);
  }

  /** One that began in a timer's callback is over when a cell runs. */
  function isOver({ runs }: Motion): boolean {
    return runs.size === 0 ? running.size > 0 : [...runs].every((run) => !running.has(run));
  }

  function leave(): void {
    if (stop === undefined) return;
    stop = undefined;
    options.continued();
  }

  inspector.onPaused((event) => {
    paused(event).catch(() => {
      go("Debugger.resume");
    });
  });
  passBy(true);

  return {
    stop: () => stop,
    step(command) {
      leave();
      motion = { reason: "step", command, runs: new Set(running), strayed: 0 };
      go(command);
      return Promise.resolve();
    },
    proceed() {
      leave();
      go("Debugger.resume");
      return Promise.resolve();
    },
    async pause() {
      if (stop !== undefined) return;
      motion = { reason: "pause", command: "Debugger.stepOut", runs: new Set(running), strayed: 0 };
      await inspector.post("Debugger.pause", {});
    },
    async setExceptionFilters(wanted) {
      filters = wanted;
      // A cell's errors are all caught, by the kernel at last: which ones the user's code catches is looked at here.
      await inspector.post("Debugger.setPauseOnExceptions", { state: wanted.length === 0 ? "none" : "all" });
      passBy(wanted.length === 0);
    },
    started(run) {
      running.add(run);
    },
    ended(run) {
      running.delete(run);
    },
    release(wanted) {
      released = wanted;
      inspector.post("Debugger.setSkipAllPauses", { skip: wanted }).catch(() => undefined);
      if (!wanted || stop === undefined) return;
      leave();
      motion = undefined;
      inspector.post("Debugger.resume", { terminateOnResume: true }).catch(() => undefined);
    },
  };
}

const isUsers = ({ owner, place }: Frame): boolean => place !== undefined && (owner === "cell" || owner === "user");

function thrown(data: object | undefined): { readonly name: string; readonly description: string } {
  const fields = new Map<string, unknown>(Object.entries(data ?? {}));
  const text = fields.get("description") ?? fields.get("value");
  const description = typeof text === "string" ? text : JSON.stringify(text ?? "undefined");
  const name = fields.get("className");
  return { name: typeof name === "string" ? name : "Uncaught", description: description.split("\n    at ")[0] ?? "" };
}
