import { createAwaiting, type Awaiting } from "./awaiting.js";
import type { BreakPlaces } from "./break-places.js";
import { createBreakpoints, type Breakpoints, type BreakpointsOptions } from "./breakpoints.js";
import { threadId } from "./capabilities.js";
import { createFindCatcher } from "./catching.js";
import type { CellBook } from "./cell-book.js";
import { createFrames, type Frames } from "./frames.js";
import type { Inspector } from "./inspector.js";
import type { DebugEvent, Fields } from "./protocol.js";
import { createScripts, type Scripts } from "./scripts.js";
import { createStepping, type Stepping, type Stop } from "./stepping.js";
import type { Variables } from "./variables.js";

/** What is there from `initialize` to `disconnect`. */
export interface Attachment {
  readonly scripts: Scripts;
  readonly breakpoints: Breakpoints;
  readonly stepping: Stepping;
  readonly frames: Frames;
  readonly awaiting: Awaiting;
}

export interface AttachmentOptions {
  readonly inspector: Inspector;
  readonly variables: Variables;
  readonly book: CellBook;
  readonly places: BreakPlaces;
  readonly transform: BreakpointsOptions["transform"];
  readonly tell: (event: DebugEvent["event"], body: Fields) => void;
}

/** How long it may take to begin, in ms: on a busy machine longer than an answer that a user waits for. */
const attaching = 5_000;

/** @throws RequestError where the main thread can't be reached */
export async function attach(options: AttachmentOptions): Promise<Attachment> {
  const { inspector, book, variables, tell } = options;
  const scripts = createScripts(inspector, book);
  const breakpoints = createBreakpoints(options);
  const frames = createFrames();
  const awaiting = createAwaiting(inspector, scripts);
  const stepping = createStepping({
    inspector,
    scripts,
    findCatcher: createFindCatcher(scripts, awaiting),
    breakpoints,
    stopped: (stop) => {
      tell("stopped", { threadId, allThreadsStopped: true, ...description(stop) });
    },
    continued: () => {
      frames.forget();
      variables.forget();
      tell("continued", { threadId, allThreadsContinued: true });
    },
  });
  await inspector.post("Debugger.enable", {}, attaching);
  return { scripts, breakpoints, stepping, frames, awaiting };
}

function description({ reason, breakpoints, exception }: Stop): Fields {
  return {
    reason,
    ...(breakpoints.length === 0 ? {} : { hitBreakpointIds: breakpoints }),
    ...(exception === undefined ? {} : { description: "Paused on exception", text: exception.description }),
  };
}
