import { rfc3339, s, UsageError, type Activity } from "../../core/index.js";
import { attempt, describeStatus, type Sys } from "../../os/index.js";
import { Failure, type Command, type Invocation } from "../../userland/index.js";
import { cgroupDirectory } from "../runtime/cgroup.js";
import { readText, readTextIfThere, writeText } from "../runtime/files.js";
import {
  attach,
  configFile,
  defaultPath,
  demandDefined,
  initOf,
  payloadGroup,
  setFrozen,
  specOf,
  stateOf,
  waitFor,
  type Place,
} from "./client.js";
import { readConfiguration } from "./configuration.js";
import {
  copyContainer,
  destroyContainer,
  listSnapshots,
  removeSnapshot,
  restoreSnapshot,
  takeSnapshot,
} from "./copying.js";
import { info, list } from "./listing.js";
import { startContainer } from "./monitor.js";
import { createContainer } from "./template.js";

const nameOption = { short: "n", long: "name", argument: "NAME", help: "NAME of the container" };
const pathOption = { short: "P", long: "lxcpath", argument: "PATH", help: "use another container path" };

/** Which container is meant: by -n, or by the first operand. */
function placeOf(it: Invocation): Place {
  const name = it.value("n") ?? it.operands[0];
  if (name === undefined) throw new Failure("No container name specified");
  return { lxcPath: it.value("P") ?? defaultPath, name };
}

/** Operands that are left behind a name that was one of them. */
function rest(it: Invocation): readonly string[] {
  const words = it.value("n") === undefined ? it.operands.slice(1) : it.operands;
  return words[0] === "--" ? words.slice(1) : words;
}

/** A command whose mistakes are told as LXC's tools tell theirs, with the mend. */
function lxcCommand(command: Command): Command {
  return {
    ...command,
    options: [...(command.name === "lxc-ls" ? [] : [nameOption]), pathOption, ...command.options],
    *run(it) {
      try {
        return yield* command.run(it);
      } catch (error) {
        if (error instanceof UsageError) throw new Failure(`${error.message}\n${error.hint}`);
        throw error;
      }
    },
  };
}

const statusOf = (status: number): number => {
  const how = describeStatus(status);
  return "exited" in how ? how.exited : 128 + how.signal;
};

/** Pid 1 blocks SIGRTMIN+3 where it is a systemd: then that is how it is asked to end, as LXC finds out. */
function* haltSignal(sys: Sys, init: number, configured: number | undefined): Activity<number> {
  if (configured !== undefined) return configured;
  const blocked = /SigBlk:\s*([0-9a-f]+)/.exec(yield* readText(sys, `/proc/${init}/status`))?.[1] ?? "0";
  return ((BigInt(`0x${blocked}`) >> 36n) & 1n) === 1n ? 37 : 30;
}

function* stop(it: Invocation): Activity<number> {
  const place = placeOf(it);
  yield* demandDefined(it.sys, place);
  if ((yield* stateOf(it.sys, place)) === "STOPPED") throw new Failure(`${place.name} is not running`);
  const init = yield* initOf(it.sys, place);
  if (it.has("k")) yield* it.sys.kill(init, "SIGKILL");
  else {
    const { haltSignal: configured } = yield* readConfiguration(it.sys, configFile(place.lxcPath, place.name));
    if ((yield* stateOf(it.sys, place)) === "FROZEN") yield* setFrozen(it.sys, place, false);
    yield* it.sys.kill(init, it.has("r") ? 39 : yield* haltSignal(it.sys, init, configured));
    if (it.has("r")) return 0;
    const limit = s(Number(it.value("t") ?? 60));
    if (yield* waitFor(it.sys, place, ["STOPPED"], limit)) return 0;
    if (it.has("nokill")) return 1;
    yield* attempt(it.sys.kill(init, "SIGKILL"));
  }
  yield* waitFor(it.sys, place, ["STOPPED"]);
  return 0;
}

function* attachCommand(it: Invocation): Activity<number> {
  const place = placeOf(it);
  yield* demandDefined(it.sys, place);
  const words = rest(it);
  const args = words.length > 0 ? words : ["/bin/sh"];
  const { process } = yield* specOf(it.sys, place);
  const kept = it.has("clear-env") ? [] : it.env.filter((entry) => !entry.startsWith("PATH="));
  const path = process.env.filter((entry) => entry.startsWith("PATH="));
  const env = [...path, ...kept, ...it.values("v"), "container=lxc"];
  const pid = yield* attach(it.sys, place, { ...process, args, env, cwd: "/" });
  return statusOf((yield* it.sys.wait4(pid))?.status ?? 0);
}

