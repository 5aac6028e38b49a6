import type { Inspector } from "./inspector.js";
import type { Frame, Scripts } from "./scripts.js";

/** The functions that await the one which stands at the bottom of a stopped thread's stack, the nearest first. */
export type Awaiting = (frames: readonly Frame[]) => Promise<readonly Frame[]>;

/** How long V8 may take to tell, in ms, and how many of them it tells. */
const timeout = 400;
const most = 50;

/**
 * V8 puts them into every error's stack, at no cost to code that isn't stopped: what it keeps for that, a promise's
 * reactions, is there anyway. It knows `await` and `Promise.all` and the like, no timers or `then`. The inspector's own
 * asynchronous stacks know these too, but need Node's hooks on promises, with which a loop behind an `await` can't be
 * interrupted up to Node 22: the process aborts (see exec's cell-context).
 */
const expression = `(() => {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 1000;
    Error.prepareStackTrace = (_, sites) => sites;
    const sites = new Error().stack.filter((site) => site.isAsync() && site.getFileName() !== null);
    return JSON.stringify(sites.slice(0, ${most}).map((site) => [
      site.getFunctionName() ?? "", site.getFileName(), site.getLineNumber(), site.getColumnNumber(),
    ]));
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
})()`;

type Site = readonly [name: string, file: string, line: number, column: number];

export function createAwaiting(inspector: Inspector, scripts: Scripts): Awaiting {
  return async ([top]) => {
    if (top?.call === undefined) return [];
    try {
      const { result } = await inspector.post("Debugger.evaluateOnCallFrame", {
        callFrameId: top.call.callFrameId,
        expression,
        silent: true,
        timeout,
      });
      const sites = JSON.parse(String(result.value)) as readonly Site[]; // The expression's shape.
      const found = await Promise.all(sites.map((site) => scripts.locateAwaiting(...site)));
      return found.filter((frame) => frame !== undefined);
    } catch {
      // A cell has put something of its own in the place of `Error`.
      return [];
    }
  };
}
