import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "../../../kernel/wire/index.js";
import { declaring, sevenLines, tenMillion, tenMillionTimed } from "../runner/cells.js";
import { firstAnswer, firstBroadcast, startKernel, type StartedKernel } from "./kernel-process.js";
import type { Kernel } from "./kernels.js";
import { residentMegabytes } from "./process-memory.js";

/** What one life of a kernel tells: times in ms, memory in MB, counts of lines, growth as a quotient. */
export type Figure =
  | "start"
  | "memoryAtStart"
  | "first"
  | "firstTyped"
  | "warmMedian"
  | "warmP95"
  | "typed"
  | "loop"
  | "loopRoundTrip"
  | "complete"
  | "inspect"
  | "completeBusy"
  | "inspectBusy"
  | "declareFirst"
  | "declareLast"
  | "growth"
  | "memoryAfterCells"
  | "lines"
  | "linesAtIdle"
  | "linesInAll"
  | "memoryAtEnd"
  | "shutdown";
/** A figure is absent where the kernel gave no answer in time, or none that says anything. */
export type Figures = Partial<Record<Figure, number>>;

/** How long anything may take, in ms; what a stream of lines may take. */
const limit = 40_000;
const linesLimit = 10_000;
const printedLines = 20_000;
/** How long a cell spins while something else is asked, in ms. */
const spin = 500;
/** A notebook of so many cells; the first and the last so many are compared. */
const notebook = 300;
const compared = 50;

/** The kernel answered, but not what was asked. It is free for the next step. */
class WrongAnswer extends Error {}

let variant = 0;

async function run(client: Client, code: string, timeout = limit): Promise<number> {
  const begin = performance.now();
  const { content } = await client.request(
    "shell",
    "execute_request",
    { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false, stop_on_error: true },
    { onBroadcast: () => undefined, timeout },
  );
  const time = performance.now() - begin;
  if (content.status === "error") throw new WrongAnswer(`${content.ename}: ${content.evalue}`);
  return time;
}

/** The number that a cell prints; a line may come after idle. */
async function printed(client: Client, code: string): Promise<number> {
  let stop = (): void => undefined;
  const line = new Promise<string>((resolve) => {
    let text = "";
    stop = client.onBroadcast(({ type, content }) => {
      if (type !== "stream") return;
      text += content.text;
      if (text.includes("\n")) resolve(text);
    });
  });
  try {
    await run(client, code);
    const number = Number.parseFloat((await Promise.race([line, pause(linesLimit)])) ?? "");
    if (Number.isNaN(number)) throw new WrongAnswer("it printed no number");
    return number;
  } finally {
    stop();
  }
}

async function complete(client: Client): Promise<number> {
  const code = `const n${++variant} = vms.ma`;
  const begin = performance.now();
  const { content } = await client.request(
    "shell",
    "complete_request",
    { code, cursor_pos: code.length },
    { timeout: limit },
  );
  const time = performance.now() - begin;
  if (content.status === "ok" && content.matches.some((match) => match.endsWith("map"))) return time;
  throw new WrongAnswer("it doesn't find map");
}

async function inspect(client: Client): Promise<number> {
  const code = `share(vms[${++variant % 2}])`;
  const begin = performance.now();
  const { content } = await client.request(
    "shell",
    "inspect_request",
    { code, cursor_pos: 2, detail_level: 0 },
    { timeout: limit },
  );
  const time = performance.now() - begin;
  if (content.status === "ok" && content.found) return time;
  throw new WrongAnswer("it doesn't find share");
}

/** What `ask` takes while a cell spins that was begun before it. */
async function whileSpinning(client: Client, ask: () => Promise<number>): Promise<number> {
  const spinning = run(client, `{ const until = Date.now() + ${spin}; while (Date.now() < until); }`);
  spinning.catch(() => undefined);
  await pause(spin / 5);
  const time = await ask();
  await spinning;
  return time;
}

async function times(count: number, work: () => Promise<number>): Promise<number[]> {
  const taken: number[] = [];
  for (let time = 0; time < count; time++) taken.push(await work());
  return taken.sort((a, b) => a - b);
}

const quantile = (sorted: readonly number[], part: number): number => sorted[Math.floor(sorted.length * part)] ?? NaN;

const numbers = (text: string): number[] => Array.from(text.matchAll(/^line (\d+)$/gm), ([, digits]) => Number(digits));

/** How many lines each have a greater number than all before. */
function inOrder(text: string): number {
  let last = -1;
  let count = 0;
  for (const number of numbers(text)) {
    if (number > last) count++;
    last = Math.max(last, number);
  }
  return count;
}

async function lines({ client }: StartedKernel, figures: Figures): Promise<void> {
  let text = "";
  let heard = performance.now();
  const stop = client.onBroadcast(({ type, content }) => {
    if (type !== "stream") return;
    text += content.text;
    heard = performance.now();
  });
  try {
    const code = `for (let i = 0; i < ${printedLines}; i++) console.log("line " + i);`;
    figures.lines = await run(client, code, linesLimit);
    figures.linesAtIdle = inOrder(text);
  } finally {
    // Some come after idle: until half a second has passed without any.
    const end = performance.now() + linesLimit;
    while (performance.now() - heard < 500 && performance.now() < end) await pause(100);
    stop();
    figures.linesInAll = new Set(numbers(text)).size;
  }
}

