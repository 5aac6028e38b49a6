import { cpus, freemem, hostname, totalmem } from "node:os";
import type { Usage } from "../wire/index.js";

/** Measures this process and its machine; processor time is counted from one call to the next. */
export function createUsageMeter(): () => Usage {
  let last = { time: performance.now(), kernel: process.cpuUsage(), host: hostTimes() };

  let first = true;
  return () => {
    const next = { time: performance.now(), kernel: process.cpuUsage(), host: hostTimes() };
    const elapsed = Math.max(1, next.time - last.time);
    // cpuUsage counts microseconds.
    const used = next.kernel.user + next.kernel.system - last.kernel.user - last.kernel.system;
    const ticks = next.host.all - last.host.all;
    const percent = ticks === 0 ? 0 : (100 * (next.host.busy - last.host.busy)) / ticks;
    const host = first ? {} : { host_cpu_percent: round(percent) };
    first = false;
    last = next;
    const [total, available] = [totalmem(), freemem()];
    return {
      hostname: hostname(),
      pid: process.pid,
      kernel_cpu: round(used / 10 / elapsed),
      kernel_memory: process.memoryUsage.rss(),
      cpu_count: cpus().length,
      ...host,
      host_virtual_memory: {
        total,
        available,
        used: total - available,
        percent: round((100 * (total - available)) / total),
      },
    };
  };
}

function hostTimes(): { readonly busy: number; readonly all: number } {
  let [busy, all] = [0, 0];
  for (const { times } of cpus()) {
    const { user, nice, sys, irq, idle } = times;
    busy += user + nice + sys + irq;
    all += user + nice + sys + irq + idle;
  }
  return { busy, all };
}

const round = (percent: number): number => Math.round(percent * 10) / 10;
