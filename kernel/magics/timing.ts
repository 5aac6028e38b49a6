import { formatDuration, quantile, UsageError } from "../../sim/core/index.js";
import type { Ending, Magic, Output } from "./magic.js";

const readable = (milliseconds: number): string => formatDuration(milliseconds * 1e6);

/** `%%time`: one run, and its wall time. */
export const time: Magic = {
  name: "time",
  kind: "cell",
  usage: "",
  help: "Runs the cell and prints its wall time, without type check and compilation.",
  async run(context, args, body) {
    if (args.length > 0) {
      throw new UsageError("%%time takes nothing behind its name", "Put the code on the lines below.");
    }
    const before = performance.now();
    const ending = await context.run(body);
    if (ending.status === "error") return ending;
    // A body that no cell's code ran for, such as %%html, is timed from here.
    const milliseconds = ending.milliseconds ?? performance.now() - before;
    context.show({ type: "stream", name: "stdout", text: `Wall time: ${readable(milliseconds)}\n` });
    return ending;
  },
};

const defaultRuns = 5;
const mostRuns = 100_000;

/** `%%bench`: several runs, and how their wall times spread. */
export const bench: Magic = {
  name: "bench",
  kind: "cell",
  usage: "[n]",
  help: `Runs the cell n times (${defaultRuns} where absent) and shows minimum, median and maximum of its wall time. The last run's output is kept.`,
  async run(context, args, body) {
    const runs = args.length === 0 ? defaultRuns : Number(args[0]);
    if (args.length > 1 || !Number.isInteger(runs) || runs < 1 || runs > mostRuns) {
      throw new UsageError(
        `%%bench can't run a cell "${args.join(" ")}" times`,
        `Give a whole number from 1 to ${mostRuns}: %%bench 20.`,
      );
    }
    const times: number[] = [];
    let last: Ending = { status: "ok" };
    for (let run = 1; run <= runs; run++) {
      const dropped: Output[] = [];
      let failed = false;
      const drop = (output: Output): void => {
        if (failed) context.show(output);
        else dropped.push(output);
      };
      const before = performance.now();
      last = await (run === runs ? context.run(body) : context.run(body, drop));
      if (last.status === "error") {
        // What it printed tells why it failed.
        failed = true;
        for (const output of dropped) context.show(output);
        return last;
      }
      times.push(last.milliseconds ?? performance.now() - before);
    }
    const row = {
      runs,
      min: readable(quantile(times, 0)),
      median: readable(quantile(times, 0.5)),
      max: readable(quantile(times, 1)),
    };
    await context.present({
      as: "table",
      columns: Object.keys(row).map((key) => ({ key })),
      rows: [row],
      caption: "Wall time without type check and compilation.",
    });
    const { result } = last;
    return result === undefined ? undefined : { status: "ok", result };
  },
};