/** What is done, what it measures, and how. */
type Step = readonly [string, readonly Figure[], (kernel: StartedKernel, figures: Figures) => Promise<void>];

/** What is measured of a kernel that answers, in this order; a step that fails leaves its figures out, one that hangs those after it too. */
const steps: readonly Step[] = [
  ["first 1+1", ["first"], async ({ client }, figures) => void (figures.first = await run(client, "1+1"))],
  [
    "typed cell",
    ["firstTyped", "typed"],
    async ({ client }, figures) => {
      figures.firstTyped = await run(client, sevenLines(++variant));
      figures.typed = quantile(await times(20, () => run(client, sevenLines(++variant))), 0.5);
    },
  ],
  [
    "warm 1+1",
    ["warmMedian", "warmP95"],
    async ({ client }, figures) => {
      const taken = await times(100, () => run(client, "1+1"));
      figures.warmMedian = quantile(taken, 0.5);
      figures.warmP95 = quantile(taken, 0.95);
    },
  ],
  [
    "completion",
    ["complete"],
    async ({ client }, figures) => void (figures.complete = quantile(await times(20, () => complete(client)), 0.5)),
  ],
  [
    "inspection",
    ["inspect"],
    async ({ client }, figures) => void (figures.inspect = quantile(await times(20, () => inspect(client)), 0.5)),
  ],
  [
    "loop",
    ["loop", "loopRoundTrip"],
    async ({ client }, figures) => {
      figures.loop = await printed(client, tenMillionTimed);
      figures.loopRoundTrip = await run(client, tenMillion);
    },
  ],
  [
    "completion while a cell spins",
    ["completeBusy"],
    async ({ client }, figures) => {
      figures.completeBusy = quantile(await times(3, () => whileSpinning(client, () => complete(client))), 0.5);
    },
  ],
  [
    "inspection while a cell spins",
    ["inspectBusy"],
    async ({ client }, figures) => {
      figures.inspectBusy = quantile(await times(3, () => whileSpinning(client, () => inspect(client))), 0.5);
    },
  ],
  [
    "declaring cells",
    ["declareFirst", "declareLast", "growth", "memoryAfterCells"],
    async ({ client, pid }, figures) => {
      const taken: number[] = [];
      for (let cell = 0; cell < notebook; cell++) taken.push(await run(client, declaring(cell)));
      const middle = (part: readonly number[]): number =>
        quantile(
          part.toSorted((a, b) => a - b),
          0.5,
        );
      figures.declareFirst = middle(taken.slice(0, compared));
      figures.declareLast = middle(taken.slice(-compared));
      figures.growth = figures.declareLast / figures.declareFirst;
      figures.memoryAfterCells = residentMegabytes(pid);
    },
  ],
  ["printed lines", ["lines", "linesAtIdle", "linesInAll"], lines],
];

/** The end of the process counts, whether it replies or not. */
async function shutdown({ client, ended }: StartedKernel): Promise<number | undefined> {
  const begin = performance.now();
  client.request("control", "shutdown_request", { restart: false }, { timeout: limit }).catch(() => undefined);
  const late = pause(limit, true, { ref: false });
  return (await Promise.race([ended, late])) === true ? undefined : performance.now() - begin;
}

/**
 * Starts a kernel, measures it and ends it. What it fails at is told on stderr.
 * @param wanted the life ends behind the last step that measures any of these; the steps before are lived all the same,
 * since they make the kernel what it is then
 */
export async function live(kernel: Kernel, wanted: ReadonlySet<Figure>): Promise<Figures> {
  const figures: Figures = {};
  const started = await startKernel(kernel);
  const death = started.ended.then((): never => {
    throw new Error("the process has ended");
  });
  death.catch(() => undefined);
  /** Whether the kernel is free afterwards. */
  const attempt = async (what: string, work: () => Promise<void>): Promise<boolean> => {
    try {
      await Promise.race([work(), death]);
      return true;
    } catch (error) {
      console.error(`${kernel.name}: ${what}: ${error instanceof Error ? error.message : String(error)}`);
      return error instanceof WrongAnswer;
    }
  };
  try {
    const answers = await attempt("start", async () => {
      await firstAnswer(started.client, limit);
      figures.start = performance.now() - started.begin;
      figures.memoryAtStart = residentMegabytes(started.pid);
      await firstBroadcast(started.client, limit);
    });
    if (!answers) return figures;
    const last = wanted.has("memoryAtEnd")
      ? steps.length
      : steps.findLastIndex(([, measures]) => measures.some((each) => wanted.has(each))) + 1;
    for (const [what, , step] of steps.slice(0, last)) if (!(await attempt(what, () => step(started, figures)))) break;
    if (!started.alive()) return figures;
    figures.memoryAtEnd = residentMegabytes(started.pid);
    const time = await shutdown(started);
    if (time === undefined) console.error(`${kernel.name}: shutdown: it lives on after ${limit} ms`);
    else figures.shutdown = time;
    return figures;
  } finally {
    await started.close();
  }
}
