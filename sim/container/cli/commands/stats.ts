import type { Activity } from "../../../core/index.js";
import type { Field } from "../../json.js";
import { parseJson } from "../../json.js";
import { containerPath as pathOf } from "../client.js";
import type { Context, DockerCommand } from "../command.js";
import { flag } from "../flags.js";
import { formatListing, type Listing } from "../listing.js";
import { eachLine } from "../progress.js";
import { fieldOf, numberAt, shortId, textAt } from "../rows.js";
import { bytesSize, humanSize } from "../units.js";

/** A reading in the CLI's words: calculateCPUPercentUnix and calculateMemUsageUnixNoCache. */
function rowOf(reading: Field, container: string, whole: boolean): Readonly<Record<string, string>> {
  const [cpu, before, memory] = [reading.at("cpu_stats"), reading.at("precpu_stats"), reading.at("memory_stats")];
  const used = numberAt(cpu.at("cpu_usage"), "total_usage") - numberAt(before.at("cpu_usage"), "total_usage");
  const all = numberAt(cpu, "system_cpu_usage") - numberAt(before, "system_cpu_usage");
  const percent = all > 0 && used > 0 ? (used / all) * numberAt(cpu, "online_cpus") * 100 : 0;
  const limit = numberAt(memory, "limit");
  const statistics = memory.at("stats");
  const inactive = statistics.absent ? 0 : numberAt(statistics, "inactive_file");
  const usage = Math.max(0, numberAt(memory, "usage") - inactive);
  const moved = (op: string): number => {
    const bytes = reading.at("blkio_stats").at("io_service_bytes_recursive");
    if (bytes.absent || bytes.value === null) return 0;
    return bytes.list().reduce((sum, one) => sum + (textAt(one, "op") === op ? numberAt(one, "value") : 0), 0);
  };
  const id = textAt(reading, "id");
  return {
    Container: container,
    ID: whole ? id : shortId(id),
    Name: textAt(reading, "name").replace(/^\//, ""),
    CPUPerc: `${percent.toFixed(2)}%`,
    MemUsage: `${bytesSize(usage)} / ${bytesSize(limit)}`,
    MemPerc: `${(limit === 0 ? 0 : (usage / limit) * 100).toFixed(2)}%`,
    NetIO: `${humanSize(0)} / ${humanSize(0)}`,
    BlockIO: `${humanSize(moved("read"))} / ${humanSize(moved("write"))}`,
    PIDs: String(numberAt(reading.at("pids_stats"), "current")),
  };
}

function listingOf(rows: Listing["rows"]): Listing {
  return {
    columns: ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"],
    titles: {
      Container: "CONTAINER",
      ID: "CONTAINER ID",
      Name: "NAME",
      CPUPerc: "CPU %",
      MemUsage: "MEM USAGE / LIMIT",
      MemPerc: "MEM %",
      NetIO: "NET I/O",
      BlockIO: "BLOCK I/O",
      PIDs: "PIDS",
    },
    rows,
    type: "*container.statsContext",
  };
}

function* names(it: Context): Activity<readonly string[]> {
  if (it.args.length > 0) return it.args;
  const answer = yield* it.client.json("GET", "/containers/json", { query: { all: it.flags.flag("all") } });
  return fieldOf(answer)
    .list()
    .map((one) => shortId(textAt(one, "Id")));
}

function* run(it: Context): Activity<number> {
  const whole = it.flags.flag("no-trunc");
  const format = it.flags.text("format") ?? "";
  const once = it.flags.flag("no-stream");
  const all = yield* names(it);
  if (once) {
    const rows: Readonly<Record<string, string>>[] = [];
    for (const name of all)
      rows.push(
        rowOf(fieldOf(yield* it.client.json("GET", pathOf(name, "stats"), { query: { stream: "0" } })), name, whole),
      );
    it.out.put(formatListing(listingOf(rows), format));
    return 0;
  }
  // Of several the first one's readings set the pace.
  const [first, ...others] = all;
  if (first === undefined) {
    it.out.put(formatListing(listingOf([]), format));
    return 0;
  }
  const conversation = yield* it.client.open("GET", pathOf(first, "stats"), { query: { stream: true } });
  const last = new Map<string, Field>();
  yield* eachLine(conversation, function* (reading) {
    const rows = [rowOf(reading, first, whole)];
    for (const name of others) {
      const { body } = yield* it.client.ask("GET", pathOf(name, "stats"), { query: { stream: "0", "one-shot": true } });
      const now = fieldOf(parseJson(body, "statistics"));
      const before = last.get(name) ?? now;
      last.set(name, now);
      rows.push(
        rowOf(fieldOf({ ...(now.value as object), precpu_stats: before.at("cpu_stats").value ?? null }), name, whole),
      );
    }
    return yield* it.say(formatListing(listingOf(rows), format));
  });
  return 0;
}

export const stats: DockerCommand = {
  paths: ["stats", "container stats"],
  usage: "[OPTIONS] [CONTAINER...]",
  about: "Display a live stream of container(s) resource usage statistics",
  flags: [
    flag("all", "a", "bool", "Show all containers (default shows just running)"),
    flag("format", "", "string", "Pretty-print images using a Go template"),
    flag("no-stream", "", "bool", "Disable streaming stats and only pull the first result"),
    flag("no-trunc", "", "bool", "Do not truncate output"),
  ],
  operands: [0, Infinity],
  run,
};
