/** Commands that do one thing to each of some containers. */
import { CliError, containerPath as pathOf, DaemonError } from "../client.js";
import { known, type Context, type DockerCommand } from "../command.js";
import { flag, type Flag } from "../flags.js";
import { fieldOf, filtersOf, listAt, mapAt, numberAt, textAt } from "../rows.js";
import { humanSize } from "../units.js";
import { restartPolicy } from "../run-options.js";
import { attached } from "./run.js";

/** The API takes the leading slash of names for a part of its path. */
const bare = (name: string): string => name.replace(/^\//, "").trim();

const seconds = (it: Context): number | undefined => it.flags.number("time");
const timeFlag = (what: string): Flag => flag("time", "t", "int", what, "10");

function simple(
  verb: string,
  about: string,
  {
    flags = [],
    query = () => ({}),
  }: {
    readonly flags?: readonly Flag[];
    readonly query?: (it: Context) => Readonly<Record<string, string | number | undefined>>;
  } = {},
): DockerCommand {
  const options = flags.length === 0 ? "" : "[OPTIONS] ";
  return {
    paths: [verb, `container ${verb}`],
    usage: `${options}CONTAINER [CONTAINER...]`,
    about,
    flags,
    operands: [1, Infinity],
    *run(it) {
      return yield* it.each(it.args, (name) => it.client.ask("POST", pathOf(bare(name), verb), { query: query(it) }));
    },
  };
}

const start: DockerCommand = {
  paths: ["start", "container start"],
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  about: "Start one or more stopped containers",
  flags: [
    flag("attach", "a", "bool", "Attach STDOUT/STDERR and forward signals"),
    flag("detach-keys", "", "string", "Override the key sequence for detaching a container"),
    flag("interactive", "i", "bool", "Attach container's STDIN"),
  ],
  operands: [1, Infinity],
  *run(it) {
    const { args, flags, client } = it;
    if (flags.flag("attach") || flags.flag("interactive")) {
      const [name = ""] = args;
      if (args.length > 1) throw new CliError("you cannot start and attach multiple containers at once");
      const seen = fieldOf(yield* known("container", name, client.json("GET", pathOf(name, "json"))));
      const tty = seen.at("Config").at("Tty").boolean();
      return yield* attached(it, {
        id: textAt(seen, "Id"),
        tty,
        stdin: flags.flag("interactive") && seen.at("Config").at("OpenStdin").boolean(),
        streams: ["stdout", "stderr"],
        *begin() {
          yield* client.ask("POST", pathOf(name, "start"));
          return undefined;
        },
      });
    }
    const failed: string[] = [];
    for (const name of args)
      try {
        yield* client.ask("POST", pathOf(bare(name), "start"));
        yield* it.say(`${name}\n`);
      } catch (error) {
        if (!(error instanceof DaemonError)) throw error;
        yield* it.tell(`${error.message}\n`);
        failed.push(name);
      }
    if (failed.length > 0) throw new CliError(`Error: failed to start containers: ${failed.join(", ")}`);
    return 0;
  },
};

const rm: DockerCommand = {
  paths: ["rm", "container rm", "container remove"],
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  about: "Remove one or more containers",
  flags: [
    flag("force", "f", "bool", "Force the removal of a running container (uses SIGKILL)"),
    flag("link", "l", "bool", "Remove the specified link"),
    flag("volumes", "v", "bool", "Remove anonymous volumes associated with the container"),
  ],
  operands: [1, Infinity],
  *run(it) {
    const { flags } = it;
    const query = { force: flags.flag("force"), v: flags.flag("volumes"), link: flags.flag("link") };
    const missing: string[] = [];
    const status = yield* it.each(
      it.args.filter((name) => {
        if (bare(name) !== "") return true;
        missing.push("Container name cannot be empty");
        return false;
      }),
      (name) => known("container", name, it.client.ask("DELETE", pathOf(bare(name)), { query })),
    );
    if (missing.length > 0) throw new CliError(missing.join("\n"));
    // What isn't there is as gone as --force could have it.
    return flags.flag("force") ? 0 : status;
  },
};

const wait: DockerCommand = {
  paths: ["wait", "container wait"],
  usage: "CONTAINER [CONTAINER...]",
  about: "Block until one or more containers stop, then print their exit codes",
  flags: [],
  operands: [1, Infinity],
  *run(it) {
    return yield* it.each(it.args, function* (name) {
      const answer = yield* it.client.json("POST", pathOf(name, "wait"));
      return String(numberAt(fieldOf(answer), "StatusCode"));
    });
  },
};

const rename: DockerCommand = {
  paths: ["rename", "container rename"],
  usage: "CONTAINER NEW_NAME",
  about: "Rename a container",
  flags: [],
  operands: [2, 2],
  *run(it) {
    const [from = "", to = ""] = it.args;
    try {
      yield* it.client.ask("POST", pathOf(from, "rename"), { query: { name: to } });
    } catch (error) {
      if (!(error instanceof DaemonError)) throw error;
      throw new CliError(`${error.message}\nError: failed to rename container named ${from}`);
    }
    return 0;
  },
};

const update: DockerCommand = {
  paths: ["update", "container update"],
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  about: "Update configuration of one or more containers",
  flags: [
    flag("cpu-period", "", "int", "Limit CPU CFS (Completely Fair Scheduler) period"),
    flag("cpu-quota", "", "int", "Limit CPU CFS (Completely Fair Scheduler) quota"),
    flag("cpu-shares", "c", "int", "CPU shares (relative weight)"),
    flag("cpus", "", "decimal", "Number of CPUs"),
    flag("memory", "m", "bytes", "Memory limit"),
    flag("memory-reservation", "", "bytes", "Memory soft limit"),
    flag("pids-limit", "", "int", "Tune container pids limit (set -1 for unlimited)"),
    flag("restart", "", "string", "Restart policy to apply when a container exits"),
  ],
  operands: [1, Infinity],
  *run(it) {
    const { flags } = it;
    const json = {
      CpuPeriod: flags.number("cpu-period"),
      CpuQuota: flags.number("cpu-quota"),
      CpuShares: flags.number("cpu-shares"),
      NanoCpus: flags.has("cpus") ? Math.round((flags.number("cpus") ?? 0) * 1e9) : undefined,
      Memory: flags.bytes("memory"),
      MemoryReservation: flags.bytes("memory-reservation"),
      PidsLimit: flags.number("pids-limit"),
      RestartPolicy: restartPolicy(flags.text("restart")),
    };
    return yield* it.each(it.args, (name) => it.client.ask("POST", pathOf(name, "update"), { json }));
  },
};

const top: DockerCommand = {
  paths: ["top", "container top"],
  usage: "CONTAINER [ps OPTIONS]",
  about: "Display the running processes of a container",
  flags: [],
  operands: [1, Infinity],
  posix: true,
  *run(it) {
    const [name = "", ...options] = it.args;
    const query = { ps_args: options.length === 0 ? undefined : options.join(" ") };
    const answer = fieldOf(yield* it.client.json("GET", pathOf(name, "top"), { query }));
    // Here tabwriter has cells of twenty columns.
    const lines = [answer.at("Titles").texts(), ...listAt(answer, "Processes").map((row) => row.texts())];
    const widths =
      lines[0]?.map((_, place) => Math.max(20, ...lines.map((row) => (row[place] ?? "").length + 3))) ?? [];
    for (const row of lines)
      it.out.put(
        `${row.map((cell, place) => (place === row.length - 1 ? cell : cell.padEnd(widths[place] ?? 0))).join("")}\n`,
      );
    return 0;
  },
};

const port: DockerCommand = {
  paths: ["port", "container port"],
  usage: "CONTAINER [PRIVATE_PORT[/PROTO]]",
  about: "List port mappings or a specific mapping for the container",
  flags: [],
  operands: [1, 2],
  *run(it) {
    const [name = "", asked] = it.args;
    const seen = fieldOf(yield* known("container", name, it.client.json("GET", pathOf(name, "json"))));
    const bound = mapAt(seen.at("NetworkSettings"), "Ports").map(
      ([inside, ends]) => [inside, ends.optional((one) => one.list()) ?? []] as const,
    );
    const shown = (end: Parameters<typeof textAt>[0]): string => `${textAt(end, "HostIp")}:${textAt(end, "HostPort")}`;
    if (asked === undefined) {
      for (const [inside, ends] of bound) for (const end of ends) it.out.put(`${inside} -> ${shown(end)}\n`);
      return 0;
    }
    const wanted = asked.includes("/") ? asked : `${asked}/tcp`;
    const ends = bound.find(([inside]) => inside === wanted)?.[1] ?? [];
    if (ends.length === 0) throw new CliError(`Error: No public port '${wanted}' published for ${name}`);
    for (const end of ends) it.out.put(`${shown(end)}\n`);
    return 0;
  },
};

const diff: DockerCommand = {
  paths: ["diff", "container diff"],
  usage: "CONTAINER",
  about: "Inspect changes to files or directories on a container's filesystem",
  flags: [],
  operands: [1, 1],
  *run(it) {
    const [name = ""] = it.args;
    const rows = fieldOf(yield* it.client.json("GET", pathOf(name, "changes"))).optional((one) => one.list()) ?? [];
    for (const row of rows) it.out.put(`${"CAD"[numberAt(row, "Kind")] ?? "?"} ${textAt(row, "Path")}\n`);
    return 0;
  },
};

const prune: DockerCommand = {
  paths: ["container prune"],
  usage: "[OPTIONS]",
  about: "Remove all stopped containers",
  flags: [
    flag("filter", "", "filter", "Provide filter values (e.g. 'until=<timestamp>')"),
    flag("force", "f", "bool", "Do not prompt for confirmation"),
  ],
  operands: [0, 0],
  *run(it) {
    if (!(yield* it.agrees("WARNING! This will remove all stopped containers.\nAre you sure you want to continue?")))
      return 0;
    const query = { filters: filtersOf(it.flags.all("filter")) };
    const answer = fieldOf(yield* it.client.json("POST", "/containers/prune", { query }));
    const gone = answer.at("ContainersDeleted").optional((one) => one.texts()) ?? [];
    if (gone.length > 0) it.out.put(`Deleted Containers:\n${gone.map((one) => `${one}\n`).join("")}\n`);
    it.out.put(`Total reclaimed space: ${humanSize(numberAt(answer, "SpaceReclaimed"), 4)}\n`);
    return 0;
  },
};

export const lifecycleCommands: readonly DockerCommand[] = [
  start,
  simple("stop", "Stop one or more running containers", {
    flags: [timeFlag("Seconds to wait for stop before killing it")],
    query: (it) => ({ t: seconds(it) }),
  }),
  simple("restart", "Restart one or more containers", {
    flags: [timeFlag("Seconds to wait for stop before killing the container")],
    query: (it) => ({ t: seconds(it) }),
  }),
  simple("kill", "Kill one or more running containers", {
    flags: [flag("signal", "s", "string", "Signal to send to the container", '"KILL"')],
    query: (it) => ({ signal: it.flags.text("signal") ?? "KILL" }),
  }),
  simple("pause", "Pause all processes within one or more containers"),
  simple("unpause", "Unpause all processes within one or more containers"),
  ...[rm, wait, rename, update, top, port, diff, prune],
];
