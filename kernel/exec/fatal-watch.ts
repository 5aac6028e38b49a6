import { randomUUID } from "node:crypto";
import { closeSync, openSync, unlinkSync, watch, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Tells the clients in the last moment why V8 ends the process: for want of memory that the memory watch couldn't see
 * coming, because one allocation took all that was left. To be called in a worker, which runs on meanwhile.
 *
 * V8 calls Node, and Node aborts, but writes a report on the process before, if it is asked to: some tens of
 * milliseconds of work. The report goes to a file that has no name any more, so that nothing is ever left behind; its
 * first byte is lost as the report begins, of which this thread is told. Only on Linux, which opens such a file. Where V8
 * ends the process by itself (`Fatal JavaScript invalid size error`, an array of more than 112 million elements that
 * grows) nothing in the process is asked.
 * @param told called once, at most; the process ends soon after
 */
export function watchFatal(told: () => void): void {
  if (process.platform !== "linux") return;
  try {
    const path = join(tmpdir(), `virtlab-report-${randomUUID()}`);
    const descriptor = openSync(path, "wx+");
    unlinkSync(path);
    writeSync(descriptor, ".");
    const file = `/proc/self/fd/${descriptor}`;
    const watcher = watch(file, { persistent: false }, () => {
      watcher.close();
      told();
    });
    watcher.on("error", () => {
      closeSync(descriptor);
    });
    // The report's look-up of the names of whoever is connected, which newer Nodes can be spared, isn't in the types.
    Object.assign(process.report, { reportOnFatalError: true, filename: file, excludeNetwork: true });
  } catch {
    // The system has no file or no watch to give: the reason is in the log alone.
  }
}

/** Lets cells write reports of their own, in the main thread. */
export function keepReportsApart(): void {
  const { report } = process;
  const writeReport = report.writeReport.bind(report);
  report.writeReport = (...given: readonly unknown[]): string => {
    const { filename } = report;
    report.filename = "";
    try {
      return Reflect.apply(writeReport, report, given) as string;
    } finally {
      report.filename = filename;
    }
  };
}
