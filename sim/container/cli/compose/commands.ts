import type { Activity } from "../../../core/index.js";
import { attempt, Errno } from "../../../os/index.js";
import { exec as execCommand, timeParameter } from "../commands/exec.js";
import { containerRow } from "../commands/ps.js";
import { pullImage } from "../commands/transfers.js";
import { CliError, containerPath } from "../client.js";
import { Context, type DockerCommand } from "../command.js";
import { flag, type Flag, Flags } from "../flags.js";
import { showListing } from "../listing.js";
import { chosen, many, optionsOf, projectOf, scaleOf, timeoutFlag } from "./asked.js";
import { configText } from "./config.js";
import { members, removeMember, report, stopMember, type Member } from "./containers.js";
import { printLogs } from "./logs.js";
import { down, upCommand } from "./up-down.js";
import { buildService, selected, startService, up } from "./up.js";

const ps: DockerCommand = {
  paths: ["compose ps"],
  usage: "[OPTIONS] [SERVICE...]",
  about: "List containers",
  flags: [
    flag("all", "a", "bool", "Show all stopped containers"),
    flag("format", "", "string", "Format output using a Go template"),
    flag("no-trunc", "", "bool", "Don't truncate output"),
    flag("quiet", "q", "bool", "Only display IDs"),
    flag("services", "", "bool", "Display services"),
  ],
  operands: [0, many],
  *run(it) {
    const project = yield* projectOf(it);
    const all = (yield* chosen(it, project)).filter(
      (one) => it.flags.flag("all") || !["exited", "created", "dead"].includes(one.state),
    );
    if (it.flags.flag("services")) {
      it.out.put([...new Set(all.map(({ service }) => `${service}\n`))].join(""));
      return 0;
    }
    const now = yield* it.sys.clock_gettime("CLOCK_REALTIME");
    const quiet = it.flags.flag("quiet");
    const rows = all.map((one) => {
      const row = containerRow(one.row, now, it.flags.flag("no-trunc"));
      return { ...row, ID: quiet ? one.id : (row["ID"] ?? ""), Name: one.name, Service: one.service };
    });
    return yield* showListing(it, {
      columns: ["Name", "Image", "Command", "Service", "RunningFor", "Status", "Ports"],
      titles: { Name: "NAME", RunningFor: "CREATED" },
      rows,
      type: "*formatter.ContainerContext",
    });
  },
};

const logs: DockerCommand = {
  paths: ["compose logs"],
  usage: "[OPTIONS] [SERVICE...]",
  about: "View output from containers",
  flags: [
    flag("follow", "f", "bool", "Follow log output"),
    flag("no-color", "", "bool", "Produce monochrome output"),
    flag("no-log-prefix", "", "bool", "Don't print prefix in logs"),
    flag("since", "", "string", "Show logs since timestamp or relative time"),
    flag("tail", "n", "string", "Number of lines to show from the end of the logs for each container", '"all"'),
    flag("timestamps", "t", "bool", "Show timestamps"),
  ],
  operands: [0, many],
  *run(it) {
    const { flags } = it;
    const all = yield* chosen(it, yield* projectOf(it));
    const now = yield* it.sys.clock_gettime("CLOCK_REALTIME");
    const asked = {
      follow: flags.flag("follow"),
      tail: flags.text("tail") ?? "all",
      timestamps: flags.flag("timestamps"),
      prefix: !flags.flag("no-log-prefix"),
      since: timeParameter(flags.text("since"), now),
      tellEnds: false,
      stopped: () => false,
    };
    yield* printLogs(it, all, asked);
    return 0;
  },
};

const index = flag("index", "", "int", "Index of the container if service has multiple replicas");

