import type { Activity } from "../../core/index.js";
import { attempt, Errno, type Kernel, type Program, type Sys } from "../../os/index.js";
import { encode, writeAll } from "../../userland/index.js";
import { installPackage } from "../runtime/package.js";
import { CliError, DockerClient } from "./client.js";
import { runCommand, type DockerCommand } from "./command.js";
import { build } from "./commands/build.js";
import { composeCommands, composeFlags } from "./compose/commands.js";
import { copy } from "./commands/copy.js";
import { diskCommands } from "./commands/disk-usage.js";
import { exec, logs } from "./commands/exec.js";
import { imageCommands } from "./commands/images.js";
import { inspectCommands } from "./commands/inspect.js";
import { lifecycleCommands } from "./commands/lifecycle.js";
import { networkCommands } from "./commands/networks.js";
import { ps } from "./commands/ps.js";
import { attach, create, run } from "./commands/run.js";
import { stats } from "./commands/stats.js";
import { clientVersion, systemCommands } from "./commands/system.js";
import { transferCommands } from "./commands/transfers.js";
import { volumeCommands } from "./commands/volumes.js";
import { describeFlags, flag, parseFlags, type Flag } from "./flags.js";

const commands: readonly DockerCommand[] = [
  ...[attach, build, copy, create, exec, logs, ps, run, stats],
  ...lifecycleCommands,
  ...imageCommands,
  ...transferCommands,
  ...inspectCommands,
  ...networkCommands,
  ...volumeCommands,
  ...systemCommands,
  ...diskCommands,
  ...composeCommands,
];

/** Nouns whose verbs are commands. */
const groups: Readonly<Record<string, string>> = {
  builder: "Manage builds",
  compose: "Docker Compose",
  container: "Manage containers",
  image: "Manage images",
  network: "Manage networks",
  system: "Manage Docker",
  volume: "Manage volumes",
};

const byPath: ReadonlyMap<string, DockerCommand> = new Map(
  commands.flatMap((command) => command.paths.map((path) => [path, command] as const)),
);

const globalFlags: readonly Flag[] = [
  flag("config", "", "string", "Location of client config files", '"/root/.docker"'),
  flag("context", "c", "string", "Name of the context to use to connect to the daemon"),
  flag("debug", "D", "bool", "Enable debug mode"),
  flag("host", "H", "list", "Daemon socket(s) to connect to"),
  flag("log-level", "l", "string", "Set the logging level", '"info"'),
  flag("version", "v", "bool", "Print version information and quit"),
];

const padded = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([name]) => name.length)) + 3;
  return rows.map(([name, about]) => `  ${name.padEnd(width - 1)}${about}\n`).join("");
};

