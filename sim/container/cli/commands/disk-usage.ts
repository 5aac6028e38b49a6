/** What lies on the disk, and what of it can go. */
import type { Activity } from "../../../core/index.js";
import type { Field } from "../../json.js";
import type { Context, DockerCommand } from "../command.js";
import { flag } from "../flags.js";
import { formatListing, tabulate, type Row } from "../listing.js";
import { fieldOf, filtersOf, listAt, numberAt, textAt } from "../rows.js";
import { goText } from "../template/values.js";
import { humanSize } from "../units.js";
import { imageRows, imageTitles } from "./images.js";
import { containerRow } from "./ps.js";

interface Usage {
  readonly Type: string;
  readonly TotalCount: string;
  readonly Active: string;
  readonly Size: string;
  readonly Reclaimable: string;
}

function usageRow(Type: string, total: number, active: number, size: number, free: number, percent: boolean): Usage {
  const part = percent && size > 0 ? ` (${Math.trunc((free / size) * 100)}%)` : "";
  return {
    Type,
    TotalCount: String(total),
    Active: String(active),
    Size: humanSize(size, 4),
    Reclaimable: `${humanSize(free, 4)}${part}`,
  };
}

function usageRows(answer: Field): Usage[] {
  const images = listAt(answer, "Images");
  const containers = listAt(answer, "Containers");
  const volumes = listAt(answer, "Volumes");
  const layers = numberAt(answer, "LayersSize");
  const used = images.filter((one) => numberAt(one, "Containers") > 0);
  // What images that are used hold themselves; layers of several count once, and for none.
  const held = used.reduce((sum, one) => {
    const [size, shared] = [numberAt(one, "Size"), numberAt(one, "SharedSize")];
    return sum + (size === -1 || shared === -1 ? 0 : size - shared);
  }, 0);
  const sizeOf = (one: Field): number => numberAt(one, "SizeRw");
  const runs = (one: Field): boolean => ["running", "paused", "restarting"].includes(textAt(one, "State"));
  const sum = (list: readonly Field[], of: (one: Field) => number): number =>
    list.reduce((all, one) => all + of(one), 0);
  const volumeSize = (one: Field): number => numberAt(one.at("UsageData"), "Size");
  const idle = volumes.filter((one) => numberAt(one.at("UsageData"), "RefCount") === 0);
  return [
    usageRow("Images", images.length, used.length, layers, layers - held, true),
    usageRow(
      "Containers",
      containers.length,
      containers.filter(runs).length,
      sum(containers, sizeOf),
      sum(
        containers.filter((one) => !runs(one)),
        sizeOf,
      ),
      true,
    ),
    usageRow(
      "Local Volumes",
      volumes.length,
      volumes.length - idle.length,
      sum(volumes, volumeSize),
      sum(idle, volumeSize),
      true,
    ),
    usageRow("Build Cache", 0, 0, numberAt(answer, "BuilderSize"), 0, false),
  ];
}

const usageTitles = { Type: "TYPE", TotalCount: "TOTAL", Active: "ACTIVE", Size: "SIZE", Reclaimable: "RECLAIMABLE" };

function* showUsage(it: Context): Activity<undefined> {
  const answer = fieldOf(yield* it.client.json("GET", "/system/df"));
  if (it.flags.flag("verbose")) return yield* verboseUsage(it, answer);
  it.out.put(
    formatListing(
      {
        columns: ["Type", "TotalCount", "Active", "Size", "Reclaimable"],
        titles: usageTitles,
        rows: usageRows(answer).map((row) => ({ ...row })),
        type: "*formatter.diskUsageImagesContext",
      },
      it.flags.text("format") ?? "",
    ),
  );
  return undefined;
}

