import { familiarName, parseReference } from "../../image/reference.js";
import type { Field } from "../../json.js";
import { CliError } from "../client.js";
import { known, type Context, type DockerCommand } from "../command.js";
import { flag } from "../flags.js";
import { showListing, type Listing } from "../listing.js";
import { ago, ellipsis, fieldOf, filtersOf, goTime, listAt, numberAt, shortId, textAt } from "../rows.js";
import { humanSize } from "../units.js";
import { referenceOf } from "./transfers.js";

const titles = {
  ID: "IMAGE ID",
  Repository: "REPOSITORY",
  Tag: "TAG",
  Digest: "DIGEST",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  Size: "SIZE",
  Containers: "CONTAINERS",
  VirtualSize: "SIZE",
  SharedSize: "SHARED SIZE",
  UniqueSize: "UNIQUE SIZE",
} as const;

interface Name {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** One row for each name; with digests, for each of a name's. */
function namesOf(image: Field, digests: boolean): Name[] {
  const parted = (text: string, mark: string): readonly [string, string] => {
    const at = text.lastIndexOf(mark);
    return [text.slice(0, at), text.slice(at + 1)];
  };
  const tags = listAt(image, "RepoTags").map((one) => parted(one.text(), ":"));
  const known = listAt(image, "RepoDigests").map((one) => parted(one.text(), "@"));
  const none = "<none>";
  const digestOf = (repository: string): string[] => {
    const own = known.filter(([name]) => name === repository).map(([, digest]) => digest);
    return digests && own.length > 0 ? own : [own[0] !== undefined && digests ? own[0] : none];
  };
  if (tags.length === 0)
    return known.length === 0
      ? [{ repository: none, tag: none, digest: none }]
      : known.map(([repository, digest]) => ({ repository, tag: none, digest }));
  const rows = tags.flatMap(([repository, tag]) => digestOf(repository).map((digest) => ({ repository, tag, digest })));
  // A digest of a repository in which it has no tag.
  const untagged = known.filter(([name]) => !tags.some(([repository]) => repository === name));
  return [...rows, ...untagged.map(([repository, digest]) => ({ repository, tag: none, digest }))];
}

export function imageRows(
  image: Field,
  { now, whole, digests = false }: { readonly now: number; readonly whole: boolean; readonly digests?: boolean },
): Readonly<Record<string, string>>[] {
  const id = textAt(image, "Id");
  const shared = numberAt(image, "SharedSize");
  const size = numberAt(image, "Size");
  const users = numberAt(image, "Containers");
  const counted = shared >= 0;
  return namesOf(image, digests).map(({ repository, tag, digest }) => ({
    ID: whole ? id : shortId(id),
    Repository: repository,
    Tag: tag,
    Digest: digest,
    CreatedSince: ago(now, numberAt(image, "Created")),
    CreatedAt: goTime(numberAt(image, "Created")),
    Size: humanSize(size),
    Containers: users < 0 ? "N/A" : String(users),
    VirtualSize: humanSize(size, 4),
    SharedSize: counted ? humanSize(shared, 4) : "N/A",
    UniqueSize: counted ? humanSize(size - shared, 4) : "N/A",
  }));
}

const images: DockerCommand = {
  paths: ["images", "image ls", "image list"],
  usage: "[OPTIONS] [REPOSITORY[:TAG]]",
  about: "List images",
  flags: [
    flag("all", "a", "bool", "Show all images (default hides intermediate images)"),
    flag("digests", "", "bool", "Show digests"),
    flag("filter", "f", "filter", "Filter output based on conditions provided"),
    flag("format", "", "string", "Pretty-print images using a Go template"),
    flag("no-trunc", "", "bool", "Don't truncate output"),
    flag("quiet", "q", "bool", "Only show image IDs"),
  ],
  operands: [0, 1],
  *run(it) {
    const { flags, args } = it;
    const filters = [...flags.all("filter"), ...args.map((one) => `reference=${one}`)];
    const answer = yield* it.client.json("GET", "/images/json", {
      query: { all: flags.flag("all"), filters: filtersOf(filters) },
    });
    const now = yield* it.sys.clock_gettime("CLOCK_REALTIME");
    const digests = flags.flag("digests");
    const options = {
      now,
      whole: flags.flag("no-trunc"),
      digests: digests || /Digest/.test(flags.text("format") ?? ""),
    };
    const listing: Listing = {
      columns: ["Repository", "Tag", ...(digests ? ["Digest"] : []), "ID", "CreatedSince", "Size"],
      titles,
      rows: fieldOf(answer)
        .list()
        .flatMap((one) => imageRows(one, options)),
      type: "*formatter.imageContext",
    };
    return yield* showListing(it, listing);
  },
};

const history: DockerCommand = {
  paths: ["history", "image history"],
  usage: "[OPTIONS] IMAGE",
  about: "Show the history of an image",
  flags: [
    flag("format", "", "string", "Pretty-print images using a Go template"),
    flag("human", "H", "bool", "Print sizes and dates in human readable format", "true"),
    flag("no-trunc", "", "bool", "Don't truncate output"),
    flag("quiet", "q", "bool", "Only show image IDs"),
  ],
  operands: [1, 1],
  *run(it) {
    const { flags } = it;
    const answer = yield* it.client.json("GET", `/images/${it.args[0] ?? ""}/history`);
    const now = yield* it.sys.clock_gettime("CLOCK_REALTIME");
    const human = flags.tristate("human") ?? true;
    const whole = flags.flag("no-trunc");
    const rows = fieldOf(answer)
      .list()
      .map((one) => {
        const id = textAt(one, "Id");
        const time = numberAt(one, "Created");
        const created = goTime(time).replace(" +0000 UTC", "Z").replace(" ", "T");
        const by = textAt(one, "CreatedBy").replaceAll("\t", " ");
        return {
          ID: whole || id === "<missing>" ? id : shortId(id),
          CreatedSince: human ? ago(now, time) : created,
          CreatedAt: created,
          CreatedBy: whole ? by : ellipsis(by, 45),
          Size: human ? humanSize(numberAt(one, "Size")) : String(numberAt(one, "Size")),
          Comment: textAt(one, "Comment"),
        };
      });
    return yield* showListing(it, {
      columns: ["ID", human ? "CreatedSince" : "CreatedAt", "CreatedBy", "Size", "Comment"],
      titles: {
        ID: "IMAGE",
        CreatedSince: "CREATED",
        CreatedAt: "CREATED AT",
        CreatedBy: "CREATED BY",
        Size: "SIZE",
        Comment: "COMMENT",
      },
      rows,
      type: "*formatter.historyContext",
    });
  },
};

/** "Untagged: …" and "Deleted: …". */
function putRemoved(it: Context, rows: readonly Field[]): void {
  for (const row of rows) {
    const deleted = textAt(row, "Deleted");
    it.out.put(deleted === "" ? `Untagged: ${textAt(row, "Untagged")}\n` : `Deleted: ${deleted}\n`);
  }
}

const rmi: DockerCommand = {
  paths: ["rmi", "image rm", "image remove"],
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  about: "Remove one or more images",
  flags: [
    flag("force", "f", "bool", "Force removal of the image"),
    flag("no-prune", "", "bool", "Do not delete untagged parents"),
  ],
  operands: [1, Infinity],
  *run(it) {
    const { flags } = it;
    const query = { force: flags.flag("force"), noprune: flags.flag("no-prune") };
    const failures: string[] = [];
    let fatal = false;
    for (const name of it.args)
      try {
        putRemoved(
          it,
          fieldOf(yield* known("image", name, it.client.json("DELETE", `/images/${name}`, { query }))).list(),
        );
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        failures.push(error.message);
        fatal ||= !error.message.startsWith("Error: No such image");
      }
    if (failures.length === 0) return 0;
    // With --force, what isn't there is no failure.
    if (flags.flag("force") && !fatal) yield* it.tell(`${failures.join("\n")}\n`);
    else throw new CliError(failures.join("\n"));
    return 0;
  },
};

const tag: DockerCommand = {
  paths: ["tag", "image tag"],
  usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  about: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
  flags: [],
  operands: [2, 2],
  *run(it) {
    const [source = "", target = ""] = it.args;
    let parts: ReturnType<typeof referenceOf>;
    try {
      parts = referenceOf(target);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      throw new CliError(
        `Error parsing reference: ${JSON.stringify(target)} is not a valid repository/tag: ${error.message}`,
      );
    }
    const repo = familiarName(parseReference(target)).replace(/:[^:/]*$/, "");
    yield* it.client.ask("POST", `/images/${source}/tag`, { query: { repo, tag: parts.tag } });
    return 0;
  },
};

const commit: DockerCommand = {
  paths: ["commit", "container commit"],
  usage: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  about: "Create a new image from a container's changes",
  flags: [
    flag("author", "a", "string", 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")'),
    flag("change", "c", "list", "Apply Dockerfile instruction to the created image"),
    flag("message", "m", "string", "Commit message"),
    flag("pause", "p", "bool", "Pause container during commit", "true"),
  ],
  operands: [1, 2],
  *run(it) {
    const { flags, args } = it;
    const [container = "", name = ""] = args;
    const parts = name === "" ? undefined : referenceOf(name);
    const answer = yield* it.client.json("POST", "/commit", {
      query: {
        container,
        repo: parts && familiarName(parseReference(name)).replace(/:[^:/]*$/, ""),
        tag: parts?.tag,
        author: flags.text("author"),
        comment: flags.text("message"),
        changes: flags.all("change"),
        pause: (flags.tristate("pause") ?? true) ? 1 : 0,
      },
    });
    it.out.put(`${textAt(fieldOf(answer), "Id")}\n`);
    return 0;
  },
};

const prune: DockerCommand = {
  paths: ["image prune"],
  usage: "[OPTIONS]",
  about: "Remove unused images",
  flags: [
    flag("all", "a", "bool", "Remove all unused images, not just dangling ones"),
    flag("filter", "", "filter", "Provide filter values (e.g. 'until=<timestamp>')"),
    flag("force", "f", "bool", "Do not prompt for confirmation"),
  ],
  operands: [0, 0],
  *run(it) {
    const all = it.flags.flag("all");
    const what = all ? "all images without at least one container associated to them" : "all dangling images";
    if (!(yield* it.agrees(`WARNING! This will remove ${what}.\nAre you sure you want to continue?`))) return 0;
    const filters = filtersOf([...it.flags.all("filter"), `dangling=${String(!all)}`]);
    const answer = fieldOf(yield* it.client.json("POST", "/images/prune", { query: { filters } }));
    const gone = listAt(answer, "ImagesDeleted");
    if (gone.length > 0) {
      it.out.put("Deleted Images:\n");
      for (const row of gone) {
        const deleted = textAt(row, "Deleted");
        it.out.put(deleted === "" ? `untagged: ${textAt(row, "Untagged")}\n` : `deleted: ${deleted}\n`);
      }
      it.out.put("\n");
    }
    it.out.put(`Total reclaimed space: ${humanSize(numberAt(answer, "SpaceReclaimed"), 4)}\n`);
    return 0;
  },
};

export const imageCommands: readonly DockerCommand[] = [images, history, rmi, tag, commit, prune];
export const imageTitles: Readonly<Record<string, string>> = titles;
