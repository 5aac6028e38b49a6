import { UsageError, type Activity } from "../../core/index.js";
import { attempt, describeStatus, Errno, O_RDWR, type Sys } from "../../os/index.js";
import { Failure, type Command, type Invocation } from "../../userland/index.js";
import { removeTree } from "../image/unpack.js";
import { enterContainer } from "../runtime/birth.js";
import { cgroupDirectory, processesOf } from "../runtime/cgroup.js";
import { listDirectory, makeDirectories } from "../runtime/files.js";
import { poweroffSignal, runMachine } from "./machine.js";
import { demandMachine, findMachine, machines, specOfMachine } from "./registry.js";
import { settingsOf } from "./settings.js";

const images = "/var/lib/machines";

const statusOf = (status: number): number => {
  const how = describeStatus(status);
  return "exited" in how ? how.exited : 128 + how.signal;
};

/** Tells mistakes with their mend. */
const told = (run: Command["run"]): Command["run"] =>
  function* (it) {
    try {
      return yield* run(it);
    } catch (error) {
      if (error instanceof UsageError) throw new Failure(`${error.message}\n${error.hint}`);
      throw error;
    }
  };

function* table(it: Invocation, rows: readonly (readonly string[])[]): Activity<number> {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  for (const row of rows)
    it.out.put(
      `${row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join(" ")
        .trimEnd()}\n`,
    );
  return 0;
}

/** Asks a machine to end, or has it: waits until it is gone, for a while. */
function* signalMachine(sys: Sys, name: string, signal: number | "SIGKILL"): Activity<number> {
  const { leader } = yield* demandMachine(sys, name);
  yield* sys.kill(leader, signal);
  return 0;
}

function* shell(it: Invocation, name: string, words: readonly string[]): Activity<number> {
  const { leader, group } = yield* demandMachine(it.sys, name);
  const spec = yield* specOfMachine(it.sys, name);
  // A group of its own: a payload's that has groups below takes no process.
  const cgroup = `${group}/machine-shell`;
  yield* makeDirectories(it.sys, cgroupDirectory(cgroup));
  const args = words.length > 0 ? words : ["/bin/sh"];
  const { pid } = yield* enterContainer(it.sys, { spec, pid: leader, cgroup }, { ...spec.process, args });
  return statusOf((yield* it.sys.wait4(pid))?.status ?? 0);
}

/** Starts one of /var/lib/machines as the unit systemd-nspawn@.service does: booted, with users and a network of its own. */
function* start(it: Invocation, name: string): Activity<number> {
  if ((yield* attempt(it.sys.stat(`${images}/${name}`))) instanceof Errno)
    throw new UsageError(`No image '${name}' known`, `Put a tree to ${images}/${name}.`);
  yield* it.sys.clone(function* (child) {
    yield* child.setsid();
    const nowhere = yield* child.open("/dev/null", O_RDWR);
    for (const fd of [0, 1, 2]) yield* child.dup2(nowhere, fd);
    const argv = ["systemd-nspawn", "--boot", "--network-veth", "-U", `--machine=${name}`];
    yield* child.execve("/usr/bin/systemd-nspawn", argv, it.env);
  });
  return 0;
}

function* machinectl(it: Invocation): Activity<number> {
  const [verb = "list", name = "", ...words] = it.operands;
  if (!["list", "list-images"].includes(verb) && name === "") throw new Failure("Too few arguments.");
  switch (verb) {
    case "list": {
      const all = yield* machines(it.sys);
      const rows = all.map((one) => [one.name, "container", "systemd-nspawn", String(one.leader)]);
      yield* table(it, [["MACHINE", "CLASS", "SERVICE", "LEADER"], ...rows]);
      it.out.put(`\n${all.length} machines listed.\n`);
      return 0;
    }
    case "list-images": {
      const names = yield* attempt(listDirectory(it.sys, images));
      return yield* table(it, [
        ["NAME", "TYPE"],
        ...(names instanceof Errno ? [] : names.sort()).map((one) => [one, "directory"]),
      ]);
    }
    case "status": {
      const { leader, root, group, shift } = yield* demandMachine(it.sys, name);
      const tasks = yield* processesOf(it.sys, group);
      const below = yield* attempt(listDirectory(it.sys, cgroupDirectory(group)));
      it.out.put(
        `${name}\n      Leader: ${leader}\n     Service: systemd-nspawn; class container\n        Root: ${root}\n        Unit: ${group}\n`,
      );
      if (shift !== undefined) it.out.put(`   UID Shift: ${shift}\n`);
      const groups = below instanceof Errno ? [] : below.filter((one) => /\.(slice|scope|service)$/.test(one));
      it.out.put(`      Groups: ${[...groups, ...(tasks.length > 0 ? [`${tasks.length} tasks`] : [])].join(", ")}\n`);
      return 0;
    }
    case "shell":
      return yield* shell(it, name, words);
    case "start":
      return yield* start(it, name);
    case "poweroff":
      return yield* signalMachine(it.sys, name, poweroffSignal);
    case "reboot":
      return yield* signalMachine(it.sys, name, 39);
    case "terminate":
      return yield* signalMachine(it.sys, name, "SIGKILL");
    case "remove":
      if ((yield* findMachine(it.sys, name)) !== undefined) throw new Failure(`Machine '${name}' is running.`);
      yield* removeTree(it.sys, `${images}/${name}`);
      return 0;
    default:
      throw new Failure(`Unknown command verb '${verb}'.`);
  }
}

export const nspawnCommands: readonly Command[] = [
  {
    name: "systemd-nspawn",
    usage: ["[OPTIONS...] [PATH] [ARGUMENTS...]"],
    about: "Spawn a command or OS in a light-weight container.",
    options: [
      { short: "D", long: "directory", argument: "PATH", help: "root directory for the container" },
      { short: "M", long: "machine", argument: "NAME", help: "set the machine name" },
      { short: "b", long: "boot", help: "boot up full system" },
      { short: "x", long: "ephemeral", help: "run container with a snapshot of the root directory" },
      { short: "n", long: "network-veth", help: "add a virtual Ethernet connection" },
      { long: "network-bridge", argument: "INTERFACE", help: "the same, attached to a bridge" },
      { long: "private-network", help: "disable network in the container" },
      { long: "bind", argument: "PATH[:PATH]", help: "bind mount a file or directory" },
      { long: "bind-ro", argument: "PATH[:PATH]", help: "the same, read-only" },
      { short: "U", help: "run within a user namespace, with ids that are free" },
      { long: "private-users", argument: "BASE", help: "the same, with these ids" },
      { long: "capability", argument: "CAP", help: "retain a capability in addition" },
      { long: "drop-capability", argument: "CAP", help: "drop a capability" },
      { short: "E", long: "setenv", argument: "NAME=VALUE", help: "pass an environment variable" },
      { long: "hostname", argument: "NAME", help: "override the hostname" },
      { long: "read-only", help: "mount the root directory read-only" },
      { long: "property", argument: "NAME=VALUE", help: "set a property of the machine's unit" },
    ],
    posix: true,
    run: told(function* (it) {
      return statusOf(yield* runMachine(it.sys, settingsOf(it)));
    }),
  },
  {
    name: "machinectl",
    usage: ["[OPTIONS...] COMMAND ..."],
    about: "Send control commands to virtual machines and containers.",
    options: [],
    posix: true,
    run: told(machinectl),
  },
];