function* verboseUsage(it: Context, answer: Field): Activity<undefined> {
  const now = yield* it.sys.clock_gettime("CLOCK_REALTIME");
  // Of several names, here only the first is told.
  const images = listAt(answer, "Images").flatMap((one) => imageRows(one, { now, whole: false }).slice(0, 1));
  const listed = (columns: readonly string[], titles: Row, rows: readonly Row[]): string =>
    formatListing({ columns, titles, rows, type: "row" }, "");
  const imageColumns = [
    "Repository",
    "Tag",
    "ID",
    "CreatedSince",
    "VirtualSize",
    "SharedSize",
    "UniqueSize",
    "Containers",
  ];
  it.out.put(`Images space usage:\n\n${listed(imageColumns, imageTitles, images)}\n`);
  const containers = listAt(answer, "Containers").map((one) => containerRow(one, now, false));
  const titles = { ID: "CONTAINER ID", LocalVolumes: "LOCAL VOLUMES", RunningFor: "CREATED" };
  const rows = containers.map((row) => ({ ...row, Size: goText(row["Size"]).replace(/ \(.*/, "") }));
  const columns = ["ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names"];
  it.out.put(`Containers space usage:\n\n${listed(columns, titles, rows)}\n`);
  const volumes = listAt(answer, "Volumes").map((one) => [
    textAt(one, "Name"),
    String(numberAt(one.at("UsageData"), "RefCount")),
    humanSize(numberAt(one.at("UsageData"), "Size")),
  ]);
  it.out.put(`Local Volumes space usage:\n\n${tabulate([["VOLUME NAME", "LINKS", "SIZE"], ...volumes])}\n`);
  const builds = [["CACHE ID", "CACHE TYPE", "SIZE", "CREATED", "LAST USED", "USAGE", "SHARED"]];
  it.out.put(`Build cache usage: ${humanSize(numberAt(answer, "BuilderSize"))}\n\n${tabulate(builds)}`);
  return undefined;
}

const df: DockerCommand = {
  paths: ["system df"],
  usage: "[OPTIONS]",
  about: "Show docker disk usage",
  flags: [
    flag("format", "", "string", "Pretty-print images using a Go template"),
    flag("verbose", "v", "bool", "Show detailed information on space usage"),
  ],
  operands: [0, 0],
  run: showUsage,
};

const prune: DockerCommand = {
  paths: ["system prune"],
  usage: "[OPTIONS]",
  about: "Remove unused data",
  flags: [
    flag("all", "a", "bool", "Remove all unused images not just dangling ones"),
    flag("filter", "", "filter", "Provide filter values (e.g. 'label=<key>=<value>')"),
    flag("force", "f", "bool", "Do not prompt for confirmation"),
    flag("volumes", "", "bool", "Prune volumes"),
  ],
  operands: [0, 0],
  *run(it) {
    const [all, volumes] = [it.flags.flag("all"), it.flags.flag("volumes")];
    const what = [
      "  - all stopped containers",
      "  - all networks not used by at least one container",
      ...(volumes ? ["  - all volumes not used by at least one container"] : []),
      all ? "  - all images without at least one container associated to them" : "  - all dangling images",
      all ? "  - all build cache" : "  - all dangling build cache",
    ];
    const question = `WARNING! This will remove:\n${what.join("\n")}\n\nAre you sure you want to continue?`;
    if (!(yield* it.agrees(question))) return 0;
    const ask = function* (path: string, filters?: string): Activity<Field> {
      return fieldOf(yield* it.client.json("POST", path, { query: { filters } }));
    };
    let freed = 0;
    const put = (title: string, names: readonly string[]): void => {
      if (names.length > 0) it.out.put(`${title}:\n${names.map((one) => `${one}\n`).join("")}\n`);
    };
    const texts = (answer: Field, key: string): readonly string[] =>
      answer.at(key).optional((one) => one.texts()) ?? [];
    const containers = yield* ask("/containers/prune");
    put("Deleted Containers", texts(containers, "ContainersDeleted"));
    const networks = yield* ask("/networks/prune");
    put("Deleted Networks", texts(networks, "NetworksDeleted"));
    freed += numberAt(containers, "SpaceReclaimed");
    if (volumes) {
      const gone = yield* ask("/volumes/prune");
      put("Deleted Volumes", texts(gone, "VolumesDeleted"));
      freed += numberAt(gone, "SpaceReclaimed");
    }
    const images = yield* ask("/images/prune", filtersOf([`dangling=${String(!all)}`]));
    put(
      "Deleted Images",
      listAt(images, "ImagesDeleted").map((row) => {
        const deleted = textAt(row, "Deleted");
        return deleted === "" ? `untagged: ${textAt(row, "Untagged")}` : `deleted: ${deleted}`;
      }),
    );
    freed += numberAt(images, "SpaceReclaimed");
    it.out.put(`Total reclaimed space: ${humanSize(freed, 4)}\n`);
    return 0;
  },
};

export const diskCommands: readonly DockerCommand[] = [df, prune];