const exec: DockerCommand = {
  paths: ["compose exec"],
  usage: "[OPTIONS] SERVICE COMMAND [ARGS...]",
  about: "Execute a command in a running container",
  flags: [
    flag("detach", "d", "bool", "Detached mode: Run command in the background"),
    flag("env", "e", "list", "Set environment variables"),
    index,
    flag("no-TTY", "T", "bool", "Disable pseudo-TTY allocation"),
    flag("privileged", "", "bool", "Give extended privileges to the process"),
    flag("user", "u", "string", "Run the command as this user"),
    flag("workdir", "w", "string", "Path to workdir directory for this command"),
  ],
  operands: [2, many],
  posix: true,
  *run(it) {
    const [service = "", ...command] = it.args;
    const project = yield* projectOf(it);
    selected(project, [service], false);
    const number = it.flags.number("index") ?? 1;
    const one = (yield* members(it, project)).find(
      (each) => each.service === service && each.number === number && each.state === "running",
    );
    if (one === undefined) throw new CliError(`service "${service}" is not running`);
    const flags = new Flags();
    for (const row of execCommand.flags) for (const value of it.flags.all(row.name)) flags.set(row, value);
    flags.operands.push(one.id, ...command);
    const isTerminal = !((yield* attempt(it.sys.ioctl(0, "TCGETS"))) instanceof Errno);
    const set = (name: string): void => {
      const row = execCommand.flags.find((each) => each.name === name);
      if (row !== undefined) flags.set(row, "true");
    };
    // Compose's exec is interactive, unlike docker's.
    set("interactive");
    if (isTerminal && !it.flags.flag("no-TTY")) set("tty");
    return yield* execCommand.run(new Context({ client: it.client, env: it.env, flags, called: it.called }));
  },
};

/** A command that does one thing to all of the chosen containers. */
function simple(
  verb: string,
  about: string,
  work: (it: Context, one: Member) => Activity<undefined>,
  flags: readonly Flag[] = [],
): DockerCommand {
  return {
    paths: [`compose ${verb}`],
    usage: "[OPTIONS] [SERVICE...]",
    about,
    flags,
    operands: [0, many],
    *run(it) {
      for (const one of yield* chosen(it, yield* projectOf(it))) yield* work(it, one);
      return 0;
    },
  };
}

const start: DockerCommand = {
  paths: ["compose start"],
  usage: "[SERVICE...]",
  about: "Start services",
  flags: [],
  operands: [0, many],
  *run(it) {
    const project = yield* projectOf(it);
    for (const service of selected(project, it.args, true)) yield* startService(it, project, service);
    return 0;
  },
};

const create: DockerCommand = {
  ...{ paths: ["compose create"], usage: "[OPTIONS] [SERVICE...]", about: "Creates containers for a service" },
  flags: upCommand.flags.filter(({ name }) => ["build", "force-recreate", "no-recreate", "scale"].includes(name)),
  operands: [0, many],
  *run(it) {
    yield* up(it, yield* projectOf(it), optionsOf(it, { start: false }));
    return 0;
  },
};

const scale: DockerCommand = {
  paths: ["compose scale"],
  usage: "[SERVICE=REPLICAS...]",
  about: "Scale services",
  flags: [flag("no-deps", "", "bool", "Don't start linked services")],
  operands: [1, many],
  *run(it) {
    const counts = scaleOf(it.args);
    yield* up(
      it,
      yield* projectOf(it),
      optionsOf(it, { services: [...counts.keys()], scale: counts, noRecreate: true }),
    );
    return 0;
  },
};

const build: DockerCommand = {
  paths: ["compose build"],
  usage: "[OPTIONS] [SERVICE...]",
  about: "Build or rebuild services",
  flags: [flag("no-cache", "", "bool", "Do not use cache when building the image")],
  operands: [0, many],
  *run(it) {
    for (const service of selected(yield* projectOf(it), it.args, false))
      yield* buildService(it, service, it.flags.flag("no-cache"));
    return 0;
  },
};

const pull: DockerCommand = {
  paths: ["compose pull"],
  usage: "[OPTIONS] [SERVICE...]",
  about: "Pull service images",
  flags: [flag("quiet", "q", "bool", "Pull without printing progress information")],
  operands: [0, many],
  *run(it) {
    for (const { name, image, build: own } of selected(yield* projectOf(it), it.args, false)) {
      if (own !== undefined) continue;
      if (!it.flags.flag("quiet")) yield* it.tell(` ${name} Pulling \n`);
      yield* pullImage(it, image, "nowhere");
      if (!it.flags.flag("quiet")) yield* it.tell(` ${name} Pulled \n`);
    }
    return 0;
  },
};