function* start(it: Invocation): Activity<number> {
  const place = placeOf(it);
  yield* demandDefined(it.sys, place);
  if ((yield* stateOf(it.sys, place)) !== "STOPPED") throw new Failure("Container is already running");
  const configuration = yield* readConfiguration(it.sys, it.value("f") ?? configFile(place.lxcPath, place.name));
  const args = rest(it);
  const foreground = it.has("F");
  const monitor = yield* startContainer(it.sys, {
    ...place,
    configuration,
    foreground,
    ...(args.length > 0 && { args }),
  });
  if (!foreground) return 0;
  return statusOf((yield* it.sys.wait4(monitor))?.status ?? 0);
}

/** lxc-execute: one application under a small init that passes signals on and takes in orphans. */
function* execute(it: Invocation): Activity<number> {
  const place = placeOf(it);
  const defined = yield* readConfiguration(it.sys, it.value("f") ?? configFile(place.lxcPath, place.name));
  const words = rest(it);
  if (words.length === 0) throw new Failure("missing command to execute");
  const configuration = { ...defined, mounts: [...defined.mounts, "/usr/sbin/init.lxc sbin/init.lxc none bind,ro"] };
  const args = ["/sbin/init.lxc", "--", ...words];
  const monitor = yield* startContainer(it.sys, { ...place, configuration, args, foreground: true });
  return statusOf((yield* it.sys.wait4(monitor))?.status ?? 0);
}

function* create(it: Invocation): Activity<number> {
  const place = placeOf(it);
  yield* createContainer(it.sys, {
    ...place,
    template: it.value("t") ?? "none",
    from: it.value("f") ?? "/etc/lxc/default.conf",
  });
  return 0;
}

function* copy(it: Invocation): Activity<number> {
  const place = placeOf(it);
  const name = it.value("N");
  if (name === undefined) throw new Failure("missing new name: -N NAME");
  yield* copyContainer(it.sys, place, { lxcPath: it.value("p") ?? place.lxcPath, name }, it.has("s"));
  return 0;
}

function* snapshot(it: Invocation): Activity<number> {
  const place = placeOf(it);
  yield* demandDefined(it.sys, place);
  const [restored, deleted] = [it.value("r"), it.value("d")];
  if (it.has("L")) {
    for (const [name, at] of yield* listSnapshots(it.sys, place)) it.out.put(`${name} ${rfc3339(at / 1e9)}\n`);
  } else if (restored !== undefined) yield* restoreSnapshot(it.sys, place, restored, it.value("N") ?? place.name);
  else if (deleted !== undefined) yield* removeSnapshot(it.sys, place, deleted);
  else yield* takeSnapshot(it.sys, place);
  return 0;
}

function* destroy(it: Invocation): Activity<number> {
  const place = placeOf(it);
  yield* demandDefined(it.sys, place);
  if ((yield* stateOf(it.sys, place)) !== "STOPPED") {
    if (!it.has("f")) throw new Failure(`${place.name} is running`);
    yield* it.sys.kill(yield* initOf(it.sys, place), "SIGKILL");
    yield* waitFor(it.sys, place, ["STOPPED"]);
  }
  yield* destroyContainer(it.sys, place, it.has("s"));
  it.out.put(`Destroyed container ${place.name}\n`);
  return 0;
}

function* cgroup(it: Invocation): Activity<number> {
  const place = placeOf(it);
  const [file, value] = rest(it);
  if (file === undefined) throw new Failure("missing state object");
  yield* initOf(it.sys, place);
  const path = `${cgroupDirectory(payloadGroup(place.name))}/${file}`;
  if (value !== undefined) yield* writeText(it.sys, path, value);
  else it.out.put((yield* readTextIfThere(it.sys, path)) ?? "");
  return 0;
}

const word = (
  name: string,
  usage: string,
  about: string,
  options: Command["options"],
  run: Command["run"],
  posix = false,
): Command => lxcCommand({ name, usage: [usage], about, options, run, posix });

const file = { short: "f", long: "rcfile", argument: "FILE", help: "load configuration file FILE" };

