import type { CDPSession } from "playwright-core";

/** An event of Chromium's tracing; times in µs. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Processor time: what other programs took meanwhile is not in it. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/**
 * The longest that the page's main thread had no turn for a key while something was done, in ms of processor time.
 * @param session of the page
 */
export async function longestTask(session: CDPSession, act: () => Promise<void>): Promise<number> {
  const events: TraceEvent[] = [];
  const collect = ({ value }: { value: object[] }): void => {
    events.push(...(value as TraceEvent[]));
  };
  session.on("Tracing.dataCollected", collect);
  await session.send("Tracing.start", { transferMode: "ReportEvents", categories: "toplevel,__metadata" });
  await act();
  const complete = new Promise((resolve) => {
    session.once("Tracing.tracingComplete", resolve);
  });
  await session.send("Tracing.end");
  await complete;
  session.off("Tracing.dataCollected", collect);
  const named = events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const main = new Set(named.map(({ pid, tid }) => `${pid} ${tid}`));
  const tasks = events.filter(
    ({ ph, name, pid, tid }) => ph === "X" && name.endsWith("RunTask") && main.has(`${pid} ${tid}`),
  );
  if (tasks.length <= 100) throw new Error(`the trace names ${tasks.length} tasks of the page: it has another form`);
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur / 1000));
}