/** The verbs of a group, or the commands that stand alone, each once and by its first name. */
function verbsOf(group: string): (readonly [string, string])[] {
  const depth = group === "" ? 1 : 2;
  return commands
    .flatMap(({ paths, about }) => {
      const own = paths.find(
        (path) => path.split(" ").length === depth && (group === "" || path.startsWith(`${group} `)),
      );
      return own === undefined ? [] : [[own.split(" ").at(-1) ?? "", about.split("\n")[0] ?? ""] as const];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function help(): string {
  return (
    "\nUsage:  docker [OPTIONS] COMMAND\n\nA self-sufficient runtime for containers\n\n" +
    `Options:\n${describeFlags(globalFlags)}\n` +
    `Management Commands:\n${padded(Object.entries(groups))}\n` +
    `Commands:\n${padded(verbsOf(""))}\n` +
    "Run 'docker COMMAND --help' for more information on a command.\n"
  );
}

function groupHelp(group: string): string {
  const about = groups[group] ?? "";
  return (
    `\nUsage:  docker ${group} COMMAND\n\n${about}\n\nCommands:\n${padded(verbsOf(group))}\n` +
    `Run 'docker ${group} COMMAND --help' for more information on a command.\n`
  );
}

/** Which command words name, and what is left of them. @throws CliError where there is none */
function find(words: readonly string[]): {
  readonly command: DockerCommand;
  readonly path: string;
  readonly rest: readonly string[];
} {
  const [first = "", second = ""] = words;
  if (first in groups) {
    const path = `${first} ${second}`;
    const command = byPath.get(path);
    if (command !== undefined) return { command, path, rest: words.slice(2) };
    if (second.startsWith("-"))
      throw new CliError(
        `unknown ${second.startsWith("--") ? `flag: ${second}` : `shorthand flag: '${second[1] ?? ""}' in ${second}`}\nSee 'docker ${first} --help'.`,
        125,
      );
    throw new CliError(groupHelp(first).trimEnd());
  }
  const command = byPath.get(first);
  if (command === undefined) throw new CliError(`docker: '${first}' is not a docker command.\nSee 'docker --help'`);
  return { command, path: first, rest: words.slice(1) };
}

/** What stands between `compose` and its verb, as the variables that mean the same. @throws CliError */
function composeSettings(words: readonly string[]): {
  readonly words: readonly string[];
  readonly env: readonly string[];
} {
  try {
    const flags = parseFlags(
      composeFlags.map(([one]) => one),
      words,
      false,
    );
    const env = composeFlags.flatMap(([{ name }, variable, separator]) =>
      flags.has(name) ? [`${variable}=${flags.all(name).join(separator)}`] : [],
    );
    return { words: flags.operands, env };
  } catch (error) {
    if (error instanceof CliError) throw new CliError(`${error.message}\nSee 'docker compose --help'.`, 16);
    throw error;
  }
}

function* main(sys: Sys, argv: readonly string[], env: readonly string[]): Activity<number> {
  const say = (text: string): Activity<undefined> => writeAll(sys, 1, encode(text));
  const variable = (name: string): string | undefined =>
    env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  const words = argv.slice(1);
  let flags: ReturnType<typeof parseFlags>;
  try {
    flags = parseFlags([...globalFlags, { name: "help", kind: "bool", help: "" }], words, false);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError(`${error.message}\nSee 'docker --help'.\n${help()}`.trimEnd(), 125);
  }
  const { operands } = flags;
  if (flags.flag("version")) {
    yield* say(`Docker version ${clientVersion}, build virtlab\n`);
    return 0;
  }
  const asked = operands[0] === "help" ? operands.slice(1) : operands;
  const [first] = asked;
  if (first === undefined || (operands[0] === "help" && first in groups && asked.length === 1)) {
    yield* say(first === undefined ? help() : groupHelp(first));
    return 0;
  }
  if (first in groups && (asked.length === 1 || asked[1] === "--help")) {
    // A noun alone is help that nobody asked for.
    const text = groupHelp(first);
    yield* writeAll(sys, asked.length === 1 ? 2 : 1, encode(text));
    return 0;
  }
  if (operands[0] === "help" && !(first in groups) && !byPath.has(first))
    throw new CliError(`unknown help topic: ${first}`);
  const compose = first === "compose" ? composeSettings(asked.slice(1)) : undefined;
  const { command, path, rest } = find(compose === undefined ? asked : ["compose", ...compose.words]);
  const host = flags.text("host") ?? variable("DOCKER_HOST") ?? "unix:///var/run/docker.sock";
  const client = new DockerClient(sys, host);
  return yield* runCommand(command, `docker ${path}`, operands[0] === "help" ? ["--help"] : rest, {
    client,
    env: [...(compose?.env ?? []), ...env],
  });
}

/** docker(1): the client's program. It knows nothing of the engine but the socket that it listens at. */
const dockerProgram: Program<Sys> = {
  name: "docker",
  memory: 30_000_000,
  *main(sys, argv, env) {
    try {
      return yield* main(sys, argv, env);
    } catch (error) {
      if (error instanceof CliError) {
        yield* attempt(writeAll(sys, 2, encode(`${error.message}\n`)));
        return error.status;
      }
      // What a command doesn't expect: mostly an output that takes no more.
      if (!(error instanceof Errno)) throw error;
      yield* attempt(writeAll(sys, 2, encode(`docker: ${error.message}\n`)));
      return 1;
    }
  },
};

/** Installs the client on a running kernel: /usr/bin/docker. */
export function* installDockerClient(sys: Sys, kernel: Kernel): Activity<undefined> {
  kernel.install(dockerProgram);
  return yield* installPackage(sys, { programs: ["/usr/bin/docker"], files: {}, directories: [] });
}
