import { known, type DockerCommand } from "../command.js";
import { flag } from "../flags.js";
import { showListing } from "../listing.js";
import { fieldOf, filtersOf, labelOf, labelsText, labelTitle, listAt, numberAt, textAt } from "../rows.js";
import { mapOf } from "../run-options.js";
import { humanSize } from "../units.js";

const list: DockerCommand = {
  paths: ["volume ls", "volume list"],
  usage: "[OPTIONS]",
  about: "List volumes",
  flags: [
    flag("filter", "f", "filter", "Provide filter values (e.g. 'dangling=true')"),
    flag("format", "", "string", "Pretty-print volumes using a Go template"),
    flag("quiet", "q", "bool", "Only display volume names"),
  ],
  operands: [0, 0],
  *run(it) {
    const answer = yield* it.client.json("GET", "/volumes", { query: { filters: filtersOf(it.flags.all("filter")) } });
    const rows = listAt(fieldOf(answer), "Volumes")
      .map((one) => ({
        Name: textAt(one, "Name"),
        Driver: textAt(one, "Driver"),
        Scope: textAt(one, "Scope"),
        Mountpoint: textAt(one, "Mountpoint"),
        Labels: labelsText(one),
        Label: labelOf(one),
        Links: "N/A",
        Size: "N/A",
      }))
      .sort((a, b) => (a.Name < b.Name ? -1 : 1));
    return yield* showListing(
      it,
      {
        columns: ["Driver", "Name"],
        titles: {
          Name: "VOLUME NAME",
          Driver: "DRIVER",
          Scope: "SCOPE",
          Mountpoint: "MOUNTPOINT",
          Labels: "LABELS",
          Label: labelTitle,
          Links: "LINKS",
          Size: "SIZE",
        },
        rows,
        type: "*formatter.volumeContext",
      },
      "Name",
    );
  },
};

const create: DockerCommand = {
  paths: ["volume create"],
  usage: "[OPTIONS] [VOLUME]",
  about: "Create a volume",
  flags: [
    flag("driver", "d", "string", "Specify volume driver name", '"local"'),
    flag("label", "", "list", "Set metadata for a volume"),
    flag("opt", "o", "map", "Set driver specific options", "map[]"),
  ],
  operands: [0, 1],
  *run(it) {
    const { flags } = it;
    const answer = yield* it.client.json("POST", "/volumes/create", {
      json: {
        Name: it.args[0] ?? "",
        Driver: flags.text("driver") ?? "local",
        DriverOpts: mapOf(flags.all("opt")),
        Labels: mapOf(flags.all("label")),
      },
    });
    it.out.put(`${textAt(fieldOf(answer), "Name")}\n`);
    return 0;
  },
};

const remove: DockerCommand = {
  paths: ["volume rm", "volume remove"],
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  about: "Remove one or more volumes. You cannot remove a volume that is in use by a container.",
  flags: [flag("force", "f", "bool", "Force the removal of one or more volumes")],
  operands: [1, Infinity],
  *run(it) {
    const query = { force: it.flags.flag("force") };
    return yield* it.each(it.args, (name) =>
      known("volume", name, it.client.ask("DELETE", `/volumes/${encodeURIComponent(name)}`, { query })),
    );
  },
};

const prune: DockerCommand = {
  paths: ["volume prune"],
  usage: "[OPTIONS]",
  about: "Remove all unused local volumes",
  flags: [
    flag("filter", "", "filter", "Provide filter values (e.g. 'label=<label>')"),
    flag("force", "f", "bool", "Do not prompt for confirmation"),
  ],
  operands: [0, 0],
  *run(it) {
    const question =
      "WARNING! This will remove all local volumes not used by at least one container.\nAre you sure you want to continue?";
    if (!(yield* it.agrees(question))) return 0;
    const query = { filters: filtersOf(it.flags.all("filter")) };
    const answer = fieldOf(yield* it.client.json("POST", "/volumes/prune", { query }));
    const gone = answer.at("VolumesDeleted").optional((one) => one.texts()) ?? [];
    if (gone.length > 0) it.out.put(`Deleted Volumes:\n${gone.map((one) => `${one}\n`).join("")}\n`);
    it.out.put(`Total reclaimed space: ${humanSize(numberAt(answer, "SpaceReclaimed"), 4)}\n`);
    return 0;
  },
};

export const volumeCommands: readonly DockerCommand[] = [list, create, remove, prune];