const config: DockerCommand = {
  paths: ["compose config"],
  usage: "[OPTIONS] [SERVICE...]",
  about: "Parse, resolve and render compose file in canonical format",
  flags: [
    flag("images", "", "bool", "Print the image names, one per line"),
    flag("quiet", "q", "bool", "Only validate the configuration, don't print anything"),
    flag("services", "", "bool", "Print the service names, one per line"),
    flag("volumes", "", "bool", "Print the volume names, one per line"),
  ],
  operands: [0, many],
  *run(it) {
    const project = yield* projectOf(it);
    const { flags } = it;
    const services = selected(project, it.args, true);
    const lines = (all: readonly string[]): string => all.map((one) => `${one}\n`).join("");
    if (flags.flag("quiet")) return 0;
    if (flags.flag("services")) it.out.put(lines(services.map(({ name }) => name)));
    else if (flags.flag("images")) it.out.put(lines(services.map(({ image }) => image)));
    else if (flags.flag("volumes")) it.out.put(lines(Object.keys(project.volumes)));
    else it.out.put(configText({ ...project, services }));
    return 0;
  },
};

const rm: DockerCommand = {
  paths: ["compose rm"],
  usage: "[OPTIONS] [SERVICE...]",
  about: "Removes stopped service containers",
  flags: [
    flag("force", "f", "bool", "Don't ask to confirm removal"),
    flag("stop", "s", "bool", "Stop the containers, if required, before removing"),
    flag("volumes", "v", "bool", "Remove any anonymous volumes attached to containers"),
  ],
  operands: [0, many],
  *run(it) {
    const project = yield* projectOf(it);
    if (it.flags.flag("stop")) for (const one of yield* chosen(it, project)) yield* stopMember(it, one, undefined);
    const ended = (yield* chosen(it, project)).filter(
      ({ state }) => !["running", "paused", "restarting"].includes(state),
    );
    if (ended.length === 0) {
      yield* it.tell("No stopped containers\n");
      return 0;
    }
    if (!(yield* it.agrees(`Going to remove ${ended.map(({ name }) => name).join(", ")}\nAre you sure?`))) return 0;
    for (const one of ended) yield* removeMember(it, one, it.flags.flag("volumes"));
    return 0;
  },
};

/** Docker Compose's commands: https://docs.docker.com/reference/cli/docker/compose. */
export const composeCommands: readonly DockerCommand[] = [
  ...[upCommand, down, ps, logs, exec, start, create, scale, build, pull, config, rm],
  simple("stop", "Stop services", (it, one) => stopMember(it, one, it.flags.number("timeout")), [timeoutFlag]),
  simple(
    "restart",
    "Restart service containers",
    function* (it, one) {
      yield* report(it, "Container", one.name, "Restarting");
      yield* it.client.ask("POST", containerPath(one.id, "restart"), { query: { t: it.flags.number("timeout") } });
      return yield* report(it, "Container", one.name, "Started");
    },
    [timeoutFlag],
  ),
  simple(
    "kill",
    "Force stop service containers",
    function* (it, one) {
      if (one.state !== "running") return undefined;
      yield* report(it, "Container", one.name, "Killing");
      yield* it.client.ask("POST", containerPath(one.id, "kill"), {
        query: { signal: it.flags.text("signal") ?? "SIGKILL" },
      });
      return yield* report(it, "Container", one.name, "Killed");
    },
    [flag("signal", "s", "string", "SIGNAL to send to the container", '"SIGKILL"')],
  ),
];

/** Flags that stand before the verb, and the variables that say the same. */
export const composeFlags: readonly (readonly [Flag, variable: string, separator: string])[] = [
  [flag("file", "f", "list", "Compose configuration files"), "COMPOSE_FILE", ":"],
  [flag("profile", "", "list", "Specify a profile to enable"), "COMPOSE_PROFILES", ","],
  [flag("project-directory", "", "string", "Specify an alternate working directory"), "COMPOSE_PROJECT_DIRECTORY", ":"],
  [flag("project-name", "p", "string", "Project name"), "COMPOSE_PROJECT_NAME", ":"],
];
