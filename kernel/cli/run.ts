import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { UsageError } from "../../sim/core/index.js";
import { page } from "../display/index.js";
import {
  formatNotebook,
  isExecuted,
  packageFolder,
  runNotebook,
  type RunOptions,
  type RunResult,
  type Notebook,
} from "../runner/index.js";
import type { Arguments, CommandSpec } from "./arguments.js";
import { planDestinations, type Destination } from "./destinations.js";
import { describeFailure } from "./failure-report.js";
import { parseParameters, readSources, type Source } from "./notebook-files.js";
import { elapsed, reportProgress } from "./progress.js";
import { line, type Terminal } from "./terminal.js";
import { writeWhole } from "./write-whole.js";

export const runSpec: CommandSpec = {
  name: "run",
  takes: "NOTEBOOK|DIR…",
  summary: "Run notebooks from top to bottom. They are never changed; a folder stands for the notebooks in it.",
  options: {
    output: { takes: "FILE|DIR", help: "write the notebooks with their outputs there" },
    html: { takes: "FILE|DIR", help: "write them as pages there, with working plots" },
    parameter: {
      takes: "name=value",
      short: "p",
      repeats: true,
      help: 'override a variable of the cell tagged "parameters"',
    },
    timeout: { takes: "SECONDS", help: "end a cell that runs longer (no limit without)" },
    "allow-errors": { help: "go on behind a cell that fails" },
  },
};

/** The runner, or a test's stand-in. */
export type Runner = (notebook: Notebook, options: RunOptions) => Promise<RunResult>;

function parseTimeout(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const seconds = Number(given);
  // setTimeout's limit is 2^31 − 1 ms.
  if (seconds > 0 && seconds <= 2_147_483) return seconds;
  throw new UsageError(`--timeout ${given} is no time-out`, "Give seconds: --timeout 60.");
}

/** plotly.js for the pages: the one bundle that the build puts beside the program. */
function readPlotly(): string {
  const path = join(packageFolder(), "dist", "assets", "plotly.min.js");
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new UsageError(`${path} is missing`, "Run npm run build first, or leave --html out.");
  }
}

function write(path: string, text: string): void {
  try {
    writeWhole(path, text);
  } catch (error) {
    throw new UsageError(
      `${path} cannot be written (${String((error as NodeJS.ErrnoException).code)})`,
      "Give another.",
    );
  }
}

/** Runs one notebook, writes what was asked for, and says how it went. */
async function runOne(
  { path, notebook }: Source,
  { output, html }: Destination,
  options: RunOptions,
  runner: Runner,
  plotly: string,
  { out, err }: Terminal,
): Promise<boolean> {
  const name = basename(path);
  const start = performance.now();
  const progress = reportProgress(err, name, notebook.cells.filter(isExecuted).length);
  let result: RunResult;
  try {
    result = await runner(notebook, { ...options, path, onProgress: progress.update });
  } finally {
    progress.end();
  }
  if (output !== undefined) write(output, formatNotebook(result.notebook));
  if (html !== undefined) write(html, page(result.notebook, { plotly }));
  const written = [output, html].filter((target) => target !== undefined);
  const into = written.length === 0 ? "" : ` → ${written.join(", ")}`;
  const { failures, failure, executions } = result;
  const took = elapsed(performance.now() - start);
  if (failure === undefined) {
    line(out, `${name}: ${executions.length} ${executions.length === 1 ? "cell" : "cells"} ran in ${took}${into}`);
    return true;
  }
  for (const each of failures) line(err, `${describeFailure(name, result.notebook, each)}\n`);
  line(out, `${name}: failed at cell ${failure.index + 1} after ${took}${into}`);
  return false;
}

/** `virtlab run`: 0 all ran, 1 a cell failed; a notebook that fails doesn't keep the others from running. */
export async function run(args: Arguments, terminal: Terminal, runner: Runner = runNotebook): Promise<number> {
  const timeout = parseTimeout(args.one("timeout"));
  const sources = readSources(args.positionals, parseParameters(args.all("parameter")));
  const paths = sources.map(({ path }) => path);
  const destinations = planDestinations(paths, args.one("output"), args.one("html"));
  const plotly = args.has("html") ? readPlotly() : "";
  const options = { allowErrors: args.has("allow-errors"), ...(timeout === undefined ? {} : { timeout }) };
  let failed = 0;
  for (const [i, source] of sources.entries()) {
    const ran = await runOne(source, destinations[i] ?? { source: source.path }, options, runner, plotly, terminal);
    if (!ran) failed += 1;
  }
  if (sources.length > 1) line(terminal.out, `${sources.length - failed} of ${sources.length} notebooks ran.`);
  return failed === 0 ? 0 : 1;
}
