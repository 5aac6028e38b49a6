import { hearClusters, k8s, UsageError } from "../../sim/lab/index.js";
import { defineMagic } from "./magic.js";

/**
 * `%%kubectl`: the cell is command lines of kubectl, one below the other, for the cluster that was made last; with words behind the magic it
 * is one command, and the cell is what that reads: `%%kubectl apply -f -`. Behind a command that fails none is run; its exit status
 * is printed, and the cell doesn't fail: lessons ask for refusals.
 * @returns what gives the cluster that was made last
 */
export function defineKubectl(): () => k8s.Cluster | undefined {
  let last: k8s.Cluster | undefined;
  hearClusters((cluster) => {
    last = cluster;
  });
  defineMagic({
    name: "kubectl",
    kind: "cell",
    usage: "[COMMAND …]",
    help: "Runs the cell's lines as kubectl commands on the cluster that was made last; with a command behind it, the cell is its input.",
    language: "shell",
    run(args, body) {
      if (last === undefined)
        throw new UsageError(
          "%%kubectl has no cluster to ask",
          'Make one in a cell before: import { lab } from "virtlab"; lab().kubernetes();',
        );
      for (const { words, stdin } of args.length > 0
        ? [{ words: args, stdin: body.replace(/^\s*\n/, "") }]
        : commandLines(body)) {
        const { stdout, stderr, output, status } = k8s.runKubectl(last, words, { stdin });
        if (status === 0 && stderr === "") process.stdout.write(stdout);
        else process.stdout.write(output);
        if (status === 0) continue;
        process.stdout.write(`\u001b[1;31mkubectl ${words[0] ?? ""}: exit status ${status}\u001b[22;39m\n`);
        return;
      }
    },
  });
  return () => last;
}

interface Line {
  readonly words: readonly string[];
  readonly stdin: string;
}

/** Lines as words: quotes hold together, a backslash goes on below, `#` begins a comment, and a word `kubectl` before them may stand or not. */
function commandLines(body: string): readonly Line[] {
  const lines = body.replace(/\\\n/g, " ").split("\n");
  return lines.flatMap((line): Line[] => {
    const found = line.match(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+/g) ?? [];
    const comment = found.findIndex((word) => word.startsWith("#"));
    const words = (comment < 0 ? found : found.slice(0, comment)).map(unquoted);
    const own = words[0] === "kubectl" ? words.slice(1) : words;
    return own.length === 0 ? [] : [{ words: own, stdin: "" }];
  });
}

const unquoted = (word: string): string =>
  word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g, (_, double?: string, single?: string, escaped?: string) =>
    double === undefined ? (single ?? escaped ?? "") : double.replace(/\\(["\\$`])/g, "$1"),
  );
