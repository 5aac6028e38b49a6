import type { Activity } from "../../../core/index.js";
import type { Field } from "../../json.js";
import type { Context, DockerCommand } from "../command.js";
import { flag } from "../flags.js";
import { demandTemplate, showListing, type Listing, type Row } from "../listing.js";
import {
  ago,
  ellipsis,
  fieldOf,
  filtersOf,
  goTime,
  labelOf,
  labelsText,
  labelTitle,
  listAt,
  mapAt,
  numberAt,
  portsText,
  shortId,
  textAt,
} from "../rows.js";
import { humanSize } from "../units.js";

const titles = {
  ID: "CONTAINER ID",
  Image: "IMAGE",
  Command: "COMMAND",
  CreatedAt: "CREATED AT",
  RunningFor: "CREATED",
  Status: "STATUS",
  State: "STATE",
  Ports: "PORTS",
  Names: "NAMES",
  Size: "SIZE",
  Labels: "LABELS",
  Label: labelTitle,
  Mounts: "MOUNTS",
  LocalVolumes: "LOCAL VOLUMES",
  Networks: "NETWORKS",
} as const;

const type = "*formatter.ContainerContext";

/** A row of GET /containers/json as docker's formatter tells it. @param now in nanoseconds since 1970 */
export function containerRow(one: Field, now: number, whole: boolean): Row {
  const cut = (text: string): string => (whole ? text : ellipsis(text, 15));
  const size = humanSize(numberAt(one, "SizeRw"));
  const all = numberAt(one, "SizeRootFs");
  const image = textAt(one, "Image");
  const mounts = listAt(one, "Mounts");
  return {
    ID: whole ? textAt(one, "Id") : textAt(one, "Id").slice(0, 12),
    Image: image.startsWith("sha256:") && !whole ? shortId(image) : image === "" ? "<no image>" : image,
    Command: JSON.stringify(whole ? textAt(one, "Command") : ellipsis(textAt(one, "Command"), 20)),
    CreatedAt: goTime(numberAt(one, "Created")),
    RunningFor: ago(now, numberAt(one, "Created")),
    Status: textAt(one, "Status"),
    State: textAt(one, "State"),
    Ports: portsText(listAt(one, "Ports")),
    Names: listAt(one, "Names")
      .map((name) => name.text().replace(/^\//, ""))
      .join(","),
    Size: all > 0 ? `${size} (virtual ${humanSize(all)})` : size,
    Labels: labelsText(one),
    Label: labelOf(one),
    Mounts: mounts.map((mount) => cut(textAt(mount, "Name") || textAt(mount, "Source"))).join(","),
    LocalVolumes: String(mounts.filter((mount) => textAt(mount, "Driver") === "local").length),
    Networks: mapAt(one.at("NetworkSettings"), "Networks")
      .map(([name]) => name)
      .sort()
      .join(","),
  };
}

function* run(it: Context): Activity<undefined> {
  const { flags, client } = it;
  const last = flags.flag("latest") ? 1 : (flags.number("last") ?? -1);
  // A template that looks at sizes has them counted.
  const sizes = flags.flag("size") || /\.Size\b|json \./.test(flags.text("format") ?? "");
  demandTemplate(flags.text("format") ?? "", { titles, type });
  const answer = yield* client.json("GET", "/containers/json", {
    query: {
      all: flags.flag("all") || last > 0,
      limit: last > 0 ? last : undefined,
      size: sizes,
      filters: filtersOf(flags.all("filter")),
    },
  });
  const now = yield* it.sys.clock_gettime("CLOCK_REALTIME");
  const listing: Listing = {
    columns: [
      "ID",
      "Image",
      "Command",
      "RunningFor",
      "Status",
      "Ports",
      "Names",
      ...(flags.flag("size") ? ["Size"] : []),
    ],
    titles,
    rows: fieldOf(answer)
      .list()
      .map((one) => containerRow(one, now, flags.flag("no-trunc"))),
    type,
  };
  return yield* showListing(it, listing);
}

export const ps: DockerCommand = {
  paths: ["ps", "container ls", "container ps", "container list"],
  usage: "[OPTIONS]",
  about: "List containers",
  flags: [
    flag("all", "a", "bool", "Show all containers (default shows just running)"),
    flag("filter", "f", "filter", "Filter output based on conditions provided"),
    flag("format", "", "string", "Pretty-print containers using a Go template"),
    flag("last", "n", "int", "Show n last created containers (includes all states)", "-1"),
    flag("latest", "l", "bool", "Show the latest created container (includes all states)"),
    flag("no-trunc", "", "bool", "Don't truncate output"),
    flag("quiet", "q", "bool", "Only display container IDs"),
    flag("size", "s", "bool", "Display total file sizes"),
  ],
  operands: [0, 0],
  run,
};
