/** `docker compose up` and `down`. */
import type { Activity } from "../../../core/index.js";
import type { Context, DockerCommand } from "../command.js";
import { flag } from "../flags.js";
import { chosen, many, optionsOf, projectOf, timeoutFlag } from "./asked.js";
import { exists, members, removeMember, report, stopMember, type Member } from "./containers.js";
import { printLogs } from "./logs.js";
import type { Project } from "./project.js";
import { awaitCondition, selected, up } from "./up.js";

/** Containers of services that the file doesn't have any more. */
function* orphans(it: Context, project: Project): Activity<Member[]> {
  const names = project.services.map(({ name }) => name);
  return (yield* members(it, project)).filter(({ service }) => !names.includes(service));
}

export const upCommand: DockerCommand = {
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
  // Told by a signal's handler, between one step and the next.
  const seen = { interrupted: false };
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    yield* it.sys.rt_sigaction(signal, function* () {
      seen.interrupted = true;
      yield* it.tell("Gracefully stopping... (press Ctrl+C again to force)\n");
    });
  const all = yield* chosen(it, project);
  yield* it.tell(`Attaching to ${all.map(({ service, number }) => `${service}-${number}`).join(", ")}\n`);
  const options = { follow: true, tail: "all", timestamps: false, prefix: true, tellEnds: true };
  yield* printLogs(it, all, { ...options, stopped: () => seen.interrupted });
  if (!seen.interrupted) return 0;
  for (const one of (yield* chosen(it, project)).reverse()) yield* stopMember(it, one, it.flags.number("timeout"));
  return 130;
}

export const down: DockerCommand = {
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
