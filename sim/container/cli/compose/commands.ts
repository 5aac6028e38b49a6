import type { Activity } from "../../../core/index.js";
import { attempt } from "../../../os/index.js";
import { exec as execCommand, timeParameter } from "../commands/exec.js";
import { containerRow } from "../commands/ps.js";
import { pullImage } from "../commands/transfers.js";
import { CliError, containerPath } from "../client.js";
import { Context, type DockerCommand } from "../command.js";
import { flag, type Flag, Flags } from "../flags.js";
import { showListing } from "../listing.js";
import { configText } from "./config.js";
import { exists, members, removeMember, report, stopMember, type Member } from "./containers.js";
import { loadProject } from "./load.js";
import { printLogs } from "./logs.js";
import type { Project } from "./project.js";
import { awaitCondition, buildService, selected, startService, up, type UpOptions } from "./up.js";

const many = Infinity;
const timeoutFlag = flag("timeout", "t", "int", "Seconds to wait for a stop before killing it");

/** Reads the project and says what is old in its file. */
function* projectOf(it: Context): Activity<Project> {
  const project = yield* loadProject(it);
  for (const warning of project.warnings) yield* it.tell(`WARN[0000] ${warning}\n`);
  return project;
}

/** Containers of the services that are named; of all where none is. @throws CliError for a service that there isn't */
function* chosen(it: Context, project: Project): Activity<Member[]> {
  const services = selected(project, it.args, false).map(({ name }) => name);
  return (yield* members(it, project)).filter((one) => it.args.length === 0 || services.includes(one.service));
}

function scaleOf(pairs: readonly string[]): Map<string, number> {
  return new Map(
    pairs.map((one) => {
      const [, name, count] = /^([^=]+)=(\d+)$/.exec(one) ?? [];
      if (name === undefined)
        throw new CliError(`invalid --scale option ${JSON.stringify(one)}. Should be SERVICE=NUM`);
      return [name, Number(count)] as const;
    }),
  );
}

const optionsOf = (it: Context, more: Partial<UpOptions> = {}): UpOptions => ({
  services: it.args,
  scale: scaleOf(it.flags.all("scale")),
  build: it.flags.flag("build"),
  forceRecreate: it.flags.flag("force-recreate"),
  noRecreate: it.flags.flag("no-recreate"),
  noDependencies: it.flags.flag("no-deps"),
  start: !it.flags.flag("no-start"),
  timeout: it.flags.number("timeout"),
  ...more,
});

/** Containers of services that the file doesn't have any more. */
function* orphans(it: Context, project: Project): Activity<Member[]> {
  const names = project.services.map(({ name }) => name);
  return (yield* members(it, project)).filter(({ service }) => !names.includes(service));
}

const upCommand: DockerCommand = {
  paths: ["compose up"],
  usage: "[OPTIONS] [SERVICE...]",
  about: "Create and start containers",
  flags: [
    flag("build", "", "bool", "Build images before starting containers"),
    flag("detach", "d", "bool", "Detached mode: Run containers in the background"),
    flag("force-recreate", "", "bool", "Recreate containers even if their configuration and image haven't changed"),
    flag("no-deps", "", "bool", "Don't start linked services"),
    flag("no-recreate", "", "bool", "If containers already exist, don't recreate them"),
    flag("no-start", "", "bool", "Don't start the services after creating them"),
    flag("remove-orphans", "", "bool", "Remove containers for services not defined in the Compose file"),
    flag("scale", "", "list", "Scale SERVICE to NUM instances"),
    timeoutFlag,
    flag("wait", "", "bool", "Wait for services to be running|healthy. Implies detached mode"),
  ],
  operands: [0, many],
  *run(it) {
    const project = yield* projectOf(it);
    const lost = yield* orphans(it, project);
    if (lost.length > 0 && !it.flags.flag("remove-orphans"))
      yield* it.tell(
        `WARN[0000] Found orphan containers ([${lost.map(({ name }) => name).join(" ")}]) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.\n`,
      );
    if (it.flags.flag("remove-orphans"))
      for (const one of lost) {
        yield* stopMember(it, one, it.flags.number("timeout"));
        yield* removeMember(it, one);
      }
    yield* up(it, project, optionsOf(it));
    if (it.flags.flag("wait")) return yield* waitForAll(it, project);
    if (it.flags.flag("detach") || it.flags.flag("no-start")) return 0;
    return yield* watchAll(it, project);
  },
};