export const lxcCommands: readonly Command[] = [
  word(
    "lxc-create",
    "--name=NAME [-f FILE] -t TEMPLATE",
    "Create a container.",
    [
      { short: "f", long: "config", argument: "CONFIG", help: "initial configuration file" },
      { short: "t", long: "template", argument: "TEMPLATE", help: "template to use to set up the container" },
    ],
    create,
  ),
  word(
    "lxc-start",
    "--name=NAME [-- COMMAND]",
    "Start COMMAND in the container NAME.",
    [
      file,
      { short: "d", long: "daemon", help: "daemonize the container (default)" },
      { short: "F", long: "foreground", help: "start with the current streams" },
    ],
    start,
    true,
  ),
  word(
    "lxc-stop",
    "--name=NAME",
    "Stop the container NAME.",
    [
      { short: "r", long: "reboot", help: "reboot the container" },
      { short: "t", long: "timeout", argument: "T", help: "wait T seconds before hard-stopping" },
      { short: "k", long: "kill", help: "kill container rather than request clean shutdown" },
      { long: "nokill", help: "only request clean shutdown" },
    ],
    stop,
  ),
  word(
    "lxc-ls",
    "[-f]",
    "List containers.",
    [
      { short: "f", long: "fancy", help: "use a fancy, column-based output" },
      { short: "F", long: "fancy-format", argument: "COLUMNS", help: "comma separated list of columns to show" },
      { short: "1", help: "show one entry per line" },
      { long: "running", help: "list only running containers" },
      { long: "stopped", help: "list only stopped containers" },
      { long: "frozen", help: "list only frozen containers" },
    ],
    list,
  ),
  word(
    "lxc-info",
    "--name=NAME",
    "Display some information about a container.",
    [{ short: "s", long: "state", help: "show the state of the container" }],
    (it) => info(it, placeOf(it)),
  ),
  word(
    "lxc-attach",
    "--name=NAME [-- COMMAND]",
    "Execute COMMAND in the running container NAME.",
    [
      { long: "clear-env", help: "clear all environment variables before attaching" },
      { short: "v", long: "set-var", argument: "VAR=VALUE", help: "set an environment variable" },
    ],
    attachCommand,
    true,
  ),
  word(
    "lxc-execute",
    "--name=NAME -- COMMAND",
    "Create the container NAME and execute COMMAND in it.",
    [file],
    execute,
    true,
  ),
  word("lxc-freeze", "--name=NAME", "Freeze a container.", [], function* (it) {
    yield* setFrozen(it.sys, placeOf(it), true);
    return 0;
  }),
  word("lxc-unfreeze", "--name=NAME", "Unfreeze a container.", [], function* (it) {
    yield* setFrozen(it.sys, placeOf(it), false);
    return 0;
  }),
  word(
    "lxc-wait",
    "--name=NAME --state=STATES",
    "Wait for a container to be in a state.",
    [
      { short: "s", long: "state", argument: "STATES", help: "states to wait for, separated by |" },
      { short: "t", long: "timeout", argument: "T", help: "seconds to wait" },
    ],
    function* (it) {
      const states = (it.value("s") ?? "").split("|");
      const limit = it.value("t");
      const reached = yield* waitFor(it.sys, placeOf(it), states, limit === undefined ? undefined : s(Number(limit)));
      return reached ? 0 : 1;
    },
  ),
  word("lxc-cgroup", "--name=NAME FILE [VALUE]", "Get or set a file of the container's control group.", [], cgroup),
  word(
    "lxc-copy",
    "--name=NAME --newname=NAME",
    "Copy a container.",
    [
      { short: "N", long: "newname", argument: "NAME", help: "name of the copy" },
      { short: "p", long: "newpath", argument: "PATH", help: "container path of the copy" },
      { short: "s", long: "snapshot", help: "make the copy an overlay over the original" },
    ],
    copy,
  ),
  word(
    "lxc-snapshot",
    "--name=NAME",
    "Snapshot a container.",
    [
      { short: "L", long: "list", help: "list all snapshots" },
      { short: "r", long: "restore", argument: "SNAP", help: "restore a snapshot" },
      { short: "N", long: "newname", argument: "NAME", help: "name of the restored container" },
      { short: "d", long: "destroy", argument: "SNAP", help: "destroy a snapshot" },
    ],
    snapshot,
  ),
  word(
    "lxc-destroy",
    "--name=NAME",
    "Destroy a container with its snapshots.",
    [
      { short: "f", long: "force", help: "stop the container first" },
      { short: "s", long: "snapshots", help: "destroy its snapshots, too" },
    ],
    destroy,
  ),
];
