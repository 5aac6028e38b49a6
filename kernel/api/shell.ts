import { describeEnd, formatDuration, hearHosts, UsageError, type Linux } from "../../sim/lab/index.js";
import { defineMagic } from "./magic.js";

/** How many hosts are held beside the last one: enough for any lesson, few enough to be forgotten. */
const held = 64;

/**
 * `%%sh`: the cell is a script that runs on the Linux that was made last, or on the one that `--on` names. What it prints
 * is the cell's output, as it comes; a line behind it names the host, the exit status and the virtual time. A status other
 * than 0 fails no cell: it is what a command said, and lessons ask for such.
 */
export function defineShell(): void {
  /** By name, the last one made at the end. */
  const hosts = new Map<string, Linux>();
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
      const host = chosen(hosts, args);
      const result = host.sh(body, {
        hear: (stream, bytes) => {
          process[stream].write(bytes);
        },
      });
      const { output, status, took } = result;
      if (output !== "" && !output.endsWith("\n")) process.stdout.write("\n");
      const ended = `${host.name}: ${describeEnd(status)}, ${formatDuration(took)}\n`;
      process.stdout.write(status === 0 ? `\u001b[2m${ended}\u001b[22m` : `\u001b[1;31m${ended}\u001b[22;39m`);
    },
  });
}

/** @throws UsageError where there is no such host */
function chosen(hosts: ReadonlyMap<string, Linux>, args: readonly string[]): Linux {
  const [word, name, ...more] = args[0]?.startsWith("--on=") === true ? ["--on", args[0].slice(5)] : args;
  if ((word !== undefined && word !== "--on") || more.length > 0 || (word !== undefined && name === undefined)) {
    throw new UsageError(`%%sh doesn't understand "${args.join(" ")}"`, "It takes a host's name: %%sh --on web.");
  }
  const last = [...hosts.values()].at(-1);
  if (last === undefined) {
    throw new UsageError(
      "%%sh has no host to run on",
      'Make one in a cell before: import { lab } from "virtlab"; lab().linux();',
    );
  }
  if (name === undefined) return last;
  const host = hosts.get(name);
  if (host !== undefined) return host;
  throw new UsageError(`there is no host "${name}"`, `There are: ${[...hosts.keys()].join(", ")}.`);
}