/** Until everything that has a health check is healthy. */
function* waitForAll(it: Context, project: Project): Activity<number> {
  for (const { name, healthcheck } of selected(project, it.args, true))
    if (healthcheck !== undefined && healthcheck.Test[0] !== "NONE")
      yield* awaitCondition(it, project, name, "service_healthy");
  return 0;
}

/** Shows what all write until all have ended, or until it is interrupted, which stops them. */
function* watchAll(it: Context, project: Project): Activity<number> {
  let interrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    yield* it.sys.rt_sigaction(signal, function* () {
      interrupted = true;
      yield* it.tell("Gracefully stopping... (press Ctrl+C again to force)\n");
    });
  const all = yield* chosen(it, project);
  yield* it.tell(`Attaching to ${all.map(({ service, number }) => `${service}-${number}`).join(", ")}\n`);
  const options = { follow: true, tail: "all", timestamps: false, prefix: true, tellEnds: true };
  yield* printLogs(it, all, { ...options, stopped: () => interrupted });
  if (!interrupted) return 0;
  for (const one of (yield* chosen(it, project)).reverse()) yield* stopMember(it, one, it.flags.number("timeout"));
  return 130;
}

const down: DockerCommand = {
  paths: ["compose down"],
  usage: "[OPTIONS] [SERVICES]",
  about: "Stop and remove containers, networks",
  flags: [
    flag("remove-orphans", "", "bool", "Remove containers for services not defined in the Compose file"),
    flag("rmi", "", "string", 'Remove images used by services ("local"|"all")'),
    timeoutFlag,
    flag("volumes", "v", "bool", "Remove named volumes declared in the file, and anonymous ones"),
  ],
  operands: [0, many],
  *run(it) {
    const project = yield* projectOf(it);
    const { flags } = it;
    const order = project.services.map(({ name }) => name);
    const all = (yield* members(it, project)).filter(
      (one) => order.includes(one.service) || flags.flag("remove-orphans"),
    );
    const asked = all.filter((one) => it.args.length === 0 || it.args.includes(one.service));
    // What depends on others goes first.
    asked.sort((a, b) => order.indexOf(b.service) - order.indexOf(a.service) || b.number - a.number);
    for (const one of asked) {
      const grace = project.services.find(({ name }) => name === one.service)?.stopGracePeriod;
      yield* stopMember(it, one, flags.number("timeout") ?? grace);
      yield* removeMember(it, one, flags.flag("volumes"));
    }
    if (it.args.length > 0) return 0;
    const gone = function* (kind: string, name: string, path: string): Activity<undefined> {
      if (!(yield* exists(it, kind === "Image" ? `${path}/json` : path))) return undefined;
      yield* report(it, kind, name, "Removing");
      yield* it.client.ask("DELETE", path);
      return yield* report(it, kind, name, "Removed");
    };
    if (flags.has("rmi"))
      for (const { image, build } of project.services)
        if (flags.text("rmi") === "all" || build !== undefined) yield* gone("Image", image, `/images/${image}`);
    for (const { name, external } of Object.values(project.networks))
      if (!external) yield* gone("Network", name, `/networks/${name}`);
    if (flags.flag("volumes"))
      for (const { name, external } of Object.values(project.volumes))
        if (!external) yield* gone("Volume", name, `/volumes/${name}`);
    return 0;
  },
};

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
    const isTerminal = !("code" in Object(yield* attempt(it.sys.ioctl(0, "TCGETS"))));
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
