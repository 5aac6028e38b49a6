import { MiB, s, type Bytes, type Nanos } from "../../../core/index.js";
import type { ContainerConfig, ExecResult, HttpProbe } from "../runtime.js";

/** What a container without processes does, as it is declared. */
export interface Behaviour {
  /** From its start until it listens on its ports. Default 0. */
  readonly startup?: Nanos;
  /** How long it runs by itself; without it, until it is stopped. */
  readonly runs?: Nanos;
  /** How it ends by itself. Default 0. */
  readonly exitCode?: number;
  /** From SIGTERM to its end; `never` where it doesn't hear it. Default 0. */
  readonly stops?: Nanos | "never";
  /** The memory that it uses; more than its limit ends it. Default 10 MiB. */
  readonly memory?: Bytes;
  /** How many processors it uses, so long after its start; asked whenever its use is read, and taken to hold since the last time. Default 0. */
  readonly cpu?: number | ((age: Nanos) => number);
  /** The disk that it fills. Default 0. */
  readonly disk?: Bytes;
  /** What it prints at its start. */
  readonly prints?: readonly string[];
  /** What it leaves as its last words (`terminationMessagePath`). */
  readonly message?: string;
  /** What a GET is answered with so long after its start. Default 200 where it listens. */
  readonly http?: (probe: HttpProbe, age: Nanos) => number;
  /** What a command in it does so long after its start. Default: it succeeds and prints nothing. */
  readonly exec?: (command: readonly string[], age: Nanos) => ExecResult & { readonly takes?: Nanos };
}

/** An image without layers: what its containers do, and what a pull of it takes. */
export interface HollowImage {
  /** Default 50 MiB. */
  readonly size?: Bytes;
  readonly behaviour?: Behaviour | ((container: ContainerConfig, attempt: number) => Behaviour);
}

export const assumedSize: Bytes = MiB(50);
export const assumedMemory: Bytes = MiB(10);

/**
 * What a command line does, of the few words that lessons and tests give to a shell: `sleep`, `echo`, `true`, `false`, `exit`, one
 * after another (`;`, `&&`). Whatever begins with another word runs until it is stopped.
 */
export function behaviourOf({ command, args }: Pick<ContainerConfig, "command" | "args">): Behaviour {
  const words = [...command, ...args];
  const shell = /(^|\/)(sh|bash|ash)$/.test(words[0] ?? "") && words[1] === "-c";
  if (!shell) return words.length === 0 ? {} : follow([words]);
  const lines = (words[2] ?? "").split(/;|&&|\n/).map((line) => line.trim());
  return follow(lines.filter((line) => line !== "").map((line) => line.split(/\s+/)));
}

function follow(lines: readonly (readonly string[])[]): Behaviour {
  const prints: string[] = [];
  let runs = 0;
  for (const [name = "", ...rest] of lines) {
    const word = name.replace(/^.*\//, "");
    if (word === "echo") prints.push(rest.join(" ").replace(/^(["'])(.*)\1$/, "$2"));
    else if (word === "sleep" && Number(rest[0]) >= 0) runs += Number(rest[0]);
    else if (word === "exit") return { prints, runs: s(runs), exitCode: Number(rest[0] ?? 0) & 255 };
    else if (word === "false") return { prints, runs: s(runs), exitCode: 1 };
    else if (word !== "true") return { prints };
  }
  return { prints, runs: s(runs), exitCode: 0 };
}
