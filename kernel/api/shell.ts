import type { k8s } from "../../sim/lab/index.js";
import { describeEnd, formatDuration, hearHosts, nodeHost, UsageError, type ShellHost } from "../../sim/lab/index.js";
import { defineMagic } from "./magic.js";

/** How many hosts are held beside the last one: enough for any lesson, few enough to be forgotten. */
const held = 64;

/**
 * The magics that run on a simulated Linux.
 *
 * `%%sh`: the cell is a script that runs on the Linux that was made last, or on the one that `--on` names. What it prints
 * is the cell's output, as it comes; a line behind it names the host, the exit status and the virtual time. A status other
 * than 0 fails no cell: it is what a command said, and lessons ask for such.
 *
 * The nodes of the cluster that was made last can be named too, where its containers have processes; node-1 is meant where there is no other Linux.
 *
 * `%%docker`: its lines are docker's command lines, with or without the word before them, on the last Linux on which Docker runs.
 */
export function defineShell(lastCluster: () => k8s.Cluster | undefined): void {
  /** By name, the last one made at the end. */
  const hosts = new Map<string, ShellHost>();
  hearHosts((host) => {
    hosts.delete(host.name);
    hosts.set(host.name, host);
    const [oldest] = hosts.keys();
    if (hosts.size > held && oldest !== undefined) hosts.delete(oldest);
  });
  defineMagic({
    name: "sh",
    kind: "cell",
    usage: "[--on NAME]",
    help: "Runs the cell as a shell script on the simulated Linux that was made last, or on the one of that hostname.",
    language: "shell",
    run(args, body) {
      runScript(nodeMeant(lastCluster(), hosts, args) ?? chosen("%%sh", [...hosts.values()], args), body);
    },
  });
  defineMagic({
    name: "docker",
    kind: "cell",
    usage: "[--on NAME]",
    help: "Runs each line of the cell as one of Docker's command lines, on the simulated Linux with Docker that was made last, or on the one of that hostname.",
    language: "shell",
    run(args, body) {
      const running = [...hosts.values()].filter((host) => host.runsDocker);
      runScript(chosen("%%docker", running, args), dockerScript(body));
    },
  });
}

/** The node of a cluster that `--on` names, or the first where there is no other host; undefined where no node is meant. */
function nodeMeant(
  cluster: k8s.Cluster | undefined,
  hosts: ReadonlyMap<string, ShellHost>,
  args: readonly string[],
): ShellHost | undefined {
  if (cluster?.areMachines !== true) return undefined;
  const alone = args.length === 0 && hosts.size === 0;
  const [, name = alone ? "node-1" : undefined] = /^--on[ =](node-\d+)$/.exec(args.join(" ")) ?? [];
  return name === undefined || hosts.has(name) ? undefined : nodeHost(cluster, name);
}

function runScript(host: ShellHost, script: string): void {
  const result = host.sh(script, {
    hear: (stream, bytes) => {
      process[stream].write(bytes);
    },
  });
  const { output, status, took } = result;
  if (output !== "" && !output.endsWith("\n")) process.stdout.write("\n");
  const ended = `${host.name}: ${describeEnd(status)}, ${formatDuration(took)}\n`;
  process.stdout.write(status === 0 ? `\u001b[2m${ended}\u001b[22m` : `\u001b[1;31m${ended}\u001b[22;39m`);
}

/** A cell of docker's command lines as a script: lines that go on, and here-documents, stay as they are. */
function dockerScript(body: string): string {
  let goesOn = false;
  let end: string | undefined;
  return body
    .split("\n")
    .map((line) => {
      if (end !== undefined) {
        if (line.trim() === end) end = undefined;
        return line;
      }
      const begins = !goesOn && !/^\s*(?:#|$|docker(?:\s|$))/.test(line);
      goesOn = line.endsWith("\\");
      end = /<<-?\s*['"]?(\w+)/.exec(line)?.[1];
      return begins ? `docker ${line.trimStart()}` : line;
    })
    .join("\n");
}

/**
 * @param hosts the last one made at the end
 * @throws UsageError where there is no such host
 */
function chosen(magic: "%%sh" | "%%docker", hosts: readonly ShellHost[], args: readonly string[]): ShellHost {
  const [word, name, ...more] = args[0]?.startsWith("--on=") === true ? ["--on", args[0].slice(5)] : args;
  if ((word !== undefined && word !== "--on") || more.length > 0 || (word !== undefined && name === undefined)) {
    throw new UsageError(
      `${magic} doesn't understand "${args.join(" ")}"`,
      `It takes a host's name: ${magic} --on web.`,
    );
  }
  const last = hosts.at(-1);
  if (last === undefined) {
    throw new UsageError(
      `${magic} has no host to run on`,
      `Make one in a cell before: import { lab } from "virtlab"; lab().linux()${magic === "%%sh" ? "" : ".docker()"};`,
    );
  }
  if (name === undefined) return last;
  const host = hosts.find((one) => one.name === name);
  if (host !== undefined) return host;
  const what = magic === "%%sh" ? "host" : "host with Docker";
  throw new UsageError(`there is no ${what} "${name}"`, `There are: ${hosts.map((one) => one.name).join(", ")}.`);
}
