import type { Activity } from "../../core/index.js";
import { attempt, Errno, type Sys } from "../../os/index.js";
import { readText } from "../runtime/files.js";
import { timestamp } from "../timestamp.js";
import type { Container } from "./container.js";
import { conflict } from "./errors.js";
import type { EngineHost } from "./host.js";

/** `docker top`: what ps -ef tells of the processes, pids as the host sees them. */
export interface ProcessList {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[];
}

/** @throws EngineError 409 for one that doesn't run */
export function* top(host: EngineHost, container: Container): Activity<ProcessList> {
  demandRunning(container);
  const Processes = yield* host.serve(function* (sys) {
    const rows: string[][] = [];
    for (const pid of yield* host.runtime.processes(sys, container.id)) {
      const row = yield* attempt(rowOf(sys, pid));
      if (!(row instanceof Errno)) rows.push(row);
    }
    return rows;
  });
  return { Titles: ["UID", "PID", "PPID", "TIME", "CMD"], Processes };
}

function* rowOf(sys: Sys, pid: number): Activity<string[]> {
  const status = yield* readText(sys, `/proc/${pid}/status`);
  const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1] ?? "";
  const stat = yield* readText(sys, `/proc/${pid}/stat`);
  const numbers = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // Fields 14 and 15 of proc_pid_stat(5), in hundredths of a second.
  const seconds = Math.floor((Number(numbers[11]) + Number(numbers[12])) / 100);
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  const command = (yield* readText(sys, `/proc/${pid}/cmdline`)).split("\0").join(" ").trim();
  const uid = field("Uid");
  return [
    uid === "0" ? "root" : uid,
    String(pid),
    field("PPid"),
    time,
    command === "" ? `[${field("Name")}]` : command,
  ];
}

/** One reading of GET /containers/NAME/stats; times in nanoseconds. */
export interface ContainerStatistics {
  readonly id: string;
  readonly name: string;
  readonly read: string;
  readonly pids_stats: { readonly current: number; readonly limit: number };
  readonly cpu_stats: CpuStatistics;
  /** Of the reading before; zeros in the first. */
  readonly precpu_stats: CpuStatistics;
  readonly blkio_stats: {
    readonly io_service_bytes_recursive:
      readonly { readonly major: number; readonly minor: number; readonly op: string; readonly value: number }[] | null;
  };
  readonly memory_stats: {
    readonly usage: number;
    readonly limit: number;
    readonly stats: { readonly inactive_file: number };
  };
}

interface CpuStatistics {
  readonly cpu_usage: { readonly total_usage: number };
  readonly system_cpu_usage: number;
  readonly online_cpus: number;
  readonly throttling_data: { readonly periods: number; readonly throttled_periods: number };
}

const noCpu: CpuStatistics = {
  cpu_usage: { total_usage: 0 },
  system_cpu_usage: 0,
  online_cpus: 0,
  throttling_data: { periods: 0, throttled_periods: 0 },
};

/** What a container uses now. @param before the reading before this one. Zeros for one that doesn't run, as Docker has it */
export function* statistics(
  host: EngineHost,
  container: Container,
  before?: ContainerStatistics,
): Activity<ContainerStatistics> {
  const { id, name } = container;
  const common = { id, name: `/${name}`, read: timestamp(host.now), precpu_stats: before?.cpu_stats ?? noCpu };
  if (!container.isRunning)
    return {
      ...common,
      pids_stats: { current: 0, limit: 0 },
      cpu_stats: noCpu,
      blkio_stats: { io_service_bytes_recursive: null },
      memory_stats: { usage: 0, limit: 0, stats: { inactive_file: 0 } },
    };
  const { cpu, memory, pids, io } = yield* host.serve((sys) => host.runtime.stats(sys, id));
  const { kernel } = host;
  return {
    ...common,
    pids_stats: { current: pids.current, limit: pids.limit },
    cpu_stats: {
      cpu_usage: { total_usage: cpu.usage * 1000 },
      // All CPUs' time since boot, as /proc/stat adds it up.
      system_cpu_usage: kernel.engine.now * kernel.scheduler.cpus,
      online_cpus: kernel.scheduler.cpus,
      throttling_data: { periods: cpu.periods, throttled_periods: cpu.throttled },
    },
    blkio_stats: {
      io_service_bytes_recursive: io.flatMap(({ major, minor, read, written }) => [
        { major, minor, op: "read", value: read },
        { major, minor, op: "write", value: written },
      ]),
    },
    memory_stats: {
      usage: memory.usage,
      limit: Math.min(memory.limit, kernel.memory),
      stats: { inactive_file: memory.inactiveFile },
    },
  };
}

function demandRunning(container: Container): void {
  if (!container.isRunning) throw conflict(`container ${container.id} is not running`, "Start it first.");
}
